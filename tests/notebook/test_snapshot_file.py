"""What a build is made of is read back as it was written."""

from dataclasses import replace
from pathlib import Path

from stagebook.notebook import cells
from stagebook.notebook.distributions import Installed
from stagebook.notebook.search import search_path
from stagebook.notebook.snapshot import Snapshot, StageSnapshot
from stagebook.notebook.source import look_up
from stagebook.project.project import Project
from stagebook.project.settings import Settings, StageSettings

TEXT = '# %% tags=["parameters"]\nn: int = 1\n\n# %%\nimport helper, odd\n'


def taken(root: Path) -> StageSnapshot:
    (root / "src").mkdir(exist_ok=True)
    (root / "notebooks").mkdir(exist_ok=True)
    (root / "src" / "helper.py").write_bytes("import os\nname = 'größe'\n".encode())
    (root / "src" / "odd.py").write_bytes(b"# coding: latin-1\nname = '\xfc'\n\x00")
    (root / "notebooks" / "fit.py").write_text(TEXT, encoding="utf-8")
    settings = {"fit": StageSettings(2, 9.5, 10**9, "python3", ("pytest",))}
    project = Project(root, Settings("p", stages=settings))
    notebook = cells.read("notebooks/fit.py", root)
    search = search_path(notebook, project, Installed.scan())
    return StageSnapshot.of(notebook, project, look_up(notebook, project, search))


def test_a_snapshot_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    stage = taken(tmp_path)
    assert stage.folders == ("notebooks", "src", ".")
    Snapshot.of([stage], "fits", "reader").write(tmp_path / "state")
    found = Snapshot.read(tmp_path / "state")
    (again,) = found.stages.values()
    assert (again.notebook, again.notebook.text) == (stage.notebook, TEXT)
    assert (again.source, again.settings) == (stage.source, stage.settings)
    assert (again.folders, again.files) == (stage.folders, stage.files)
    assert found.modules.keys() == {"src/helper.py", "src/odd.py"}
    assert found.modules["src/helper.py"] == replace(
        stage.modules["src/helper.py"], path=Path("src/helper.py")
    )


def test_a_snapshot_that_other_programs_read_spares_nothing(tmp_path: Path) -> None:
    snapshot = Snapshot.of([taken(tmp_path)], "fits", "reader")
    assert snapshot.as_read_by("reader") == snapshot
    assert snapshot.as_read_by("another") == Snapshot()


def test_a_snapshot_that_cannot_be_read_is_empty(tmp_path: Path) -> None:
    assert Snapshot.read(tmp_path) == Snapshot()
    for text in ("", "{", "[]", '{"format": 0}', '{"format": 1}'):
        (tmp_path / "snapshot.json").write_text(text, encoding="utf-8")
        assert Snapshot.read(tmp_path) == Snapshot()


def test_a_snapshot_takes_the_place_of_one_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "snapshot.json").write_bytes(b"\0\xff{")
    Snapshot.of([taken(tmp_path)], "fits", "reader").write(tmp_path)
    assert set(Snapshot.read(tmp_path).stages) == {"fit"}
