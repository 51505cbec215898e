"""A worker that is killed at any time loses nothing that was committed, and its file is closed."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from logged import NEXT, names

from stagebook.serving.log import reading as log_reading
from stagebook.serving.log.days import close_days
from stagebook.serving.log.file import LogFileReader, files

HERE = str(Path(__file__).parent)

WORKER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from logged import entry, opened
log = opened(Path(sys.argv[1]), worker=int(sys.argv[3]))
print("open", flush=True)
while True:
    items = [entry() for _ in range(7)]
    for item in items:
        log.add(item)
    while log.state.waiting:
        pass
    print(" ".join(item.request for item in items), flush=True)
"""

CLOSER = """
import os, signal, sys
from pathlib import Path
left = int(sys.argv[3])

def stop(frame, event, argument):
    global left
    if "serving/log/" in frame.f_code.co_filename:
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
    return None

from stagebook.serving.log import days as log_days
sys.setprofile(stop)
log_days.close_days(Path(sys.argv[1]), sys.argv[2])
"""


def killed_worker(folder: Path, groups: int, worker: int) -> list[str]:
    """Kills a worker that reported some groups as written; the ids that it reported."""
    command = [sys.executable, "-c", WORKER, str(folder), HERE, str(worker)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        lines = [process.stdout.readline() for _ in range(groups)]
        process.send_signal(signal.SIGKILL)
        lines += [
            line for line in process.stdout.read().splitlines(keepends=True) if line[-1] == "\n"
        ]
    assert process.returncode == -signal.SIGKILL
    return [request for line in lines for request in line.split()]


def logged_requests(folder: Path) -> list[str]:
    """All requests, each once."""
    return [
        request
        for day in log_reading.days(folder)
        for part in log_reading.read_day(folder, day)
        for request in part.facts["request"][part.facts["row"] == 0].tolist()
    ]


def test_a_killed_worker_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    chance = random.Random(17)
    reported: list[str] = []
    for worker in range(4):
        reported += killed_worker(tmp_path, chance.randrange(6), worker)
    before = logged_requests(tmp_path)
    assert set(reported) <= set(before)
    assert len(before) == len(set(before))
    close_days(tmp_path, NEXT)
    assert sorted(logged_requests(tmp_path)) == sorted(before)
    assert names(tmp_path / "open") == []


@pytest.mark.slow
def test_a_closing_that_is_killed_at_any_time_doubles_and_loses_nothing(tmp_path: Path) -> None:
    chance = random.Random(17)
    reported = killed_worker(tmp_path, 3, 0)
    expected = sorted(logged_requests(tmp_path))
    assert set(reported) <= set(expected)
    codes = []
    for _ in range(6):
        command = [sys.executable, "-c", CLOSER, str(tmp_path), NEXT, str(chance.randrange(1, 900))]
        codes.append(subprocess.run(command, check=False).returncode)
        assert sorted(logged_requests(tmp_path)) == expected
    assert -signal.SIGKILL in codes
    close_days(tmp_path, NEXT)
    assert sorted(logged_requests(tmp_path)) == expected
    assert names(tmp_path / "open") == []


def test_what_is_left_in_the_wal_is_read(tmp_path: Path) -> None:
    reported = killed_worker(tmp_path, 2, 0)
    (path,) = files(tmp_path)
    assert path.with_name(f"{path.name}-wal").stat().st_size > 0
    with LogFileReader.open(path) as reader:
        assert {item.request for item in reader.entries()} >= set(reported)
