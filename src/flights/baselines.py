"""Two forecasts that need no learning machine: the base rate, and a table by carrier and hour."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd


def scheduled_hour(table: pd.DataFrame) -> pd.Series:
    """Gives the local hour, 0 to 23, int64, of ``departure_minute``."""
    return (table["departure_minute"] // 60).astype("int64")


@dataclass(frozen=True, slots=True)
class CarrierHourRates:
    """The share of late flights by carrier and scheduled hour, drawn towards the base rate.

    Attributes:
        base_rate: The share of late flights among all, 0 to 1.
        rates: (carrier, local hour 0 to 23) to smoothed share.
    """

    base_rate: float
    rates: dict[tuple[str, int], float]

    @classmethod
    def fit(cls, table: pd.DataFrame, late: pd.Series, smoothing: float) -> Self:
        """Counts late flights for each carrier and hour.

        A pair's rate is ``(late + smoothing * base_rate) / (flights + smoothing)``: the m-estimate
        of Micci-Barreca, "A preprocessing scheme for high-cardinality categorical attributes",
        SIGKDD Explorations 3(1), 2001.

        Args:
            table: Needs ``carrier`` and ``departure_minute`` (minutes after midnight).
            late: Booleans under the same index.
            smoothing: As many flights at the base rate are added to each pair; 0 or more.
        """
        base_rate = float(late.mean())
        pairs = late.astype("int64").groupby([table["carrier"], scheduled_hour(table)])
        counts = pairs.agg(["sum", "size"]).sort_index()
        smoothed = (counts["sum"] + smoothing * base_rate) / (counts["size"] + smoothing)
        names = smoothed.index.get_level_values(0).astype(str)
        hours = smoothed.index.get_level_values(1).astype(int)
        rates = dict(zip(zip(names, hours, strict=True), smoothed.astype(float), strict=True))
        return cls(base_rate, rates)

    def predict(self, table: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Gives the probability of a late arrival for each row of ``table``.

        A pair that was never seen gets the base rate.
        """
        pairs = zip(table["carrier"], scheduled_hour(table), strict=True)
        return np.array([self.rates.get(pair, self.base_rate) for pair in pairs], dtype=np.float64)

    def to_dict(self) -> dict[str, Any]:
        """Gives what a JSON file can hold; ``from_dict`` is its inverse."""
        table: dict[str, dict[str, float]] = {}
        for (carrier, hour), rate in self.rates.items():
            table.setdefault(carrier, {})[f"{hour:02d}"] = rate
        return {"base_rate": self.base_rate, "carrier_hour": table}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """Reads what ``to_dict`` gave."""
        rates = {
            (carrier, int(hour)): float(rate)
            for carrier, hours in content["carrier_hour"].items()
            for hour, rate in hours.items()
        }
        return cls(float(content["base_rate"]), rates)
