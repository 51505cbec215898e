"""A decision in words, as the terminal and a pull request show it."""

from stagebook.monitoring.decision import words
from stagebook.monitoring.decision.decision import Decision
from stagebook.monitoring.decision.option import Option

HEAD = ("option", "expected cost", "gain", "interval")


def cells(option: Option, unit: str) -> tuple[str, ...]:
    """The cells of an option, below ``HEAD``; an option that is not possible has a cross."""
    gain = option.gain
    return (
        option.action.value if option.possible else f"{option.action.value} ✗",
        words.amount(option.cost, unit),
        words.amount(gain.expected if gain else None, unit, sign=True),
        words.interval(gain),
    )


def meaning(decision: Decision) -> str:
    """What the costs and the gains mean."""
    own, unit = decision.costs, decision.costs.unit
    wrong, retraining, look = (
        words.amount(value, unit) for value in (own.wrong, own.retraining, own.false_alarm)
    )
    return (
        f"Costs of {words.time(own)} against a model as good as on its test split, gains against "
        f"keeping the model. A wrong prediction costs {wrong}, a retraining {retraining}, a false "
        f"alarm {look}."
    )
