"""What policies of retraining would have cost in the past."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from stagebook.monitoring import html_table
from stagebook.monitoring.decision import backtest_rows, words
from stagebook.monitoring.decision.backtest_rows import Replayed
from stagebook.monitoring.decision.costs import Costs
from stagebook.project.errors import Problem, StagebookError
from stagebook.project.text import plain

if TYPE_CHECKING:
    import pandas as pd

NEVER = "never"
HEAD = ("policy", "retrainings", "in vain", "wrong", "cost", "saved")


@dataclass(frozen=True, slots=True)
class PolicyPeriod:
    """One period under a policy.

    Attributes:
        period: Its name.
        trained: The last day that the model of the period had learned from.
        retrained: Whether it was retrained right before the period.
        in_vain: Whether this was on an alarm, and the new model was not better than the one before
            until the next retraining.
        rows: Rows of the period.
        wrong: Wrong predictions among them.
        cost: The cost of these, of the retraining and of the false alarm.
    """

    period: str
    trained: str
    retrained: bool
    in_vain: bool
    rows: int
    wrong: float
    cost: float


@dataclass(frozen=True, slots=True)
class Policy:
    """What one policy would have cost.

    Attributes:
        name: ``never``, ``every month``, ``on drift`` or ``on labels``.
        periods: Each period.
    """

    name: str
    periods: tuple[PolicyPeriod, ...]

    @property
    def retrainings(self) -> int:
        """How often the model was retrained."""
        return sum(item.retrained for item in self.periods)

    @property
    def in_vain(self) -> int:
        """How often an alarm led to a model that was not better."""
        return sum(item.in_vain for item in self.periods)

    @property
    def wrong(self) -> float:
        """Wrong predictions of all periods."""
        return sum(item.wrong for item in self.periods)

    @property
    def cost(self) -> float:
        """The cost of all periods."""
        return sum(item.cost for item in self.periods)


@dataclass(frozen=True, slots=True)
class Backtest:
    """What policies would have cost.

    Attributes:
        costs: What things cost.
        policies: The policies; the first one never retrains.
    """

    costs: Costs
    policies: tuple[Policy, ...]

    @property
    def best(self) -> Policy:
        """The policy with the least cost; on equal costs, the first."""
        return min(self.policies, key=lambda policy: policy.cost)

    def saved(self, policy: Policy) -> float:
        """What a policy costs less than never to retrain."""
        return self.policies[0].cost - policy.cost

    @property
    def table(self) -> "pd.DataFrame":
        """A row for each policy."""
        import pandas as pd

        cells = [
            (own.name, own.retrainings, own.in_vain, own.wrong, own.cost, self.saved(own))
            for own in self.policies
        ]
        return pd.DataFrame(cells, columns=[name.replace(" ", "_") for name in HEAD])

    @property
    def by_period(self) -> "pd.DataFrame":
        """A row for each policy and period."""
        import pandas as pd

        cells = [
            {"policy": policy.name, **asdict(item)}
            for policy in self.policies
            for item in policy.periods
        ]
        return pd.DataFrame(cells)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "costs": self.costs.as_json(),
            "policies": [
                {
                    "name": own.name,
                    "retrainings": own.retrainings,
                    "in_vain": own.in_vain,
                    "wrong": own.wrong,
                    "cost": own.cost,
                    "saved": self.saved(own),
                    "periods": [asdict(item) for item in own.periods],
                }
                for own in self.policies
            ],
        }

    def _repr_html_(self) -> str:
        unit = self.costs.unit
        rows = [
            (
                (
                    own.name,
                    f"{own.retrainings:,}",
                    f"{own.in_vain:,}",
                    words.amount(own.wrong),
                    words.amount(own.cost, unit),
                    words.amount(self.saved(own), unit, sign=True),
                ),
                own is self.best,
            )
            for own in self.policies
        ]
        return html_table.block([html_table.table(HEAD, rows)])


def backtest(
    losses: "pd.DataFrame",
    costs: Costs,
    *,
    drift: Iterable[Any] = (),
    labels: Iterable[Any] = (),
) -> Backtest:
    """What it would have cost to retrain never, each period, on drift, or on labels.

    A policy retrains right before a period, with all that is known by then, and the new model
    predicts from this period on. On drift and on labels, that is the period after the one in which
    they were noticed. All policies begin with the deployed model.

    Args:
        losses: A row for each model and each period after its training: ``trained``, the last day
            that it learned from, the least of which is that of the deployed model; ``period``, such
            as ``2013-10`` or ``2013-W45``; ``rows``; and ``wrong``, the wrong predictions among
            them, or ``loss``, their share or mean loss.
        costs: What things cost; the horizon does not count.
        drift: The periods, or the days, on which drift was noticed.
        labels: The same of a loss that labels show.

    Raises:
        StagebookError: A column is missing, a value is impossible, or a model is not judged on a
            period that it needs (``bad-backtest``).

    Example:
        >>> import pandas as pd, stagebook
        >>> losses = pd.DataFrame({
        ...     "trained": ["2026-01-31", "2026-01-31", "2026-02-28"],
        ...     "period": ["2026-02", "2026-03", "2026-03"],
        ...     "rows": [100, 100, 100],
        ...     "wrong": [10, 40, 15],
        ... })
        >>> costs = stagebook.Costs(wrong=10, retraining=100, false_alarm=20)
        >>> test = stagebook.backtest(losses, costs, labels=["2026-02-20"])
        >>> test.best.name, test.best.cost, test.saved(test.best)
        ('every month', 350.0, 150.0)
    """
    replayed = backtest_rows.read(losses)
    every = f"every {replayed.cadence.value}"
    events = {"on drift": _noticed(replayed, drift), "on labels": _noticed(replayed, labels)}
    retrained: Mapping[str, frozenset[str]] = {
        NEVER: frozenset(),
        every: frozenset(replayed.periods[1:]),
        **{name: _after(replayed, noticed) for name, noticed in events.items()},
    }
    return Backtest(
        costs,
        tuple(
            Policy(name, _periods(replayed, before, costs, alarmed=name in events))
            for name, before in retrained.items()
        ),
    )


def _noticed(replayed: Replayed, events: Iterable[Any]) -> frozenset[str]:
    """The periods of events.

    Raises:
        StagebookError: An event is in none of the periods (``bad-backtest``).
    """
    named = {str(event): replayed.named(event) for event in events}
    foreign = [event for event, name in named.items() if name is None]
    if foreign:
        message = f"{plain(foreign[0], 40)} is in none of the periods."
        hint = "Give names of periods of the table, or days in them."
        raise StagebookError(Problem("bad-backtest", message, hint))
    return frozenset(name for name in named.values() if name)


def _after(replayed: Replayed, noticed: frozenset[str]) -> frozenset[str]:
    """The periods that follow those in which something was noticed."""
    pairs = zip(replayed.periods, replayed.periods[1:], strict=False)
    return frozenset(after for before, after in pairs if before in noticed)


def _periods(
    replayed: Replayed, before: frozenset[str], costs: Costs, *, alarmed: bool
) -> tuple[PolicyPeriod, ...]:
    """The periods of a policy that retrains before some of them."""
    trained, items = replayed.trained[0], []
    for place, period in enumerate(replayed.periods):
        retrained, vain = period in before, False
        if retrained:
            newest = replayed.newest(period)
            vain = alarmed and not _better(replayed, before, place, newest, trained)
            trained = newest
        rows, wrong = replayed.losses[period, trained]
        cost = costs.wrong * wrong + costs.retraining * retrained + costs.false_alarm * vain
        items.append(PolicyPeriod(period, trained, retrained, vain, rows, wrong, float(cost)))
    return tuple(items)


def _better(
    replayed: Replayed, before: frozenset[str], place: int, newest: str, trained: str
) -> bool:
    """Whether a new model has fewer wrong predictions than the one before, while it is used."""
    later = replayed.periods[place:]
    ends = [number for number, name in enumerate(later) if number and name in before]
    used = later[: ends[0]] if ends else later
    new, old = (
        sum(replayed.losses[period, model][1] for period in used) for model in (newest, trained)
    )
    return new < old
