"""The year cut by time: what is learned from, tuned on, tested on and kept for monitoring."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from flights.source import TIME_ZONE

PERIODS = ("train", "tune", "test", "monitoring")


@dataclass(frozen=True, slots=True)
class Boundaries:
    """The first local days (ISO dates) of the periods that follow training.

    Attributes:
        tune: Flights before this day are for training.
        test: From here on, for the test.
        monitoring: From here on, kept for monitoring.

    Raises:
        ValueError: The days are not in this order.
    """

    tune: str
    test: str
    monitoring: str

    def __post_init__(self) -> None:
        """Refuses days that are not in order."""
        if not self.midnights().is_monotonic_increasing or not self.midnights().is_unique:
            raise ValueError(
                f"periods begin in this order: tune ({self.tune}), test ({self.test}), "
                f"monitoring ({self.monitoring})"
            )

    def midnights(self) -> pd.DatetimeIndex:
        """Gives the three boundaries as New York midnights."""
        days = pd.to_datetime([self.tune, self.test, self.monitoring], format="%Y-%m-%d")
        return days.as_unit("us").tz_localize(TIME_ZONE)


def period(departure: pd.Series, boundaries: Boundaries) -> pd.Series:
    """Tells to which period each flight belongs.

    Args:
        departure: Scheduled departures, timestamps with a time zone.
        boundaries: Where one period ends and the next begins; midnight belongs to the next.

    Returns:
        An ordered categorical of ``PERIODS`` under the index of ``departure``.
    """
    instants = pd.DatetimeIndex(departure).tz_convert("UTC")
    place = boundaries.midnights().tz_convert("UTC").searchsorted(instants, side="right")
    kind = pd.CategoricalDtype(list(PERIODS), ordered=True)
    return pd.Series(np.array(PERIODS)[place], index=departure.index, name="period", dtype=kind)
