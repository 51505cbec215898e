"""Kept counts: labels of a day join that day again, and no other."""

import os
import shutil
from pathlib import Path

import pytest
from label_logs import DAYS, LATE, entry, labels, noon, predictions, request_id, write
from refusals import problems

from stagebook.monitoring.label_join import Judged
from stagebook.monitoring.labelled_store import LabelledStore
from stagebook.serving.log.request_log import LogEntry


@pytest.fixture
def items(tmp_path: Path) -> list[LogEntry]:
    """A log with a request on each of three days, the last one still written."""
    items = [entry(day, [0.9, 0.2, 0.4]) for day in DAYS]
    write(tmp_path / "log", *items, today=DAYS[-1])
    return items


def store(folder: Path, judged: Judged = LATE) -> LabelledStore:
    return LabelledStore(folder / "kept", folder / "log", judged)


def stamps(folder: Path) -> dict[str, int]:
    return {path.stem: path.stat().st_ino for path in sorted((folder / "kept").glob("*.json"))}


def counts(folder: Path, columns: dict[str, list[object]]) -> list[tuple[int, int]]:
    """Labelled and all rows of each day."""
    result = store(folder).read(labels(folder / "labels.parquet", columns))
    assert not result.problems
    return [(day.whole.labelled, day.whole.rows) for day in result.days]


def test_only_the_days_of_new_labels_are_joined_again(
    items: list[LogEntry], tmp_path: Path
) -> None:
    ids = [*predictions(*items)]
    assert counts(tmp_path, {"prediction": ids[:2], "came": [1, 0]}) == [(2, 3), (0, 3), (0, 3)]
    before = stamps(tmp_path)
    assert list(before) == [*DAYS[:2]]  # the last one is still written
    more = {"prediction": [*ids[3:], *ids[:2]], "came": [1] * 6 + [1, 0]}
    assert counts(tmp_path, more) == [(2, 3), (3, 3), (3, 3)]
    after = stamps(tmp_path)
    assert after[DAYS[0]] == before[DAYS[0]]
    assert after[DAYS[1]] != before[DAYS[1]]


def test_a_kept_day_gives_what_joining_gives(items: list[LogEntry], tmp_path: Path) -> None:
    ids = [*predictions(*items), f"{request_id(noon(DAYS[0]))}-0"]
    read = labels(tmp_path / "l.parquet", {"prediction": ids, "came": [1] * len(ids)})
    first = store(tmp_path).read(read)
    assert (first.joined, first.unknown) == (9, 1)
    assert store(tmp_path).read(read) == first


def test_a_changed_label_counts(items: list[LogEntry], tmp_path: Path) -> None:
    ids = [*predictions(items[0])]
    read = [
        store(tmp_path).read(labels(tmp_path / "l.parquet", {"prediction": ids, "came": came}))
        for came in ([1, 0, 0], [0, 0, 0])
    ]
    positives = [result.days[0].whole.binary.positives.rows for result in read]
    assert positives == [1, 0]


@pytest.mark.parametrize("judged", [Judged("binary", "other"), Judged("binary", "late", most=1)])
def test_other_settings_join_again(judged: Judged, items: list[LogEntry], tmp_path: Path) -> None:
    columns = {"prediction": [*predictions(items[0])], "came": [1, 0, 0]}
    read = labels(tmp_path / "l.parquet", columns)
    store(tmp_path).read(read)
    before = stamps(tmp_path)
    store(tmp_path, judged).read(read)
    assert stamps(tmp_path)[DAYS[0]] != before[DAYS[0]]


def test_a_damaged_file_is_joined_again(items: list[LogEntry], tmp_path: Path) -> None:
    columns = {"prediction": [*predictions(items[0])], "came": [1, 0, 0]}
    first = counts(tmp_path, columns)
    for text in ("{", "[]", '{"format": 1}', store(tmp_path).path(DAYS[0]).read_text()[:-30]):
        store(tmp_path).path(DAYS[0]).write_text(text)
        assert counts(tmp_path, columns) == first


def test_a_day_whose_files_were_deleted_keeps_its_counts(
    items: list[LogEntry], tmp_path: Path
) -> None:
    ids = [*predictions(items[0])]
    columns = {"prediction": ids[:2], "came": [1, 0]}
    first = counts(tmp_path, columns)
    for path in (tmp_path / "log" / "days").glob(f"{DAYS[0]}*"):
        path.unlink()
    assert counts(tmp_path, columns) == first
    # a later label comes too late; nothing says that its prediction never was
    assert counts(tmp_path, {"prediction": ids, "came": [1, 0, 1]}) == first


def test_a_damaged_day_is_a_problem_and_the_others_are_read(
    items: list[LogEntry], tmp_path: Path
) -> None:
    (path,) = (tmp_path / "log" / "days").glob(f"{DAYS[0]}.parquet")
    path.write_bytes(b"no table")
    columns = {"prediction": [*predictions(*items[1:])], "came": [1] * 6}
    result = store(tmp_path).read(labels(tmp_path / "l.parquet", columns))
    assert [problem.code for problem in result.problems] == ["bad-request-log"]
    assert [day.days for day in result.days] == [(DAYS[1],), (DAYS[2],)]


def test_with_some_days_no_label_is_called_unknown(items: list[LogEntry], tmp_path: Path) -> None:
    columns = {"prediction": [*predictions(*items)], "came": [1] * 9}
    result = store(tmp_path).read(labels(tmp_path / "l.parquet", columns), days=DAYS[:1])
    assert (result.joined, result.unknown) == (3, 0)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_counts_that_cannot_be_kept_are_a_problem(items: list[LogEntry], tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir(mode=0o500)
    columns = {"prediction": [*predictions(*items)], "came": [1] * 9}
    result = store(tmp_path).read(labels(tmp_path / "l.parquet", columns))
    assert {problem.code for problem in result.problems} == {"labels-not-kept"}


def test_a_folder_that_is_a_file_is_a_problem(items: list[LogEntry], tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("")
    columns = {"prediction": [*predictions(*items)], "came": [1] * 9}
    result = store(tmp_path).read(labels(tmp_path / "l.parquet", columns))
    assert {problem.code for problem in result.problems} == {"labels-not-kept"}
    assert len(result.days) == 3


def test_a_log_that_is_not_there_is_refused(items: list[LogEntry], tmp_path: Path) -> None:
    columns = {"prediction": [*predictions(items[0])], "came": [1, 0, 0]}
    read = labels(tmp_path / "l.parquet", columns)
    shutil.rmtree(tmp_path / "log")
    (problem,) = problems(lambda: store(tmp_path).read(read))
    assert problem.code == "no-request-log"
