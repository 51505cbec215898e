"""What the log takes, masks, leaves out, and does with days and clocks."""

import sqlite3
import threading
from pathlib import Path

import pandas as pd
import pytest
from logged import DAY, FRAME, NEXT, PREDICTIONS, entry, logged, names, noon, opened
from refusals import problem

from stagebook.project.masks import Masks
from stagebook.serving.log import finding, request_log
from stagebook.serving.log import reading as log_reading
from stagebook.serving.log.request_log import RequestLog
from stagebook.serving.refusal import RequestProblem, RowWarning

SECRET = "tr0ub4dor-and-3"
MASKS = Masks.of({"API_TOKEN": SECRET})


def test_a_request_is_read_as_it_was_logged(tmp_path: Path) -> None:
    warnings = (RowWarning("outside-training-range", "1400 is high.", 1, "distance"),)
    item = entry(warnings=warnings)
    logged(tmp_path, entry(), item, entry())
    (request,) = finding.find(tmp_path, item.request)
    assert request.warnings == warnings
    assert (request.role, request.status, request.milliseconds) == ("champion", 200, 1.25)
    assert (request.time, request.package, request.route) == (item.time, item.package, item.route)
    pd.testing.assert_frame_equal(request.features, FRAME)
    pd.testing.assert_frame_equal(request.predictions, PREDICTIONS)


def test_a_refused_request_is_logged_with_its_problems(tmp_path: Path) -> None:
    problems = (
        RequestProblem("missing-column", "`distance` is missing.", "Add it.", None, "distance"),
        RequestProblem("bad-value", "`x` is not a number.", row=3, column="distance"),
    )
    item = entry(status=422, features=None, predictions=None, problems=problems)
    logged(tmp_path, item)
    (request,) = finding.find(tmp_path, item.request)
    assert (request.status, request.problems) == (422, problems)
    assert (request.features, request.predictions) == (None, None)


def test_champion_and_challenger_share_a_request(tmp_path: Path) -> None:
    champion = entry()
    shadow = entry(request=champion.request, role="challenger", package="sha256:" + "b" * 64)
    logged(tmp_path, shadow, champion)
    requests = finding.find(tmp_path, f"{champion.request}-1")
    assert [(item.role, item.package[7]) for item in requests] == [
        ("champion", "a"),
        ("challenger", "b"),
    ]


@pytest.mark.parametrize("suffix", ["", "-0"])
def test_an_id_that_is_not_in_the_log_is_refused(suffix: str, tmp_path: Path) -> None:
    logged(tmp_path, entry())
    refused = problem(finding.find, tmp_path, f"{entry().request}{suffix}")
    assert refused.code == "unknown-request"


def test_a_row_that_a_request_did_not_have_is_refused(tmp_path: Path) -> None:
    item = entry()
    logged(tmp_path, item)
    assert problem(finding.find, tmp_path, f"{item.request}-2").code == "unknown-request"


def test_a_running_log_is_read(tmp_path: Path) -> None:
    log = opened(tmp_path)
    items = [entry() for _ in range(300)]
    for item in items:
        log.add(item)
    while log.state.waiting:
        pass
    assert finding.find(tmp_path, items[-1].request)
    (rows,) = log_reading.read_day(tmp_path, DAY)
    assert rows.facts["request"].tolist() == [item.request for item in items for _ in range(2)]
    assert rows.facts["row"].tolist() == [0, 1] * 300
    log.close()


def test_columns_that_are_left_out_are_in_no_file(tmp_path: Path) -> None:
    features = FRAME.assign(passport=["P1234567", "P7654321"])
    remarks = {
        "warnings": (RowWarning("rare", "`P1234567` is rare.", 0, "passport"),),
        "problems": (RequestProblem("bad-value", "`P7654321` is bad.", column="passport"),),
    }
    item = entry(features=features, **remarks)
    logged(tmp_path, item, without=["passport"])
    (request,) = finding.find(tmp_path, item.request)
    pd.testing.assert_frame_equal(request.features, FRAME)
    assert [warning.message for warning in request.warnings] == [""]
    assert not any(b"P1234567" in content or b"P7654321" in content for content in _all(tmp_path))


def test_all_columns_can_be_left_out(tmp_path: Path) -> None:
    item = entry()
    logged(tmp_path, item, without=[*FRAME, *PREDICTIONS], day=NEXT)
    (request,) = finding.find(tmp_path, f"{item.request}-1")
    assert request.features is not None
    assert request.features.shape == (2, 0)


