"""What models of several dates would have lost in each period, from a table of a person."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from stagebook.monitoring.cadence import Cadence
from stagebook.project.errors import Problem, StagebookError
from stagebook.project.text import listed, plain

if TYPE_CHECKING:
    import pandas as pd

Losses = Mapping[tuple[str, str], tuple[int, float]]
"""By period and last day of training: rows, and wrong predictions among them."""

COLUMNS = ("trained", "period", "rows")
MOST = 5


@dataclass(frozen=True, slots=True)
class Replayed:
    """What models of several dates would have lost in each period.

    Attributes:
        cadence: How long a period is.
        periods: The periods, ascending.
        trained: The last days of training, ascending; the first is that of the deployed model.
        losses: What was lost.
    """

    cadence: Cadence
    periods: tuple[str, ...]
    trained: tuple[str, ...]
    losses: Losses

    def newest(self, period: str) -> str:
        """The newest model that a period has: that of a retraining right before it."""
        return max(trained for own, trained in self.losses if own == period)

    def named(self, event: Any) -> str | None:
        """The period that an event is in: the name of a period, or a day; None for others."""
        text = str(event)[:10]
        if text in self.periods:
            return text
        try:
            name = self.cadence.name_of(date.fromisoformat(text))
        except ValueError:
            return None
        return name if name in self.periods else None


def read(losses: "pd.DataFrame") -> Replayed:
    """The rows of a table; see ``backtest.backtest``.

    Raises:
        StagebookError: The table is not complete or has impossible values (``bad-backtest``).
    """
    wrong = "wrong" if "wrong" in losses.columns else "loss"
    missing = [name for name in (*COLUMNS, wrong) if name not in losses.columns]
    if missing:
        has = f"The table lacks {listed(missing, MOST)}."
        raise _refused(has, "Give the columns trained, period, rows, and wrong or loss.")
    if not len(losses):
        raise _refused("The table has no rows.", "Give a row for each model and period.")
    rows: dict[tuple[str, str], tuple[int, float]] = {}
    for trained, period, *numbers in losses[[*COLUMNS, wrong]].itertuples(index=False):
        key = (str(period), str(trained)[:10])
        if key in rows:
            raise _refused(f"The model of {key[1]} is there twice in {key[0]}.", _ONE)
        counted = _numbers(*numbers, mean=wrong == "loss")
        if counted is None:
            raise _refused(f"The model of {key[1]} has impossible numbers in {key[0]}.", _NUMBERS)
        rows[key] = counted
    periods, models = (tuple(sorted({key[place] for key in rows})) for place in (0, 1))
    replayed = Replayed(_cadence(periods), periods, models, rows)
    problems = [*_bad_models(replayed), *_missing_models(replayed)]
    if problems:
        raise StagebookError(*problems)
    return replayed


_ONE = "Give one row for each model and period."
_NUMBERS = "Rows are whole numbers from 0 on, and losses finite numbers from 0 on."


def _numbers(count: Any, lost: Any, *, mean: bool) -> tuple[int, float] | None:
    """Rows, and wrong predictions among them; None if they are impossible."""
    try:
        rows, wrong = float(count), float(lost)
    except (TypeError, ValueError):
        return None
    total = wrong * rows if mean else wrong
    possible = rows >= 0 and rows.is_integer() and 0 <= total < math.inf
    return (int(rows), total) if possible else None


def _refused(message: str, hint: str) -> StagebookError:
    return StagebookError(Problem("bad-backtest", message, hint))


def first_day(period: str, cadence: Cadence) -> date:
    """The first day of a period, such as ``2013-10``; ValueError for another name."""
    if cadence is Cadence.MONTH:
        return date.fromisoformat(f"{period}-01")
    return date.fromisoformat(period)  # a week of ISO 8601 begins on its Monday


def _cadence(periods: tuple[str, ...]) -> Cadence:
    for cadence in Cadence:
        try:
            days = [first_day(period, cadence) for period in periods]
        except ValueError:
            continue
        if all(cadence.name_of(day) == name for day, name in zip(days, periods, strict=True)):
            return cadence
    names = ", ".join(plain(period, 20) for period in periods[:MOST])
    message = f"The periods are not all days, weeks or months: {names}."
    raise _refused(message, "Name them as 2013-10, 2013-W45 or 2013-11-04.")


def _missing_models(replayed: Replayed) -> Iterator[Problem]:
    """Periods for which no model was trained since the period before."""
    for before, period in zip(replayed.periods, replayed.periods[1:], strict=False):
        if replayed.newest(period) <= replayed.newest(before):
            message = f"No model was trained between the beginnings of {before} and {period}."
            yield Problem("bad-backtest", message, "Train a model right before each period.")


def _bad_models(replayed: Replayed) -> Iterator[Problem]:
    """Models that know the future, and models that a later period does not have any more."""
    for trained in replayed.trained:
        try:
            day = date.fromisoformat(trained)
        except ValueError:
            message = f"The column `trained` has {plain(trained, 20)}, which is not a day."
            yield Problem("bad-backtest", message, "Give the last day of the training's rows.")
            continue
        own = [period for period in replayed.periods if (period, trained) in replayed.losses]
        early = [name for name in own if first_day(name, replayed.cadence) <= day]
        if early:
            message = f"The model of {trained} learned from rows of {listed(early, MOST)}."
            yield Problem("bad-backtest", message, "Judge a model on later periods only.")
        first = replayed.periods[0] if trained == replayed.trained[0] else own[0]
        gone = [name for name in replayed.periods if name >= first and name not in own]
        if gone:
            message = f"The model of {trained} is not judged in {listed(gone, MOST)}."
            yield Problem("bad-backtest", message, "Judge each model on all periods after it.")
