"""Logged predictions with their labels."""

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from label_logs import DAYS, LATE, PACKAGE, entry, labels, noon, predictions, write

from stagebook.data.profiles.score_histogram import ScoreHistogram
from stagebook.monitoring.label_join import Judged, join
from stagebook.monitoring.labelled_day import MISSING, NOT_LOGGED, OTHER, LabelledDay, merge
from stagebook.monitoring.labelled_log import LabelledLog
from stagebook.monitoring.labelled_rows import LabelledRows
from stagebook.monitoring.labels import Labels
from stagebook.serving.refusal import RequestProblem

DAY = DAYS[0]


def joined(log: Path, read: Labels, judged: Judged = LATE, *days: str) -> LabelledLog:
    parts = [join(log, day, read, judged) for day in days or DAYS]
    return LabelledLog.of(read, parts, (), judged.by, is_whole=True)


def codes(result: LabelledLog) -> list[str]:
    return [problem.code for problem in result.problems]


def test_a_row_has_its_label_on_the_day_of_its_prediction(tmp_path: Path) -> None:
    first, second = entry(DAY, [0.9, 0.2, 0.4]), entry(DAYS[1], [0.7])
    write(tmp_path / "log", first, second)
    ids = [*predictions(first, second)]
    read = labels(tmp_path / "l.parquet", {"prediction": ids[1:], "came": [0, 1, 1]})
    result = joined(tmp_path / "log", read)
    one, two = result.days
    assert (one.days, two.days, result.joined, result.problems) == ((DAY,), (DAYS[1],), 3, ())
    assert (one.whole.rows, one.whole.labelled, one.whole.unlabelled) == (3, 2, 1)
    assert one.whole.binary is not None
    assert one.whole.binary.positives == ScoreHistogram.of([0.4])
    assert one.whole.binary.negatives == ScoreHistogram.of([0.2])
    assert one.whole.binary.unlabelled == ScoreHistogram.of([0.9])


def test_a_day_that_is_written_is_joined_as_a_closed_one(tmp_path: Path) -> None:
    item = entry(DAY, [0.9, 0.2])
    ids = [*predictions(item)]
    read = labels(tmp_path / "l.parquet", {"prediction": ids, "came": [1, 0]})
    write(tmp_path / "closed", item)
    write(tmp_path / "open", item, today=DAY)
    assert list((tmp_path / "open" / "open").glob("*.sqlite"))
    assert joined(tmp_path / "open", read).days == joined(tmp_path / "closed", read).days


def test_labels_of_unknown_predictions_are_counted(tmp_path: Path) -> None:
    item, absent = entry(DAY, [0.9]), entry(DAY, [0.1, 0.2])
    refusal = RequestProblem("bad", "Bad.")
    refused = entry(DAY, [0.5], status=422, predictions=None, problems=(refusal,))
    write(tmp_path / "log", item, refused)
    ids = [*predictions(item), f"{item.request}-1", *predictions(absent), f"{refused.request}-0"]
    read = labels(tmp_path / "l.parquet", {"prediction": ids, "came": [1] * 5})
    result = joined(tmp_path / "log", read)
    assert (result.joined, result.unknown, codes(result)) == (1, 4, ["unknown-prediction"])
    assert result.days[0].whole.rows == 1


def test_a_label_known_before_its_prediction_does_not_count(tmp_path: Path) -> None:
    item = entry(DAY, [0.9, 0.2])
    write(tmp_path / "log", item)
    moment = pd.Timestamp(noon(DAY), unit="s")
    known = [moment - pd.Timedelta(1, "s"), moment + pd.Timedelta(1, "s")]
    columns = {"prediction": [*predictions(item)], "came": [1, 0], "known": known}
    read = labels(tmp_path / "l.parquet", columns, known="known")
    result = joined(tmp_path / "log", read)
    whole = result.days[0].whole
    assert (whole.labelled, whole.rejected, result.early) == (1, 1, 1)
    assert codes(result) == ["label-before-prediction"]
    assert whole.binary is not None
    assert whole.binary.unlabelled.rows == 1