@pytest.mark.parametrize("day", [DAY, NEXT])
def test_secrets_are_masked_everywhere(day: str, tmp_path: Path) -> None:
    features = pd.DataFrame(
        {
            "text": [f"x {SECRET} y", "plain"],
            SECRET: [1, 2],
            "kind": pd.Categorical([SECRET, "z"], categories=["z", SECRET, f"{SECRET}{SECRET}"]),
        }
    )
    item = entry(
        features=features,
        predictions=pd.DataFrame({"label": [SECRET, '"\n']}),
        route=f"/{SECRET}",
        warnings=(RowWarning("rare", f"`{SECRET}` is rare.", 0, SECRET),),
        problems=(RequestProblem("bad", SECRET),),
    )
    logged(tmp_path, item, masks=MASKS, day=day)
    (request,) = finding.find(tmp_path, item.request)
    assert request.features is not None
    assert request.features["text"].tolist() == ["x *** y", "plain"]
    assert request.features["kind"].tolist() == ["***", "z"]
    assert request.predictions is not None
    assert request.predictions["label"].tolist() == ["***", '"\n']
    assert not any(SECRET.encode() in content for content in _all(tmp_path))


def _all(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


def test_what_cannot_be_logged_is_counted_and_hinders_no_other(tmp_path: Path) -> None:
    good = entry()
    surrogate = entry(
        features=pd.DataFrame({"a": pd.Series(["\ud800"], dtype=object)}),
        predictions=PREDICTIONS.head(1),
        route="/\ud800",
    )
    log = logged(
        tmp_path,
        entry(time=float("nan")),
        entry(time=1e300),
        entry(status=10**30),
        entry(predictions="no frame"),
        surrogate,
        good,
    )
    assert log.state.lost == 4
    assert finding.find(tmp_path, good.request)
    (request,) = finding.find(tmp_path, surrogate.request)
    assert request.features is not None
    assert request.features["a"].tolist() == ["\ud800"]


def test_entries_beyond_the_bound_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_log, "QUEUE_CELLS", 12)  # an entry has 4 values and itself
    monkeypatch.setattr(request_log, "GROUP", 60)
    log = opened(tmp_path)
    items = [entry() for _ in range(10)]
    for item in items:
        log.add(item)
    assert (log.state.lost, log.state.waiting, log.state.ok) == (7, 3, False)
    log.close()
    assert log.state.lost == 7
    assert [len(finding.find(tmp_path, item.request)) for item in items[:3]] == [1] * 3


def test_an_entry_after_the_end_is_counted(tmp_path: Path) -> None:
    log = logged(tmp_path, entry())
    log.close()
    log.add(entry())
    assert log.state.lost == 1


def test_entries_of_many_threads_are_all_logged(tmp_path: Path) -> None:
    log = opened(tmp_path)
    items = [[entry() for _ in range(200)] for _ in range(4)]
    threads = [
        threading.Thread(target=lambda part=part: [log.add(item) for item in part])
        for part in items
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    assert log.state.ok
    rows = pd.concat(part.facts for part in log_reading.read_day(tmp_path, DAY))
    assert set(rows["request"]) == {item.request for part in items for item in part}


@pytest.mark.parametrize("on_full", ["serve", "stop"])
def test_a_folder_that_cannot_be_made_is_refused(on_full: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = problem(RequestLog.open, tmp_path / "file" / "log", on_full=on_full)
    assert refused.code == "request-log-not-written"


def test_a_file_and_a_folder_that_are_removed_are_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    log = opened(folder)
    log.add(entry())
    while log.state.waiting:
        pass
    folder.rename(tmp_path / "elsewhere")
    item = entry()
    log.add(item)
    log.close()
    assert log.state.ok
    assert finding.find(folder, item.request)


def test_a_day_closes_at_the_first_entry_of_the_next(tmp_path: Path) -> None:
    times = [noon(DAY)]
    log = RequestLog.open(tmp_path, clock=lambda: times[-1])
    first, second, late = entry(DAY), entry(NEXT), entry(DAY)
    log.add(first)
    log.add(second)
    times.append(noon(NEXT))
    log.close()
    assert names(tmp_path / "days")[-1] == f"{DAY}.parquet"
    assert [name[:10] for name in names(tmp_path / "open")] == [NEXT]
    logged(tmp_path, late, day=NEXT)
    assert f"{DAY}.1.parquet" in names(tmp_path / "days")
    for item in (first, second, late):
        assert finding.find(tmp_path, item.request)
    assert log_reading.days(tmp_path) == [DAY, NEXT]
    rows = pd.concat(part.facts for part in log_reading.read_day(tmp_path, DAY))
    assert sorted(rows["request"]) == sorted([first.request] * 2 + [late.request] * 2)


def test_the_file_is_plain_sqlite(tmp_path: Path) -> None:
    logged(tmp_path, entry())
    (path,) = (tmp_path / "open").glob("*.sqlite")
    with sqlite3.connect(path) as base:
        row = base.execute("SELECT features, predictions, rows, status FROM requests").fetchone()
        mode = base.execute("PRAGMA journal_mode").fetchone()
    base.close()
    assert row == ('[[200,"UA"],[1400,"B6"]]', "[[0.25],[0.30000000000000004]]", 2, 200)
    assert mode == ("wal",)
