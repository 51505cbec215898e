"""What killed runs left is swept, and nothing that belongs to a living one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stagebook.execution import leftovers, locks, sandbox
from stagebook.record.spool import Spool


@pytest.fixture
def dead() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_folder_of_sockets_is_swept_once_its_run_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "_temporary", lambda: tmp_path)
    left, empty, other = tmp_path / "sb-abcdefgh", tmp_path / "sb-12345678", tmp_path / "sb-pg-x"
    for folder in (left, empty, other):
        folder.mkdir()
    (left / "lock").touch()
    (left / "k-1").touch()
    with leftovers.sockets() as living:
        leftovers.sweep_sockets()
        assert sorted(tmp_path.iterdir()) == sorted([living, other])
    assert list(tmp_path.iterdir()) == [other]


def test_what_moved_beside_an_output_is_swept_when_no_run_lives(tmp_path: Path) -> None:
    executions = tmp_path / "executions"
    (tmp_path / "data").mkdir()
    new, old = tmp_path / "data/.a.csv.new", tmp_path / "data/.parts.old"
    new.touch()
    old.mkdir()
    (old / "x.csv").touch()
    with locks.hold(executions / "living" / "lock"):
        leftovers.sweep_outputs(tmp_path, executions, ("data/a.csv", "data/parts"))
        assert new.exists()
        assert old.exists()
    leftovers.sweep_outputs(tmp_path, executions, ("data/a.csv", "data/parts"))
    names = [path.relative_to(tmp_path).as_posix() for path in (tmp_path / "data").rglob("*")]
    assert sorted(names) == ["data/parts", "data/parts/x.csv"]


def test_an_unfinished_file_is_swept_when_its_process_is_gone(tmp_path: Path, dead: int) -> None:
    for name in (f".a.json.{dead}.new", f".a.json.{os.getpid()}.new", "a.new", ".a.new"):
        (tmp_path / name).touch()
    leftovers.sweep_partial(tmp_path)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == sorted([f".a.json.{os.getpid()}.new", "a.new", ".a.new"])


def test_an_execution_whose_clearing_was_killed_is_found_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "executions" / "x"
    (folder / "files").mkdir(parents=True)
    (folder / "files" / "large").touch()
    (folder / "lock").touch()
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", _die)
        with pytest.raises(KeyboardInterrupt):
            sandbox.remove_execution(folder)
    assert (folder / "lock").exists()
    empty = tmp_path / "outbox" / "x"
    empty.mkdir(parents=True)
    Spool(tmp_path).take_in_leftovers()
    assert not folder.exists()
    assert not empty.exists()


def _die(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
