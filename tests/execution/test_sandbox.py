"""The sandbox without a kernel: what is laid out, what is found, what lands."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import folders
import pytest

from stagebook.execution import sandbox, written_files
from stagebook.execution.declared_files import DeclaredFiles
from stagebook.execution.sandbox import Sandbox
from stagebook.execution.stamps import Alteration


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folders.write(tmp_path, {"data/in.csv": "1", "data/parts/a.csv": "2"})
    return tmp_path


def lay(root: Path, inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ()) -> Sandbox:
    return Sandbox.of(
        DeclaredFiles(root), root / ".stagebook" / "executions" / "one", inputs, outputs
    ).lay()


@pytest.mark.parametrize("confined", [True, False], ids=["linked", "copied"])
def test_an_input_is_there_and_counts_as_unchanged(
    root: Path, monkeypatch: pytest.MonkeyPatch, confined: bool
) -> None:
    monkeypatch.setattr(sandbox, "can_confine", lambda: confined)
    box = lay(root, ("data/in.csv", "data/parts"))
    assert (box.files / "data/in.csv").is_symlink() is confined
    assert (box.files / "data/parts/a.csv").read_text() == "2"
    assert box.alterations() == {}


def test_writing_to_a_copied_input_is_found_and_leaves_the_original(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "can_confine", lambda: False)
    box = lay(root, ("data/in.csv", "data/parts"))
    (box.files / "data/parts/a.csv").write_text("changed")
    assert box.alterations() == {"data/parts": Alteration.REPLACED}
    assert (root / "data/parts/a.csv").read_text() == "2"


def test_outputs_replace_files_and_folders_that_are_there(root: Path) -> None:
    box = lay(root, outputs=("data/in.csv", "data/parts"))
    (box.files / "data/in.csv").write_text("new")
    (box.files / "data/parts").mkdir()
    (box.files / "data/parts/b.csv").write_text("3")
    box.move_out()
    assert (root / "data/in.csv").read_text() == "new"
    assert [path.name for path in (root / "data/parts").iterdir()] == ["b.csv"]
    assert sorted(path.name for path in (root / "data").iterdir()) == ["in.csv", "parts"]


def test_if_one_output_cannot_land_none_does(root: Path) -> None:
    (root / "blocked").write_text("a file where a folder would have to be")
    box = lay(root, outputs=("data/in.csv", "blocked/out.csv"))
    (box.files / "data/in.csv").write_text("new")
    (box.files / "blocked/out.csv").write_text("new")
    with pytest.raises(OSError, match="blocked"):
        box.move_out()
    assert (root / "data/in.csv").read_text() == "1"
    assert sorted(path.name for path in (root / "data").iterdir()) == ["in.csv", "parts"]


def test_an_output_that_is_a_link_does_not_land(root: Path) -> None:
    box = lay(root, outputs=("data/out.csv",))
    (box.files / "data/out.csv").symlink_to(root / "data/in.csv")
    with pytest.raises(OSError, match="link"):
        box.move_out()


@pytest.mark.parametrize(
    ("touch", "kind"),
    [
        (lambda file: file.chmod(0), Alteration.TOUCHED),
        (lambda file: os.utime(file, (1, 1)), Alteration.TOUCHED),
        (lambda file: file.parent.chmod(0o300), Alteration.TOUCHED),
        (lambda file: file.write_text("edited"), Alteration.EDITED),
        (lambda file: (file.parent / "new.csv").touch(), Alteration.EDITED),
    ],
    ids=["rights", "time", "rights of a folder", "content", "another file"],
)
def test_what_became_of_a_linked_input_is_told_apart(
    root: Path, monkeypatch: pytest.MonkeyPatch, touch: Callable[[Path], None], kind: Alteration
) -> None:
    monkeypatch.setattr(sandbox, "can_confine", lambda: True)
    box = lay(root, ("data/parts",))
    touch(root / "data/parts/a.csv")
    assert box.alterations() == {"data/parts": kind}
    assert stat.S_IMODE((root / "data/parts").stat().st_mode) == 0o755


def test_rights_and_times_of_an_input_are_restored(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "can_confine", lambda: True)
    box = lay(root, ("data/in.csv",))
    (root / "data/in.csv").chmod(0)
    os.utime(root / "data/in.csv", (1, 1))
    box.restore_rights("data/in.csv")
    box.restore_times("data/in.csv")
    assert box.alterations() == {}


def test_what_is_neither_file_nor_folder_is_no_output(root: Path) -> None:
    box = lay(root, outputs=("out", "pipe"))
    (box.files / "out/deep").mkdir(parents=True)
    (box.files / "out/deep/file").touch()
    (box.files / "out/deep/link").symlink_to("file")
    os.mkfifo(box.files / "pipe")
    assert sorted(written_files.special_files(box)) == [
        ("out/deep/link", "a link"),
        ("pipe", "a named pipe"),
    ]


def test_only_what_inputs_lead_to_can_be_read_in_the_cache(root: Path) -> None:
    cache = root / ".dvc/cache/files/md5"
    cache.mkdir(parents=True)
    for name in ("ab", "cd"):
        (cache / name).touch()
    (root / "data/parts/b.csv").symlink_to(cache / "ab")
    (root / "data/other.csv").symlink_to(cache / "cd")
    box = lay(root, ("data/parts",))
    targets = set(box.link_targets())
    assert str(cache / "ab") in targets
    assert str(cache / "cd") not in targets


CODE = {"src/lib/__init__.py": b"", "src/lib/a.py": b"x = 1", "notebooks/helper.py": b"y = 1"}
FOLDERS = ("notebooks", "src", ".")


@pytest.fixture
def with_code(root: Path) -> Path:
    others = {"src/lib/unused.py": b"", "src/lib/table.csv": b"1", "src/lib/deep/b.py": b""}
    for path, data in {**CODE, **others, "src/other.py": b""}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


def box_with_code(root: Path, *inputs: str) -> Sandbox:
    box = Sandbox.of(
        DeclaredFiles(root), root / ".stagebook" / "executions" / "one", inputs, ("data/out.csv",)
    )
    box.lay_code(CODE, FOLDERS)
    return box.lay()


def test_code_is_laid_as_it_was_and_what_lies_beside_it_is_linked(with_code: Path) -> None:
    (with_code / "src/lib/a.py").write_text("x = 2")
    box = box_with_code(with_code)
    assert (box.files / "src/lib/a.py").read_text() == "x = 1"
    links = sorted(path.name for path in (box.files / "src/lib").iterdir() if path.is_symlink())
    assert links == ["deep", "table.csv", "unused.py"]
    assert not (box.files / "src/other.py").exists()
    assert written_files.undeclared(box) == ()


def test_laid_code_that_the_notebook_changes_is_undeclared(with_code: Path) -> None:
    box = box_with_code(with_code)
    (box.files / "src/lib/a.py").write_text("something else")
    (box.files / "src/lib/new.py").write_text("")
    assert written_files.undeclared(box) == ("src/lib/a.py", "src/lib/new.py")
    assert (with_code / "src/lib/a.py").read_text() == "x = 1"


@pytest.mark.parametrize("path", ["src/lib/table.csv", "src/lib/deep", "src/lib", "src"])
def test_an_input_beside_code_is_an_input(with_code: Path, path: str) -> None:
    box = box_with_code(with_code, path)
    assert (box.files / path).exists()
    assert (box.files / "src/lib/table.csv").read_text() == "1"
    assert (box.files / "src/lib/a.py").read_text() == "x = 1"
    assert box.alterations() == {}
    assert box.stamps != {}
    assert written_files.undeclared(box) == ()
