"""A full disk: the state says so, and what waits is written when there is space again."""

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from logged import DAY, entry, opened
from refusals import problem

from stagebook.serving.log import reading as log_reading
from stagebook.serving.log import request_log
from stagebook.serving.log import writer as log_writer
from stagebook.serving.log.file import LogFile
from stagebook.serving.log.request_log import OnFull, RequestLog

HERE = Path(__file__).parent


@contextmanager
def limited(size: int) -> Iterator[None]:
    """No file of this process grows beyond a size, as if the disk was full."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_log, "RETRY", 0.01)


@pytest.mark.parametrize("on_full", ["serve", "stop"])
def test_what_waits_is_written_when_there_is_space(on_full: OnFull, tmp_path: Path) -> None:
    log = opened(tmp_path, on_full=on_full)
    items = [entry() for _ in range(500)]
    with limited(60_000):
        for item in items:
            log.add(item)
        while not log.state.full:
            pass
        state = log.state
        assert (state.lost, state.must_stop, state.ok) == (0, on_full == "stop", False)
        assert state.since is not None
        assert state.waiting
        assert state.reason
    while log.state.waiting:
        pass
    log.close()
    assert log.state.ok
    assert logged(tmp_path) == {item.request for item in items}


def test_entries_beyond_the_bound_are_lost_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_log, "WAITING_BYTES", 50_000)
    log = opened(tmp_path)
    items = [entry() for _ in range(500)]
    with limited(1):
        for item in items:
            log.add(item)
        while log.state.waiting > 100 or not log.state.full:
            pass
    while log.state.waiting:
        pass
    log.close()
    kept = logged(tmp_path)
    assert log.state.lost == 500 - len(kept) > 0
    assert kept == {item.request for item in items[: len(kept)]}


def test_what_no_disk_takes_until_the_end_is_lost(tmp_path: Path) -> None:
    log = opened(tmp_path)
    with limited(1):
        for _ in range(5):
            log.add(entry())
        log.close()
    assert (log.state.lost, log.state.waiting, log.state.full) == (5, 0, True)


def test_a_disk_that_is_full_at_the_start(tmp_path: Path) -> None:
    with limited(1):
        assert problem(opened, tmp_path, on_full="stop").code == "request-log-not-written"
        log = opened(tmp_path, on_full="serve")
        assert log.state.full
    item = entry()
    log.add(item)
    log.close()
    assert log.state.ok
    assert logged(tmp_path) == {item.request}
    assert len(list((tmp_path / "open").glob(f"{DAY}*"))) == 2  # with its lock


def test_a_folder_that_must_not_be_written_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = opened(tmp_path)

    def refuse(*_: object) -> LogFile:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patched:
        patched.setattr(log_writer.LogFile, "create", refuse)
        for path in (tmp_path / "open").iterdir():
            path.unlink()
        item = entry()
        log.add(item)
        while not log.state.full:
            pass
    while log.state.waiting:
        pass
    log.close()
    assert logged(tmp_path) == {item.request}


DISK = """
set -e
mount -t tmpfs -o size=400k none "$1"
exec "$2" -c "$3" "$1" "$4"
"""

SERVER = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[2].split(":")
from logged import entry, opened
from stagebook.serving.log import finding, request_log
request_log.RETRY = 0.01
folder = Path(sys.argv[1])
(folder / "filler").write_bytes(bytes(200_000))
log = opened(folder / "log")
items = []
while not log.state.full:
    items.append(entry())
    log.add(items[-1])
    while log.state.waiting and not log.state.full:
        pass
assert log.state.lost == 0
(folder / "filler").unlink()
while log.state.waiting:
    pass
log.close()
assert log.state.ok, log.state
for item in items:
    assert finding.find(folder / "log", item.request)
print(len(items))
"""


def test_a_real_disk_that_is_full(tmp_path: Path) -> None:
    """On a file system of 400 kB, mounted for this test's process only."""
    as_root = ["-m"] if os.geteuid() == 0 else ["-rm"]
    trial = subprocess.run(["unshare", *as_root, "true"], capture_output=True, check=False)
    if trial.returncode:
        pytest.skip("unshare is not allowed here")
    arguments = [str(tmp_path), sys.executable, SERVER, f"{HERE}:{HERE.parent}"]
    command = ["unshare", *as_root, "bash", "-c", DISK, "bash", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 0


def logged(folder: Path) -> set[str]:
    """All requests that are logged."""
    return {
        request
        for part in log_reading.read_day(folder, DAY)
        for request in part.facts["request"].tolist()
    }


def test_the_state_of_a_log_that_works(tmp_path: Path) -> None:
    log = RequestLog.open(tmp_path)
    assert log.state == request_log.LogState()
    log.close()
