"""A column whose missing values drifted is reported with how many there are."""

from datetime import date

import pandas as pd
import pytest
from watched_logs import OWN, profile_of

from stagebook.data.profiles.profile import Profile
from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.day_summary import DaySummary
from stagebook.monitoring.drift_watch import ReferenceSide, drifts, signals
from stagebook.monitoring.error_budget import ErrorBudget
from stagebook.monitoring.periods import Period
from stagebook.monitoring.side_summary import SideSummary
from stagebook.monitoring.signal import SignalKind

ROWS = 400
DAY = date(2026, 11, 28)


def kilometres(missing: float, shift: float = 0.0) -> pd.DataFrame:
    """A column with the same distribution, apart from missing values and a shift."""
    values = [place % 20 + shift for place in range(ROWS)]
    gap = round(missing * ROWS)
    return pd.DataFrame({"km": [None] * gap + values[gap:]}, dtype="float64")


def sentence(then: pd.DataFrame, now: pd.DataFrame) -> str:
    reference = profile_of(then)
    batch: Profile = profile_of(now, reference)
    summary = DaySummary(OWN, (DAY.isoformat(),), features=SideSummary(batch.columns, (), ROWS))
    period = Period(Cadence.DAY, DAY.isoformat(), DAY, DAY, summary)
    side = ReferenceSide(SignalKind.INPUT_DRIFT, reference, None)
    (signal,) = signals(drifts(side, [period], ErrorBudget()))
    return signal.sentence


@pytest.mark.parametrize(
    ("then", "now", "words"),
    [
        (0.05, 0.85, "has more missing values in 2026-11-28 (0 rows), 85.0% instead of 5.0%"),
        (0.85, 0.05, "has fewer missing values in 2026-11-28 (0 rows), 5.0% instead of 85.0%"),
    ],
)
def test_missing_values_are_named_with_their_share(then: float, now: float, words: str) -> None:
    assert words in sentence(kilometres(then), kilometres(now))


def test_values_that_moved_are_not_called_missing() -> None:
    words = sentence(kilometres(0.05), kilometres(0.05, shift=100.0))
    assert "drifted in 2026-11-28" in words
    assert "missing" not in words
