"""Metrics of mature days; bounds of the others."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pytest
from refusals import problems

from stagebook.monitoring.binary_metrics import realized
from stagebook.monitoring.cohorts import DAY, Cohorts, Maturity
from stagebook.monitoring.labelled_day import LabelledDay
from stagebook.monitoring.labelled_rows import (
    LABELLED,
    REJECTED,
    UNLABELLED,
    LabelledRows,
    ScoredRows,
)
from stagebook.monitoring.performance import performance

Array = npt.NDArray[np.float64]
FIRST = date(2026, 11, 2)
TWO_DAYS = Maturity(after=2 * DAY)


def at(days: float) -> datetime:
    """A time after the beginning of the first day."""
    return datetime.combine(FIRST, datetime.min.time(), UTC) + timedelta(days=days)


def day_of(
    number: int, scores: Array, labels: Array, states: npt.NDArray[np.int8] | None = None
) -> LabelledDay:
    """A day with rows; NaN is no label."""
    own = np.where(np.isnan(labels), UNLABELLED, LABELLED).astype(np.int8)
    rows = ScoredRows(scores, labels, own if states is None else states)
    name = (FIRST + timedelta(days=number)).isoformat()
    near = {"near": rows.where(scores < 0.5), "far": rows.where(scores >= 0.5)}
    slices = {"distance": {value: LabelledRows.of(part, "binary") for value, part in near.items()}}
    return LabelledDay("a" * 64, "champion", (name,), LabelledRows.of(rows, "binary"), slices)


def complete(number: int, rows: int = 200, missing: float = 0.0) -> LabelledDay:
    """A day of a calibrated model."""
    random = np.random.default_rng(number)
    scores = random.random(rows)
    labels = (random.random(rows) < scores).astype(np.float64)
    labels[random.random(rows) < missing] = np.nan
    return day_of(number, scores, labels)


def test_a_day_is_mature_by_its_age_or_by_its_share_of_labels() -> None:
    full, partial = complete(0), complete(0, missing=0.3)
    assert not TWO_DAYS.is_mature(full, at(0.9))  # more rows will come
    assert TWO_DAYS.is_mature(full, at(1))
    assert not TWO_DAYS.is_mature(partial, at(2.99))
    assert TWO_DAYS.is_mature(partial, at(3))
    assert Maturity(after=2 * DAY, share=0.6).is_mature(partial, at(1))


def test_a_rejected_label_does_not_make_a_day_mature() -> None:
    states = np.full(100, REJECTED, np.int8)
    day = day_of(0, np.full(100, 0.5), np.full(100, np.nan), states)
    assert not TWO_DAYS.is_mature(day, at(1))


@pytest.mark.parametrize(("after", "share"), [(-1.0, 0.5), (1.0, 0.0), (1.0, 1.5)])
def test_a_maturity_that_cannot_be_is_refused(after: float, share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        Maturity(after, share)


def test_only_mature_days_are_judged() -> None:
    days = [complete(0), complete(1, missing=0.3), complete(4, missing=0.3)]
    first, second, third = performance(days, TWO_DAYS, at(5))
    assert (first.is_mature, second.is_mature, third.is_mature) == (True, True, False)
    assert third.figures == {}
    assert third.slices == {}
    counts = days[1].whole.binary
    assert counts is not None
    assert second.figures == realized(counts.positives, counts.negatives).figures
    for bound in third.bounds.values():
        assert bound.low < bound.high


def test_a_week_has_the_metrics_of_its_mature_days() -> None:
    days = [complete(number, missing=0.3 if number == 5 else 0) for number in range(9)]
    first, second = performance(
        days, TWO_DAYS, at(7.5), name_of=lambda day: f"W{day.isocalendar()[1]}"
    )
    assert (first.name, second.name) == ("W45", "W46")
    assert first.waiting == ((FIRST + timedelta(days=5)).isoformat(),)
    assert len(first.mature) == 6
    counts = [day.whole.binary for day in days[:7] if day is not days[5]]
    rows = sum(part.positives.rows + part.negatives.rows for part in counts if part)
    assert rows == 1200
    accuracy = first.figures["accuracy"]
    right = sum(
        part.positives.counts[1000:].sum() + part.negatives.counts[:1000].sum()
        for part in counts
        if part
    )
    assert accuracy.value == right / rows
    assert accuracy.low < accuracy.value < accuracy.high
    assert not second.is_mature


def test_slices_have_metrics_of_their_own() -> None:
    (period,) = performance([complete(0)], TWO_DAYS, at(4))
    near, far = period.slices["distance"]["near"], period.slices["distance"]["far"]
    assert near.rows + far.rows == period.rows
    assert near.figures["positive_rate"].value < far.figures["positive_rate"].value


def test_one_class_only_has_no_auc_and_other_metrics() -> None:
    (period,) = performance([day_of(0, np.full(50, 0.2), np.zeros(50))], TWO_DAYS, at(4))
    assert period.figures["auc"].value is None
    assert period.figures["auc"].reason == "all rows are of one class"
    assert period.figures["accuracy"].value == 1
    assert "auc" not in period.bounds


def test_a_regression_has_its_metrics_and_no_bounds() -> None:
    rows = ScoredRows(np.array([3.0, 5.0]), np.array([2.0, 7.0]), np.full(2, LABELLED, np.int8))
    whole = LabelledRows.of(rows, "regression")
    day = LabelledDay("a" * 64, "champion", (FIRST.isoformat(),), whole)
    (period,) = performance([day], TWO_DAYS, at(4))
    assert period.bounds == {}
    assert {name: figure.value for name, figure in period.figures.items()} == pytest.approx(
        {"mae": 1.5, "rmse": 2.5**0.5, "bias": -0.5, "r2": 1 - 5 / 12.5}
    )


def test_a_period_is_plain_json() -> None:
    (period,) = performance([complete(0)], TWO_DAYS, at(4))
    assert json.loads(json.dumps(period.as_json(), allow_nan=False)) == period.as_json()


def test_days_of_two_packages_are_refused() -> None:
    other = LabelledDay("b" * 64, "champion", ("2026-11-02",), complete(0).whole)
    (problem,) = problems(lambda: performance([complete(0), other], TWO_DAYS, at(9)))
    assert problem.code == "packages-differ"


def journeys(number: int, age: float) -> tuple[LabelledDay, float]:
    """Journeys of a day as known some hours after its end, and the true accuracy.

    A long journey is late more often, and the model knows nothing of it; what became of it is known
    when it has arrived, so labels of short journeys come first.
    """
    random = np.random.default_rng(100 + number)
    hours = random.uniform(1, 40, 5000)
    late = (random.random(5000) < hours / 50).astype(np.float64)
    scores = np.clip(random.normal(0.3, 0.1, 5000), 0, 1)
    truth = float(((scores >= 0.5) == (late == 1)).mean())
    return day_of(number, scores, np.where(hours <= age, late, np.nan)), truth


def test_early_labels_are_biased_and_only_mature_days_are_judged() -> None:
    now = at(10)
    known = [journeys(number, age=24 * (9 - number)) for number in range(9)]
    days, truths = [day for day, _ in known], [truth for _, truth in known]
    cohorts = Cohorts.of(days, TWO_DAYS, now)
    assert [len(cohorts.mature), len(cohorts.waiting)] == [8, 1]
    early, truth = journeys(7, age=12)
    counts = early.whole.binary
    assert counts is not None
    naive = realized(counts.positives, counts.negatives).figures["accuracy"]
    assert naive.low > truth + 0.1  # it looks much better than it is, and surely so
    periods = performance([*days[:7], early], TWO_DAYS, at(8.5))
    assert [period.is_mature for period in periods] == [True] * 7 + [False]
    for period, own in zip(periods[:7], truths[:7], strict=True):
        assert abs(period.figures["accuracy"].value - own) < 0.005  # type: ignore[operator]
    waiting = periods[7]
    assert waiting.figures == {}
    assert waiting.bounds["accuracy"].low < truth < waiting.bounds["accuracy"].high
