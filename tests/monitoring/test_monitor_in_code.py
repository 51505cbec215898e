"""``stagebook.monitor``: the status of a model in code, as of a day in the past."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import watched_logs
from refusals import problem
from watched_models import START, Watched, days_from, people

import stagebook
from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.status import MonitorStatus

DAYS = days_from(START, 10)
LATER = pd.Timedelta(days=2)


@pytest.fixture(scope="module")
def logged(tall: Watched, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a log of ten days, and labels that are known two days later."""
    folder = tmp_path_factory.mktemp("in-code")
    entries = tall.answers(DAYS)
    watched_logs.closed(folder / "log", *entries)
    tables = [
        pd.DataFrame(
            {
                "prediction": [f"{entry.request}-{row}" for row in range(len(people(day)))],
                "tall": people(day)["tall"],
                "known": pd.Timestamp(day, tz="UTC") + LATER,
            }
        )
        for day, entry in zip(DAYS, entries, strict=True)
    ]
    pd.concat(tables).to_parquet(folder / "labels.parquet", index=False)
    return folder


def status(logged: Path, tall: Watched, **options: Any) -> MonitorStatus:
    labels = options.pop("labels", logged / "labels.parquet")
    return stagebook.monitor(logged / "log", tall.folder, labels, **options)


def labelled(status: MonitorStatus) -> list[float | None]:
    """The share of rows with a label, by day."""
    return [item.labelled for item in status.of(Cadence.DAY)]


def test_a_past_day_knows_neither_later_requests_nor_later_labels(
    logged: Path, tall: Watched
) -> None:
    then = status(logged, tall, at=DAYS[4], known="known")
    assert (then.first, then.last) == (DAYS[0], DAYS[4])
    assert labelled(then) == [1.0, 1.0, 1.0, 0.0, 0.0]  # the third day's are known at its dawn
    assert [loss.source for loss in then.losses if DAYS[3] in loss.days] == ["estimate"] * 2
    whole = status(logged, tall, at=DAYS[-1], known="known")
    assert whole.last == DAYS[-1]


def test_the_past_is_the_same_when_the_log_ended_on_that_day(
    logged: Path, tall: Watched, tmp_path: Path
) -> None:
    labels = pd.read_parquet(logged / "labels.parquet")
    end = pd.Timestamp(DAYS[4], tz="UTC") + pd.Timedelta(days=1)
    labels[labels["known"] < end].to_parquet(tmp_path / "labels.parquet")
    for path in (logged / "log" / "days").iterdir():
        if path.name[:10] <= DAYS[4]:
            (tmp_path / "log" / "days").mkdir(parents=True, exist_ok=True)
            (tmp_path / "log" / "days" / path.name).write_bytes(path.read_bytes())
    then = status(logged, tall, at=DAYS[4], known="known")
    ended = status(tmp_path, tall, at=DAYS[4], known="known")
    assert then.as_json() == ended.as_json()


def test_a_label_that_is_corrected_later_counts_as_it_was_known(
    logged: Path, tall: Watched, tmp_path: Path
) -> None:
    labels = pd.read_parquet(logged / "labels.parquet")
    corrected = labels.assign(tall=~labels["tall"], known=labels["known"] + pd.Timedelta(days=30))
    both = tmp_path / "both.parquet"
    pd.concat([labels, corrected]).to_parquet(both)
    before, after = (
        item.realized["auc"]
        for day in (DAYS[-1], "2026-08-01")
        for item in status(logged, tall, labels=both, at=day, known="known").of(Cadence.MONTH)
    )
    assert before.value is not None
    assert after.value == pytest.approx(1 - before.value, abs=0.02)


def test_days_count_as_judged_when_their_time_for_labels_was_over(
    logged: Path, tall: Watched
) -> None:
    labels = logged / "half.parquet"
    pd.read_parquet(logged / "labels.parquet").iloc[::2].to_parquet(labels)

    def judged(at: str) -> Sequence[str]:
        then = status(logged, tall, labels=labels, at=at, known="known", maturity="3 d")
        return [day for loss in then.losses if loss.source == "labels" for day in loss.days]

    assert judged(DAYS[2]) == []
    assert set(judged(DAYS[5])) == set(DAYS[:3])


def test_the_text_and_the_date_of_a_day_mean_the_same(logged: Path, tall: Watched) -> None:
    texts, dates = (
        status(logged, tall, labels=None, at=day).as_json()
        for day in (DAYS[3], date.fromisoformat(DAYS[3]))
    )
    assert texts == dates


def test_labels_without_a_time_are_all_used_and_a_note_says_so(logged: Path, tall: Watched) -> None:
    then = status(logged, tall, at=DAYS[4])
    assert labelled(then) == [1.0] * 5
    assert DAYS[4] in then.notes[-1]
    assert then.problems == ()


def test_a_folder_for_the_state_is_used_again(logged: Path, tall: Watched, tmp_path: Path) -> None:
    first = status(logged, tall, at=DAYS[4], known="known", state=tmp_path)
    kept = sorted(path.name for path in tmp_path.rglob("*.json"))
    assert kept == sorted([*2 * [f"{day}.json" for day in DAYS[:5]], "verdicts.json"])
    again = status(logged, tall, at=DAYS[4], known="known", state=tmp_path)
    assert again.as_json() == first.as_json()
    later = status(logged, tall, at=DAYS[5], known="known", state=tmp_path)
    assert later.as_json() == status(logged, tall, at=DAYS[5], known="known").as_json()
    back = status(logged, tall, at=DAYS[4], known="known", state=tmp_path)
    assert back.as_json() == first.as_json()


def test_a_notebook_shows_the_state_and_the_months(logged: Path, tall: Watched) -> None:
    shown = status(logged, tall, at=DAYS[4], known="known")._repr_html_()  # type: ignore[attr-defined]
    assert "<th>2026-04 (5 days)</th>" in shown
    assert "Ok" in shown


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"at": "yesterday"}, "bad-day"),
        ({"at": "2026-04"}, "bad-day"),
        ({"share": 2.0}, "bad-setting"),
        ({"maturity": "soon"}, "bad-setting"),
        ({"knwon": "known"}, "unknown-setting"),
        ({"known": "since"}, "no-label-column"),
        ({"known": "tall"}, "label-time"),
    ],
)
def test_a_wrong_argument_is_a_problem(
    options: dict[str, Any], code: str, logged: Path, tall: Watched
) -> None:
    assert problem(status, logged, tall, **{"at": DAYS[4], **options}).code == code


def test_a_log_that_is_not_there_is_a_problem(tall: Watched, tmp_path: Path) -> None:
    assert problem(stagebook.monitor, tmp_path / "log", tall.folder).code == "no-request-log"
