"""A day of a log becomes a summary for each package."""

import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from refusals import problems
from watched_logs import (
    DAY,
    FRAME,
    NEXT,
    OTHER,
    OWN,
    SCORES,
    closed,
    profile_of,
    reference,
    request,
    write,
)

from stagebook.data.profiles.column import Booleans, Column, ColumnKind, Numbers, Texts
from stagebook.data.profiles.score_histogram import ScoreHistogram
from stagebook.monitoring.day_summary import DaySummary, Occurrences
from stagebook.monitoring.log_days import summarize
from stagebook.monitoring.package_reference import PackageReference
from stagebook.serving.log.days import close_days
from stagebook.serving.log.request_log import LogEntry
from stagebook.serving.refusal import RequestProblem, RowWarning


def own(folder: Path, *entries: LogEntry, package: PackageReference | None = None) -> DaySummary:
    """The watched package's summary of a closed day with some requests."""
    return summarize(closed(folder, *entries), DAY, package or reference())[OWN]


def column(summary: DaySummary, name: str) -> Column:
    assert summary.inputs is not None
    logged = summary.inputs.column(name)
    assert logged is not None
    return logged


def test_requests_rows_statuses_and_times_are_counted(tmp_path: Path) -> None:
    refused = {"status": 422, "features": None, "predictions": None}
    summary = own(
        tmp_path,
        request(hour=9, milliseconds=1.0),
        request(hour=7.5, milliseconds=3.0),
        request(hour=20, milliseconds=2.0, **refused),
    )
    assert (summary.days, summary.requests, summary.rows) == ((DAY,), 3, 6)
    assert summary.statuses == {200: 2, 422: 1}
    times = [datetime.time(7, 30), datetime.time(20)]
    assert [summary.first.time(), summary.last.time()] == times  # type: ignore[union-attr]
    assert summary.latency.answers == 3
    assert (summary.latency.minimum, summary.latency.maximum) == (1.0, 3.0)


def test_profiles_are_those_of_the_rows_on_the_grids_of_the_package(tmp_path: Path) -> None:
    package = reference()
    summary = own(tmp_path, request(), request(), package=package)
    twice, scores = (pd.concat([frame] * 2, ignore_index=True) for frame in (FRAME, SCORES))
    inputs, predictions = profile_of(twice, package.inputs), profile_of(scores, package.predictions)
    assert summary.inputs == inputs
    assert summary.predictions == predictions
    assert summary.scores == ScoreHistogram.of(scores["score"])
    assert summary.features is not None
    assert (summary.features.others, summary.features.left_out) == ((), ())


def test_an_open_day_has_the_summary_of_the_closed_one(tmp_path: Path) -> None:
    warning = RowWarning("outside-training-range", "High.", 1, "distance")
    bad = RequestProblem("bad-value", "Bad.", row=0, column="distance")
    refused = request(status=422, features=None, predictions=None, problems=(bad,))
    write(tmp_path, request(warnings=(warning,)), refused)
    write(tmp_path, request(), request(package=OTHER), worker=1)
    before = summarize(tmp_path, DAY, reference())
    close_days(tmp_path, "2999-01-01")
    assert summarize(tmp_path, DAY, reference()) == before
    assert before[OWN].requests == 3


def test_a_missing_number_is_null_as_in_the_training_table(tmp_path: Path) -> None:
    summary = own(tmp_path, request())
    delay = column(summary, "delay")
    assert isinstance(delay.detail, Numbers)
    assert (delay.rows, delay.nulls, delay.detail.nan) == (3, 1, 0)


def test_nan_stays_nan_if_the_training_table_has_it(tmp_path: Path) -> None:
    import pyarrow as pa

    from stagebook.data.profiles.profiling import profile
    from stagebook.data.tables.table import Table

    learned = profile(Table.of_rows(pa.table({"delay": pa.array([1.0, np.nan])})))
    package = PackageReference(OWN, learned, reference().predictions)
    delay = column(own(tmp_path, request(), package=package), "delay")
    assert isinstance(delay.detail, Numbers)
    assert (delay.nulls, delay.detail.nan) == (0, 1)


def test_refusals_are_counted_by_rule_in_requests_and_rows(tmp_path: Path) -> None:
    facts = {"status": 422, "features": None, "predictions": None}
    low = [RequestProblem("out-of-contract", "Low.", row=n, column="distance") for n in (0, 2, 2)]
    whole = RequestProblem("unknown-column", "What?")
    summary = own(
        tmp_path,
        request(problems=(*low, whole), **facts),
        request(problems=(low[0],), **facts),
    )
    assert summary.refusals == {
        ("out-of-contract", "distance"): Occurrences(2, 3),
        ("unknown-column", ""): Occurrences(1, 0),
    }


