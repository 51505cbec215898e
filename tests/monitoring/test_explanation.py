"""How much of a rise goes with single columns, from counts by bin."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.data.profiles.column import Column, ColumnKind, Texts
from stagebook.monitoring.changed_rows import most_gained
from stagebook.monitoring.column_bins import MOST_TEXTS, ColumnBins
from stagebook.monitoring.day_evidence import QUANTUM, BinLosses, DayEvidence
from stagebook.monitoring.explanation import ColumnShare, Explanation, RiseShare, composition

CARRIERS = Column(
    "carrier", "string", ColumnKind.TEXT, 10, 1, Texts.counted({"UA": 5, "B6": 3, "AA": 1})
)
BINS = ColumnBins.of(CARRIERS)
assert BINS is not None


def cells(rows: list[int], losses: list[float]) -> BinLosses:
    """Bins with a mean loss each."""
    counts = np.array(rows, np.int64)
    return BinLosses(counts, np.rint(counts * np.array(losses) / QUANTUM).astype(np.int64))


def composed(before: BinLosses, now: BinLosses) -> float:
    pairs = ((side.rows.astype(float), side.losses * QUANTUM) for side in (before, now))
    return float(composition(*pairs))


def evidence(**columns: BinLosses) -> DayEvidence:
    return DayEvidence(columns)


def explained(
    before: DayEvidence | list[DayEvidence], now: DayEvidence, score: str | None = None
) -> Explanation | None:
    first = before if isinstance(before, list) else [before]
    return Explanation.of(first, [now], ["rain", "carrier"], score)


def shares(before: DayEvidence, now: DayEvidence) -> dict[str, float]:
    explanation = explained(before, now)
    assert explanation is not None
    return {item.column: item.part.share for item in explanation.columns}


def test_a_column_whose_bins_changed_alone_explains_all() -> None:
    before = evidence(rain=cells([0, 90, 10], [0, 0.1, 0.4]), carrier=cells([100], [0.13]))
    now = evidence(rain=cells([0, 50, 50], [0, 0.1, 0.4]), carrier=cells([100], [0.25]))
    assert shares(before, now) == pytest.approx({"rain": 1.0, "carrier": 0.0})


def test_a_column_in_which_every_bin_is_worse_explains_nothing() -> None:
    before = evidence(rain=cells([60, 40], [0.1, 0.2]), score=cells([50, 50], [0.1, 0.18]))
    now = evidence(rain=cells([60, 40], [0.3, 0.4]), score=cells([50, 50], [0.3, 0.38]))
    assert shares(before, now) == pytest.approx({"rain": 0.0}, abs=1e-6)
    explanation = explained(before, now, "score")
    assert explanation is not None
    assert explanation.relation is not None
    assert explanation.relation.share == pytest.approx(1.0)
    assert explained(before, now).relation is None  # type: ignore[union-attr]


def test_a_bin_that_was_empty_counts_with_the_loss_that_it_has() -> None:
    before, now = cells([100, 0], [0.1, 0.0]), cells([50, 50], [0.1, 0.5])
    assert composed(before, now) == pytest.approx(0.2)


def test_without_a_rise_there_is_nothing_to_explain() -> None:
    one = evidence(rain=cells([10], [0.2]))
    assert explained(one, evidence(rain=cells([10], [0.1]))) is None
    assert explained(one, one) is None
    assert explained(one, evidence(rain=cells([0], [0.0]))) is None
    assert explained(evidence(), evidence()) is None
    assert explained([], one) is None


def test_days_that_differ_make_the_interval_wide() -> None:
    now = evidence(rain=cells([50, 50], [0.1, 0.4]))
    alike = [evidence(rain=cells([80, 20], [0.1, 0.4]))] * 8
    varied = [evidence(rain=cells([n, 100 - n], [0.1, 0.4])) for n in (60, 70, 80, 90, 100) * 2]
    parts = [explained(days, now).columns[0].part for days in (alike, varied)]  # type: ignore[union-attr]
    assert (parts[0].low, parts[0].high) == pytest.approx((1.0, 1.0))
    assert parts[1].share == pytest.approx(1.0)
    assert parts[1].low < 0.9 < 1.1 < parts[1].high
    chance = RiseShare(0.5, -0.1, 1.1)
    words = [
        Explanation(0.1, 0.2, (ColumnShare("rain", part),), None).sentence
        for part in (chance, parts[1])
    ]
    assert ["`rain`" in sentence for sentence in words] == [False, True]


sides = st.lists(st.tuples(st.integers(0, 50), st.floats(0, 1)), min_size=3, max_size=3).filter(
    lambda bins: any(rows for rows, _ in bins)
)


@given(sides, sides)
def test_both_parts_of_a_rise_are_the_whole(
    first: list[tuple[int, float]], last: list[tuple[int, float]]
) -> None:
    """What is not from other bins is from other losses within them."""
    before, now = (cells([n for n, _ in side], [x for _, x in side]) for side in (first, last))
    shares = [side.rows / side.rows.sum() for side in (before, now)]
    within = 0.0
    for place in range(3):
        if before.rows[place] and now.rows[place]:
            rise = now.losses[place] / now.rows[place] - before.losses[place] / before.rows[place]
            within += (shares[0][place] + shares[1][place]) / 2 * rise * QUANTUM
    means = [side.losses.sum() * QUANTUM / side.rows.sum() for side in (before, now)]
    assert composed(before, now) + within == pytest.approx(means[1] - means[0], abs=1e-9)


# Rows in memory


def rows(
    carriers: list[str | None],
    losses: list[float],
    first: int = 0,
    before: DayEvidence | None = None,
) -> DayEvidence:
    names = [f"r-{first + place}" for place in range(len(losses))]
    frame = pd.DataFrame({"carrier": carriers})
    own = np.ones(len(losses), np.bool_)
    return (before or DayEvidence()).with_rows(
        [BINS], [frame], np.array(losses), names.__getitem__, own
    )  # type: ignore[list-item]


def test_rows_are_counted_by_bin_and_the_worst_are_kept() -> None:
    part = rows(["UA", None, "ZZ", "UA", "B6", "AA"], [0.5, 0.25, 1.0, 0.5, 0.0, 0.125])
    assert part.columns["carrier"].rows.tolist() == [1, 2, 1, 1, 1]
    losses = part.columns["carrier"].losses * QUANTUM
    assert losses.tolist() == [0.25, 1.0, 0.0, 0.125, 1.0]
    assert [row.prediction for row in part.worst] == ["r-2", "r-0", "r-3", "r-1", "r-5"]


def test_rows_in_parts_are_the_same_whole() -> None:
    carriers: list[str | None] = ["UA", None, "ZZ", "UA", "B6", "AA"]
    losses = [0.5, 0.3, 1.0, 0.5, 0.0, 0.1]
    whole = rows(carriers, losses)
    for cut in range(7):
        first = rows(carriers[:cut], losses[:cut])
        both = rows(carriers[cut:], losses[cut:], cut, first)
        assert both.as_json() == whole.as_json()
    assert DayEvidence.from_json(whole.as_json()).as_json() == whole.as_json()


def test_a_column_that_is_not_logged_has_no_values() -> None:
    own = np.array([True, False])
    part = DayEvidence().with_rows([BINS], [pd.DataFrame()], np.zeros(2), "ab".__getitem__, own)  # type: ignore[list-item]
    assert part.columns["carrier"].rows.tolist() == [1, 0, 0, 0, 0]


def test_numbers_are_in_the_bins_of_the_profile() -> None:
    from watched_logs import profile_of

    values = pd.DataFrame({"x": [*np.linspace(0, 10, 400), None, np.inf, -np.inf, 99.0]})
    column = profile_of(values).columns[0]
    bins = ColumnBins.of(column)
    assert bins is not None
    counted = np.bincount(bins.codes(values["x"]), minlength=bins.size)
    assert counted.tolist() == bins.reference.tolist()
    assert bins.codes(pd.Series(["abc", "1.5"]))[0] == 0


def test_rare_texts_share_a_bin() -> None:
    counts = {f"v{number:04}": 2 for number in range(MOST_TEXTS + 5)}
    bins = ColumnBins.of(Column("v", "string", ColumnKind.TEXT, 500, 90, Texts.counted(counts)))
    assert bins is not None
    assert (bins.size, bins.reference[0], bins.reference[-1]) == (MOST_TEXTS + 2, 90, 10)
    assert bins.codes(pd.Series(["v0000", "v0204", "other"])).tolist() == [1, 201, 201]


def test_times_have_no_bins() -> None:
    assert ColumnBins.of(Column("at", "timestamp[us]", ColumnKind.TIME, 1, 1, None)) is None


def test_the_share_that_has_grown_most_is_named() -> None:
    assert most_gained([0.5, 0.5, 0.0], [0.2, 0.6, 0.2]) == 2
    assert most_gained([0.5, 0.5], [0.5, 0.5]) is None