def test_rows_with_contradictory_labels_are_rejected(tmp_path: Path) -> None:
    item = entry(DAY, [0.9, 0.2])
    write(tmp_path / "log", item)
    ids = [f"{item.request}-0", f"{item.request}-0", f"{item.request}-1"]
    read = labels(tmp_path / "l.parquet", {"prediction": ids, "came": [1, 0, 1]})
    result = joined(tmp_path / "log", read)
    assert (result.days[0].whole.labelled, result.days[0].whole.rejected) == (1, 1)
    assert codes(result) == ["contradictory-labels"]


def test_labels_of_one_class_only_are_joined(tmp_path: Path) -> None:
    item = entry(DAY, [0.9, 0.2])
    write(tmp_path / "log", item)
    columns = {"prediction": [*predictions(item)], "came": [False, False]}
    (day,) = joined(tmp_path / "log", labels(tmp_path / "l.parquet", columns)).days
    assert day.whole.binary is not None
    assert (day.whole.binary.positives.rows, day.whole.binary.negatives.rows) == (0, 2)


def test_an_id_from_just_before_midnight_is_joined_on_the_next_day(tmp_path: Path) -> None:
    midnight = datetime.datetime.fromisoformat(f"{DAYS[1]}T00:00:00+00:00").timestamp()
    early = entry(DAY, [0.9], time=midnight - 0.001)
    item = entry(DAYS[1], [0.9], request=early.request, time=midnight + 0.001)
    write(tmp_path / "log", item)
    columns = {"prediction": [*predictions(item)], "came": [1]}
    result = joined(tmp_path / "log", labels(tmp_path / "l.parquet", columns))
    assert [(day.days, day.whole.labelled) for day in result.days] == [((DAYS[1],), 1)]
    assert result.unknown == 0


KEYS = pd.DataFrame(
    {
        "station": ["s1", "s2", None],
        "number": [7, 8, 9],
        "at": pd.to_datetime([f"{DAYS[1]}T06:00", f"{DAY}T07:00", f"{DAY}T08:00"], utc=True),
    }
)
KEYED: dict[str, Any] = {"key": ("station", "number"), "instant": "at"}


def keyed_labels(path: Path, came: list[int], **columns: Any) -> Labels:
    table = {**KEYS.to_dict("series"), "came": came, **columns}
    return labels(path, table, **KEYED, known="known" if "known" in columns else None)


@pytest.mark.parametrize("number", [[7, 8, 9], [7.0, 8.0, 9.0], pd.array([7, 8, None], "Int16")])
def test_labels_are_joined_by_key_and_instant(number: Any, tmp_path: Path) -> None:
    item, plain = entry(DAY, [0.9, 0.2, 0.3], keys=KEYS), entry(DAY, [0.1])
    write(tmp_path / "log", item, plain)
    read = keyed_labels(tmp_path / "l.parquet", [1, 0, 1], number=number)
    result = joined(tmp_path / "log", read)
    (day,) = result.days
    assert (day.whole.rows, day.whole.labelled) == (4, 2)
    assert day.whole.binary is not None
    assert day.whole.binary.positives == ScoreHistogram.of([0.9])
    assert day.whole.binary.negatives == ScoreHistogram.of([0.2])
    assert codes(result) == ["no-label-key", "no-logged-key"]


def test_with_a_key_a_label_must_be_known_after_the_instant(tmp_path: Path) -> None:
    write(tmp_path / "log", entry(DAY, [0.9, 0.2, 0.3], keys=KEYS))
    known = KEYS["at"] + pd.to_timedelta([1, -1, 1], "h")
    result = joined(tmp_path / "log", keyed_labels(tmp_path / "l.parquet", [1, 0, 1], known=known))
    (day,) = result.days
    assert (day.whole.labelled, day.whole.rejected) == (1, 1)


def test_the_key_may_be_among_the_features(tmp_path: Path) -> None:
    write(tmp_path / "log", entry(DAY, [0.9, 0.2, 0.3], features=KEYS))
    result = joined(tmp_path / "log", keyed_labels(tmp_path / "l.parquet", [1, 0, 1]))
    assert result.days[0].whole.labelled == 2


