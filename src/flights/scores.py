"""How good a forecast is, and how sure that is, when days and not flights are independent."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

SCORES = ("auc", "log_loss", "brier")


@dataclass(frozen=True, slots=True)
class DailyScores:
    """A forecast's scores, broken into days, so that days can be drawn again.

    With d days:

    Attributes:
        ordered: Shape (d, d): of the pairs of a late flight of the row's day and a punctual one of
            the column's, how many the forecast puts in the right order (a tie counts a half).
        late: Shape (d,), late flights.
        punctual: Shape (d,), the others.
        log_loss: Shape (d,), sums of each flight's log loss, in nats.
        brier: Shape (d,), sums of each flight's squared error.
    """

    ordered: Floats
    late: Floats
    punctual: Floats
    log_loss: Floats
    brier: Floats

    @classmethod
    def of(cls, late: pd.Series, forecast: Floats, day: pd.Series) -> Self:
        """Breaks a forecast's errors into days.

        Args:
            late: n booleans, what happened.
            forecast: Shape (n,), the probability of being late, 0 to 1.
            day: n days, anything that sorts.
        """
        truth = late.to_numpy(dtype=np.bool_)
        place, days = pd.factorize(day, sort=True)
        p = np.clip(forecast, np.finfo(np.float64).eps, 1 - np.finfo(np.float64).eps)
        loss = -np.where(truth, np.log(p), np.log1p(-p))
        ordered = np.zeros((len(days), len(days)))
        for column in range(len(days)):
            others = np.sort(forecast[~truth & (place == column)])
            below = np.searchsorted(others, forecast[truth], side="left")
            not_above = np.searchsorted(others, forecast[truth], side="right")
            right = (below + not_above) / 2
            ordered[:, column] = np.bincount(place[truth], right, minlength=len(days))

        def per_day(weights: npt.NDArray[np.generic]) -> Floats:
            return np.bincount(place, weights, minlength=len(days)).astype(np.float64)

        return cls(
            ordered,
            per_day(truth),
            per_day(~truth),
            per_day(loss),
            per_day((forecast - truth) ** 2),
        )

    def scores(self, times: Floats) -> dict[str, Floats]:
        """Scores the forecast on days drawn some number of times each.

        AUC is the share of rightly ordered pairs (Mann and Whitney 1947; Hanley and McNeil,
        Radiology 143, 1982), log loss and Brier score (Brier, Monthly Weather Review 78, 1950)
        are means over flights.

        Args:
            times: Shape (k, d): how often each draw holds each day.

        Returns:
            For each of ``SCORES`` an array of shape (k,); missing where a draw has no pair.
        """
        pairs = (times @ self.late) * (times @ self.punctual)
        right = np.einsum("kd,de,ke->k", times, self.ordered, times, optimize=True)
        flights = times @ (self.late + self.punctual)
        with np.errstate(invalid="ignore", divide="ignore"):
            return {
                "auc": np.where(pairs > 0, right / pairs, np.nan),
                "log_loss": (times @ self.log_loss) / flights,
                "brier": (times @ self.brier) / flights,
            }


def draw_days(days: int, draws: int, seed: int) -> Floats:
    """Draws as many days as there are, with replacement, again and again.

    The bootstrap of Efron (Annals of Statistics 7, 1979) with the day as its unit: the flights of
    one day share weather and congestion, so drawing single flights would give intervals that are
    too narrow.

    Args:
        days: How many days there are, d.
        draws: How many draws, k.
        seed: Of NumPy's default generator.

    Returns:
        Shape (k, d): how often each draw holds each day; every row adds up to d.
    """
    generator = np.random.default_rng(seed)
    return generator.multinomial(days, np.full(days, 1 / days), size=draws).astype(np.float64)


def with_intervals(daily: DailyScores, draws: Floats, digits: int = 6) -> dict[str, float]:
    """Scores a forecast and gives 95% intervals.

    Args:
        daily: The forecast's scores by day, d days.
        draws: Shape (k, d), from ``draw_days``.
        digits: To round to.

    Returns:
        For each of ``SCORES`` its value, and with ``_low`` and ``_high`` appended the 2.5th and
        97.5th percentile over the draws; NaN where nothing can be said.
    """
    return _summary(daily.scores(_every_day_once(draws)), daily.scores(draws), digits)


def gain_with_intervals(
    better: DailyScores, worse: DailyScores, draws: Floats, digits: int = 6
) -> dict[str, float]:
    """Gives by how much one forecast's scores differ from another's, on the same draws.

    Args:
        better: The forecast in question.
        worse: What it is compared with, on the same flights.
        draws: As for ``with_intervals``.
        digits: To round to.

    Returns:
        As ``with_intervals``, for the differences ``better - worse``.
    """

    def difference(times: Floats) -> dict[str, Floats]:
        ours, theirs = better.scores(times), worse.scores(times)
        return {name: ours[name] - theirs[name] for name in SCORES}

    return _summary(difference(_every_day_once(draws)), difference(draws), digits)


def calibration_groups(late: pd.Series, forecast: Floats, groups: int) -> pd.DataFrame:
    """Compares forecast and outcome in groups of equal size, from the lowest forecasts up.

    Args:
        late: n booleans, what happened.
        forecast: Shape (n,), the probability of being late, 0 to 1.
        groups: How many groups; each gets n / groups flights, give or take one.

    Returns:
        ``groups`` rows: ``group`` (from 1), ``flights``, ``forecast`` and ``observed`` (means).
    """
    order = np.argsort(forecast, kind="stable")
    parts = np.array_split(order, groups)
    truth = late.to_numpy(dtype=np.float64)
    rows = [
        (number, len(part), forecast[part].mean(), truth[part].mean())
        for number, part in enumerate(parts, start=1)
        if len(part)
    ]
    return pd.DataFrame(rows, columns=["group", "flights", "forecast", "observed"])


def _every_day_once(draws: Floats) -> Floats:
    return np.ones((1, draws.shape[1]))


def _summary(value: dict[str, Floats], drawn: dict[str, Floats], digits: int) -> dict[str, float]:
    summary: dict[str, float] = {}
    for name in SCORES:
        known = drawn[name][~np.isnan(drawn[name])]
        low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
        summary[name] = round(float(value[name][0]), digits)
        summary[f"{name}_low"] = round(float(low), digits)
        summary[f"{name}_high"] = round(float(high), digits)
    return summary
