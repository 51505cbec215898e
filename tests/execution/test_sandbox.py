"""The sandbox without a kernel: what is laid out, what is found, what lands."""

from pathlib import Path

import pytest

from stagebook.execution import sandbox
from stagebook.execution.sandbox import Sandbox


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path, text in {"data/in.csv": "1", "data/parts/a.csv": "2"}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def lay(root: Path, inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ()) -> Sandbox:
    return Sandbox.of(root, root / ".stagebook" / "executions" / "one", inputs, outputs).lay()


@pytest.mark.parametrize("confined", [True, False], ids=["linked", "copied"])
def test_an_input_is_there_and_counts_as_unchanged(
    root: Path, monkeypatch: pytest.MonkeyPatch, confined: bool
) -> None:
    monkeypatch.setattr(sandbox, "can_confine", lambda: confined)
    box = lay(root, ("data/in.csv", "data/parts"))
    assert (box.files / "data/in.csv").is_symlink() is confined
    assert (box.files / "data/parts/a.csv").read_text() == "2"
    assert box.changed_inputs() == ()


def test_writing_to_a_copied_input_is_found_and_leaves_the_original(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "can_confine", lambda: False)
    box = lay(root, ("data/in.csv", "data/parts"))
    (box.files / "data/parts/a.csv").write_text("changed")
    assert box.changed_inputs() == ("data/parts",)
    assert (root / "data/parts/a.csv").read_text() == "2"


def test_outputs_replace_files_and_folders_that_are_there(root: Path) -> None:
    box = lay(root, outputs=("data/in.csv", "data/parts"))
    (box.files / "data/in.csv").write_text("new")
    (box.files / "data/parts").mkdir()
    (box.files / "data/parts/b.csv").write_text("3")
    box.move_out(root)
    assert (root / "data/in.csv").read_text() == "new"
    assert [path.name for path in (root / "data/parts").iterdir()] == ["b.csv"]
    assert sorted(path.name for path in (root / "data").iterdir()) == ["in.csv", "parts"]


def test_if_one_output_cannot_land_none_does(root: Path) -> None:
    (root / "blocked").write_text("a file where a folder would have to be")
    box = lay(root, outputs=("data/in.csv", "blocked/out.csv"))
    (box.files / "data/in.csv").write_text("new")
    (box.files / "blocked/out.csv").write_text("new")
    with pytest.raises(OSError, match="blocked"):
        box.move_out(root)
    assert (root / "data/in.csv").read_text() == "1"
    assert sorted(path.name for path in (root / "data").iterdir()) == ["in.csv", "parts"]


def test_an_output_that_is_a_link_does_not_land(root: Path) -> None:
    box = lay(root, outputs=("data/out.csv",))
    (box.files / "data/out.csv").symlink_to(root / "data/in.csv")
    with pytest.raises(OSError, match="the output is a link"):
        box.move_out(root)