def test_two_predictions_for_one_key_have_the_same_label(tmp_path: Path) -> None:
    items = [entry(day, [0.9, 0.2, 0.3], keys=KEYS) for day in DAYS[:2]]
    write(tmp_path / "log", *items)
    result = joined(tmp_path / "log", keyed_labels(tmp_path / "l.parquet", [1, 0, 1]))
    assert [day.whole.labelled for day in result.days] == [2, 2]
    assert (result.joined, result.unknown) == (2, 0)


def test_packages_and_challengers_are_counted_apart(tmp_path: Path) -> None:
    item = entry(DAY, [0.9, 0.2])
    shadow = entry(DAY, [0.1, 0.3], request=item.request, role="challenger", package="b" * 64)
    write(tmp_path / "log", item, shadow)
    columns = {"prediction": [*predictions(item)], "came": [1, 0]}
    result = joined(tmp_path / "log", labels(tmp_path / "l.parquet", columns))
    (champion,) = result.of_package(PACKAGE)
    (challenger,) = result.of_package("b" * 64, "challenger")
    assert champion.whole.binary is not None
    assert challenger.whole.binary is not None
    assert champion.whole.binary.positives == ScoreHistogram.of([0.9])
    assert challenger.whole.binary.positives == ScoreHistogram.of([0.1])
    assert result.joined == 2


def test_a_regression_has_sums_of_its_errors(tmp_path: Path) -> None:
    item = entry(DAY, [10.0, 20.0, None])
    write(tmp_path / "log", item)
    columns = {"prediction": [*predictions(item)], "came": [7.0, 21.0, 5.0]}
    read = labels(tmp_path / "l.parquet", columns, "regression")
    (day,) = joined(tmp_path / "log", read, Judged("regression", "late")).days
    errors = day.whole.errors
    assert errors is not None
    assert (errors.rows, errors.missing) == (2, 1)
    assert (errors.error.value, errors.absolute.value, errors.square.value) == (2, 4, 10)


def test_slices_have_the_most_frequent_values_and_all_others(tmp_path: Path) -> None:
    carriers = ["UA"] * 4 + ["B6"] * 3 + ["AA", "DL", None]
    item = entry(DAY, [0.5] * 10, features=pd.DataFrame({"carrier": carriers}))
    plain = entry(DAY, [0.5] * 2, features=pd.DataFrame({"hour": [1, 2]}))
    write(tmp_path / "log", item, plain)
    columns = {"prediction": [*predictions(item)], "came": [1] * 10}
    judged = Judged("binary", "late", by=("carrier", "gate"), most=2)
    result = joined(tmp_path / "log", labels(tmp_path / "l.parquet", columns), judged)
    (day,) = result.days
    rows = {value: part.rows for value, part in day.slices["carrier"].items()}
    assert rows == {"UA": 4, "B6": 3, OTHER: 2, MISSING: 1, NOT_LOGGED: 2}
    assert codes(result) == ["no-slice-column"]


def test_a_whole_number_is_one_value_with_and_without_missing_ones(tmp_path: Path) -> None:
    whole, partial = (
        entry(DAY, [0.5] * len(hours), features=pd.DataFrame({"hour": hours}))
        for hours in ([1, 2], [1.0, 2.5, None])
    )
    write(tmp_path / "log", whole, partial)
    columns = {"prediction": [*predictions(whole), *predictions(partial)], "came": [1] * 5}
    judged = Judged("binary", "late", by=("hour",))
    (day,) = joined(tmp_path / "log", labels(tmp_path / "l.parquet", columns), judged).days
    rows = {value: part.rows for value, part in day.slices["hour"].items()}
    assert rows == {"1": 2, "2": 1, "2.5": 1, MISSING: 1}


cohort = st.lists(
    st.tuples(
        st.sampled_from(DAYS),
        st.floats(0, 1),
        st.sampled_from([0, 1, None]),
        st.sampled_from(["ok", "twice", "contradicted", "early", "null"]),
        st.sampled_from(["UA", "B6", "AA"]),
    ),
    min_size=1,
    max_size=15,
)