def test_warnings_are_counted_by_rule_in_rows(tmp_path: Path) -> None:
    high = [RowWarning("outside-training-range", "High.", n, "distance") for n in (0, 2, 2)]
    new = RowWarning("category-not-in-training", "New.", 2, "carrier")
    summary = own(tmp_path, request(warnings=(*high, new)), request(warnings=(new,)))
    assert summary.warnings == {
        ("category-not-in-training", "carrier"): 2,
        ("outside-training-range", "distance"): 2,
    }


def test_a_challenger_is_counted_apart(tmp_path: Path) -> None:
    entry = request()
    shadow = request(request=entry.request, package=OTHER, role="challenger", milliseconds=99.0)
    summaries = summarize(closed(tmp_path, entry, shadow), DAY, reference())
    assert (summaries[OWN].requests, summaries[OWN].shadow) == (1, Occurrences())
    assert summaries[OTHER] == DaySummary(OTHER, (DAY,), shadow=Occurrences(1, 3))
    assert summaries[OWN].latency.maximum == 1.25


def test_another_package_is_counted_without_profiles(tmp_path: Path) -> None:
    other = pd.DataFrame({"distance": ["far"], "hour": [7]})
    swapped = request(package=OTHER, features=other, predictions=SCORES.head(1))
    summaries = summarize(closed(tmp_path, request(), swapped), DAY, reference())
    assert list(summaries) == [OWN, OTHER]
    assert (summaries[OTHER].requests, summaries[OTHER].rows) == (1, 1)
    assert (summaries[OTHER].inputs, summaries[OTHER].predictions) == (None, None)
    assert summaries[OTHER].scores is None
    assert summaries[OWN].inputs == profile_of(FRAME, reference().inputs)


def test_a_log_of_another_package_has_no_summary_of_the_watched_one(tmp_path: Path) -> None:
    assert list(summarize(closed(tmp_path, request(package=OTHER)), DAY, reference())) == [OTHER]


def test_columns_that_are_left_out_are_listed_and_not_lost(tmp_path: Path) -> None:
    closed(tmp_path, request(), without=("carrier", "score"))
    summary = summarize(tmp_path, DAY, reference())[OWN]
    features, answers = summary.features, summary.answers
    assert features is not None
    assert answers is not None
    assert features.left_out == ("carrier",)
    assert [column.name for column in features.profile.columns] == [
        name for name in FRAME if name != "carrier"
    ]
    assert answers.left_out == ("score",)
    assert summary.scores is not None
    assert (summary.scores.rows, summary.scores.missing) == (0, 3)


def test_a_column_that_disappeared_is_counted_where_it_was(tmp_path: Path) -> None:
    summary = own(tmp_path, request(), request(features=FRAME.drop(columns="carrier")))
    assert summary.features is not None
    assert summary.features.absent == {"carrier": 3}
    assert summary.features.left_out == ()
    assert (column(summary, "carrier").rows, column(summary, "distance").rows) == (3, 6)


def test_a_column_of_another_kind_stays_visible(tmp_path: Path) -> None:
    texts = FRAME.assign(distance=["near", "far", None])
    summary = own(tmp_path, request(), request(features=texts))
    assert summary.features is not None
    (retyped,) = summary.features.retyped
    assert (retyped.name, retyped.kind) == ("distance", ColumnKind.TEXT)
    assert (retyped.rows, retyped.nulls) == (3, 1)
    assert (column(summary, "distance").rows, summary.features.absent) == (3, {})


def test_a_column_that_is_always_of_another_kind_is_in_the_profile_as_it_is(tmp_path: Path) -> None:
    summary = own(tmp_path, request(features=FRAME.assign(distance=["near", "far", "far"])))
    distance = column(summary, "distance")
    assert (distance.kind, distance.rows, distance.detail) == (ColumnKind.TEXT, 3, None)


def test_numbers_of_another_width_are_of_the_same_kind(tmp_path: Path) -> None:
    floats = FRAME.assign(distance=FRAME["distance"].astype("float32"))
    summary = own(tmp_path, request(), request(features=floats))
    assert summary.features is not None
    assert (summary.features.others, column(summary, "distance").rows) == ((), 6)


def test_an_unknown_column_is_listed(tmp_path: Path) -> None:
    summary = own(tmp_path, request(features=FRAME.assign(extra=1)))
    assert summary.features is not None
    (added,) = summary.features.added
    assert (added.name, added.type, added.rows) == ("extra", "int64", 3)
    assert summary.features.retyped == ()


def test_objects_count_as_what_the_training_table_has(tmp_path: Path) -> None:
    days = [datetime.date(2026, 1, 1), datetime.date(2026, 1, 2), None]
    learned = pd.DataFrame({"day": days, "sure": pd.array([True, False, None], "object")})
    summary = own(tmp_path, request(features=learned), package=reference(learned))
    day, sure = column(summary, "day"), column(summary, "sure")
    assert summary.features is not None
    assert summary.features.others == ()
    assert isinstance(day.detail, Numbers)
    assert (day.nulls, day.detail.finite) == (1, 2)
    assert (sure.nulls, sure.detail) == (1, Booleans(1, 1))


