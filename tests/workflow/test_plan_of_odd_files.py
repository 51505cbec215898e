"""A plan of files that cannot be read, lie outside of the project, or are written just now."""

import json
import os
from pathlib import Path

import pytest
from plan_projects import QuickProject

from stagebook.pipeline.cache import Cache
from stagebook.pipeline.plan.files import ProjectFiles
from stagebook.pipeline.plan.plan import Change

FOLDER = """stages:
  make:
    cmd: mkdir -p made && cp raw made/a
    deps: [raw]
    outs: [made]
  use:
    cmd: cat made/a folder/a > used
    deps: [made, folder]
    outs: [used]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> QuickProject:
    root = tmp_path / "odd"
    root.mkdir()
    monkeypatch.chdir(root)
    project = QuickProject.of_stages(root, FOLDER, {"raw": "1", "folder/a": "a"})
    project.repro()
    return project


def note_as_running(project: QuickProject, *paths: str) -> None:
    """Leaves what a process of DVC notes while it runs the stage that writes some paths."""
    writer = {"pid": os.getpid(), "cmd": "dvc repro"}
    noted = {"write": {str(project.root / path): writer for path in paths}, "read": {}}
    (project.root / ".dvc/tmp").mkdir(exist_ok=True)
    (project.root / ".dvc/tmp/rwlock").write_text(json.dumps(noted))


@pytest.mark.parametrize("name", [".#a", "below/.#a"])
def test_a_link_to_a_missing_file_in_an_input_is_named(project: QuickProject, name: str) -> None:
    link = project.root / "folder" / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to("person@host.1")
    (use,) = (stage for stage in project.plan().stages if stage.name == "use")
    (reason,) = use.reasons
    assert (use.state.value, reason.change) == ("stale", Change.UNREADABLE)
    assert f"folder/{name} is a link to a missing file" in reason.words
    with pytest.raises(Exception, match="failed to reproduce"):  # DVC cannot build it either
        project.repro()


@pytest.mark.parametrize("path", ["folder", "made"])
def test_a_folder_that_is_removed_while_it_is_read_is_a_reason(
    project: QuickProject, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    walk = os.walk

    def removing(base: Path) -> object:
        for folder, below, names in walk(base):
            for name in names:
                (Path(folder) / name).unlink()
            yield folder, below, names

    monkeypatch.setattr(os, "walk", removing)
    files = ProjectFiles(project.root, Cache.of(project.root))
    assert files.md5(path) is None
    assert files.unreadable(path) == f"{path}/a: No such file or directory"
    assert files.unreadable("raw") == ""


def test_a_pipe_in_an_input_is_not_waited_for(project: QuickProject) -> None:
    os.mkfifo(project.root / "folder/pipe")
    assert project.reasons("use") == [
        "folder cannot be read: folder/pipe: neither a file nor a folder"
    ]


def test_what_a_running_stage_writes_is_not_read(
    project: QuickProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    md5 = ProjectFiles.md5

    def noting(self: ProjectFiles, path: str, *, legacy: bool = False) -> str | None:
        read.append(path)
        return md5(self, path, legacy=legacy)

    monkeypatch.setattr(ProjectFiles, "md5", noting)
    (project.root / "made/.#a").symlink_to("nowhere")
    note_as_running(project, "made")
    project.edit("dvc.yaml", "deps: [made, folder]", "deps: [made, made/a, folder]")
    assert project.states() == {"make": "running", "use": "after"}
    assert {"raw", "folder"} <= set(read)
    assert not {path for path in read if path.startswith("made")}


@pytest.mark.parametrize("form", ["absolute", "relative"])
def test_an_input_outside_of_the_project_is_compared(
    project: QuickProject, tmp_path: Path, form: str
) -> None:
    outside = tmp_path / "outside"
    (outside / "below").mkdir(parents=True)
    (outside / "below/x").write_text("1")
    path = outside if form == "absolute" else "../outside"
    project.edit("dvc.yaml", "deps: [made, folder]", f"deps: [made, folder, {path}]")
    project.repro()
    assert project.states() == {"make": "fresh", "use": "fresh"}
    (outside / "below/x").write_text("2")
    assert project.states() == {"make": "fresh", "use": "stale"}
    assert project.repro()["use"] == "run"
    assert project.states() == {"make": "fresh", "use": "fresh"}