@pytest.mark.slow
@settings(max_examples=12)
@given(cohort, st.integers(0, 3))
def test_every_row_is_labelled_unlabelled_or_rejected(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, float, int | None, str, str]],
    strangers: int,
) -> None:
    folder = tmp_path_factory.mktemp("joined")
    items = [entry(day, [score], features=pd.DataFrame({"carrier": [carrier]}))
             for day, score, _, _, carrier in rows]  # fmt: skip
    write(folder / "log", *items)
    table = [part for item, row in zip(items, rows, strict=True) for part in table_of(item, row)]
    table += [(f"{entry(DAY, [0.1]).request}-0", 1, None) for _ in range(strangers)]
    names, came, known = zip(*table, strict=True) if table else ((), (), ())
    columns = {
        "prediction": pd.Series(names, dtype="str"),
        "came": pd.array(came, "Int8"),
        "known": pd.to_datetime(pd.Series(known, dtype=object)).astype("datetime64[us]"),
    }
    read = labels(folder / "l.parquet", columns, known="known")
    result = joined(folder / "log", read)
    whole = merge(result.days).whole
    states = [(came is not None and state) for _, _, came, state, _ in rows]
    assert whole.rows == len(rows)
    assert whole.labelled == states.count("ok") + states.count("twice")
    assert whole.rejected == states.count("contradicted") + states.count("early")
    assert whole.rows == whole.labelled + whole.unlabelled + whole.rejected
    assert result.unknown == strangers
    assert read.rows == len(read) - states.count("contradicted") + sum(read.findings.rows.values())
    for day in result.days:
        parts = list(day.slices["carrier"].values())
        assert sum(part.rows for part in parts) == day.whole.rows
        assert sum(part.labelled for part in parts) == day.whole.labelled


def table_of(item: Any, row: tuple[str, float, int | None, str, str]) -> list[tuple[Any, ...]]:
    """The rows of the labels for one predicted row."""
    _, _, came, state, _ = row
    name, late, early = f"{item.request}-0", "2026-12-01", "2026-11-01"
    if came is None:
        return []
    return {
        "ok": [(name, came, late)],
        "twice": [(name, came, late)] * 2,
        "contradicted": [(name, came, late), (name, 1 - came, late)],
        "early": [(name, came, early)],
        "null": [(name, None, late)],
    }[state]


def of(*values: str, rows: int = 2) -> LabelledRows:
    return LabelledRows(rows * len(values), 0, 0)


def sliced(*values: str) -> LabelledDay:
    return LabelledDay(PACKAGE, "champion", (DAY,), of(*values), {"c": {v: of(v) for v in values}})


values = st.lists(st.sampled_from(["a", "b", "c", OTHER, MISSING]), unique=True, min_size=1)


@given(values, values, values)
def test_slices_merge_in_every_order_and_lose_no_row(
    first: list[str], second: list[str], third: list[str]
) -> None:
    days = [sliced(*first), sliced(*second), sliced(*third)]
    whole = merge(days)
    assert merge([days[0], merge(days[1:])]).slices == whole.slices
    assert merge([merge(days[::2]), days[1]]).slices == whole.slices
    assert sum(rows.rows for rows in whole.slices["c"].values()) == whole.whole.rows
    for value in set(whole.slices["c"]) - {OTHER, MISSING}:
        assert all(value in day.slices["c"] or OTHER not in day.slices["c"] for day in days)


def test_a_day_is_read_as_it_is_written(tmp_path: Path) -> None:
    item = entry(DAY, [0.9, np.nan, 0.3])
    write(tmp_path / "log", item)
    columns = {"prediction": [*predictions(item)][:2], "came": [1, 0]}
    (day,) = joined(tmp_path / "log", labels(tmp_path / "l.parquet", columns)).days
    assert LabelledDay.from_json(day.as_json()) == day
    with pytest.raises(ValueError, match="format 9"):
        LabelledDay.from_json({**day.as_json(), "format": 9})