def test_missing_objects_fit_every_column(tmp_path: Path) -> None:
    missing = FRAME.assign(late=pd.Series([None] * 3, dtype=object))
    summary = own(tmp_path, request(features=missing), package=reference())
    assert summary.features is not None
    assert summary.features.others == ()
    assert (column(summary, "late").rows, column(summary, "late").nulls) == (3, 3)


def test_categories_count_as_texts(tmp_path: Path) -> None:
    numbers = pd.Series(pd.Categorical([1, 2, None]))
    learned = FRAME.assign(carrier=FRAME["carrier"].astype("category"), group=numbers)
    summary = own(tmp_path, request(features=learned), package=reference(learned))
    carrier, group = column(summary, "carrier"), column(summary, "group")
    assert isinstance(carrier.detail, Texts)
    assert isinstance(group.detail, Texts)
    assert (carrier.detail.counts, group.detail.counts) == ({"B6": 1, "UA": 2}, {"1": 1, "2": 1})
    assert group.nulls == 1


def test_a_model_that_failed_has_inputs_and_no_predictions(tmp_path: Path) -> None:
    summary = own(tmp_path, request(status=500, predictions=None))
    assert summary.features is not None
    assert summary.answers is not None
    assert (summary.features.rows, summary.answers.rows) == (3, 0)
    assert summary.statuses == {500: 1}


def test_scores_that_are_texts_are_missing(tmp_path: Path) -> None:
    summary = own(tmp_path, request(predictions=SCORES.assign(score=["a", "b", "c"])))
    assert summary.scores is not None
    assert (summary.scores.rows, summary.scores.missing) == (0, 3)


def test_without_a_score_there_is_no_histogram(tmp_path: Path) -> None:
    assert own(tmp_path, request(), package=reference(score=None)).scores is None


def test_a_score_that_is_not_predicted_is_refused() -> None:
    (refused,) = problems(reference, score="scoer")
    assert refused.code == "unknown-score"


def test_rows_of_several_batches_are_counted_once(tmp_path: Path) -> None:
    many = pd.concat([FRAME] * 30_000, ignore_index=True)
    scores = pd.concat([SCORES] * 30_000, ignore_index=True)
    large = request(features=many, predictions=scores)
    summary = own(tmp_path, request(), large, request(), package=reference())
    assert (summary.requests, summary.rows, summary.latency.answers) == (3, 90_006, 3)
    assert column(summary, "distance").rows == 90_006


def test_a_day_that_a_clock_brought_twice_is_one_day(tmp_path: Path) -> None:
    closed(tmp_path, request(DAY, 1))
    closed(tmp_path, request(NEXT, 1))
    closed(tmp_path, request(DAY, 23))  # the clock went back
    assert len(list((tmp_path / "days").glob(f"{DAY}*.parquet"))) == 2
    summary = summarize(tmp_path, DAY, reference())[OWN]
    assert (summary.requests, summary.rows) == (2, 6)


def test_a_day_without_requests_has_no_summary(tmp_path: Path) -> None:
    assert summarize(closed(tmp_path, request()), NEXT, reference()) == {}


@pytest.mark.parametrize("size", [100, 3000])
def test_a_truncated_day_names_its_file(size: int, tmp_path: Path) -> None:
    closed(tmp_path, request())
    path = tmp_path / "days" / f"{DAY}.parquet"
    path.write_bytes(path.read_bytes()[:size])
    (damaged,) = problems(summarize, tmp_path, DAY, reference())
    assert damaged.code == "bad-request-log"
    assert damaged.where is not None
    assert damaged.where.file == str(path)


def test_a_day_with_damaged_rows_names_its_file(tmp_path: Path) -> None:
    closed(tmp_path, request())
    path = tmp_path / "days" / f"{DAY}.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + b"\xff" * 400 + whole[404:])
    (damaged,) = problems(summarize, tmp_path, DAY, reference())
    assert damaged.code == "bad-request-log"
    assert damaged.where is not None
    assert damaged.where.file == str(path)


def test_a_damaged_file_of_an_open_day_is_named(tmp_path: Path) -> None:
    for worker in range(2):
        write(tmp_path, request(), worker=worker)
    path = min((tmp_path / "open").glob("*.sqlite"))
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    (damaged,) = problems(summarize, tmp_path, DAY, reference())
    assert damaged.code == "bad-request-log"
    assert damaged.where is not None
    assert damaged.where.file == str(path)


def test_bytes_are_counted_without_detail(tmp_path: Path) -> None:
    learned = pd.DataFrame({"picture": [b"a", None, b"b"]})
    summary = own(tmp_path, request(features=learned), package=reference(learned))
    picture = column(summary, "picture")
    assert (picture.kind, picture.rows, picture.nulls) == (ColumnKind.OTHER, 3, 1)
    assert summary.features is not None
    assert summary.features.others == ()
