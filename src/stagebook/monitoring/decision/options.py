"""The four options of a decision, from a status, costs and paired comparisons."""

from collections.abc import Sequence
from dataclasses import dataclass

from stagebook.monitoring.decision import words
from stagebook.monitoring.decision.costs import Costs
from stagebook.monitoring.decision.evidence import FEWEST_DAYS, Alarm, Evidence
from stagebook.monitoring.decision.gain import Gain
from stagebook.monitoring.decision.option import Action, Option
from stagebook.monitoring.decision.paired_gain import PairedGain
from stagebook.project.text import counted

HALF = 0.5
"""Before a challenger is there, a retraining regains half of what it can regain at most."""

BROKEN = "The log itself is broken, and a model that learns from broken data is worse."
"""Why no other model helps if the pipeline is broken."""


@dataclass(frozen=True, slots=True)
class Case:
    """All that a decision is made from.

    Attributes:
        evidence: What the status says.
        costs: What things cost.
        challenger: A retrained package on the same rows as the deployed one; None without.
        previous: The same of the package before.
    """

    evidence: Evidence
    costs: Costs
    challenger: PairedGain | None
    previous: PairedGain | None

    @property
    def stake(self) -> float:
        """The cost of one more wrong prediction in each row of the horizon."""
        return self.evidence.rows_per_day * self.costs.days * self.costs.wrong

    @property
    def doubt(self) -> str:
        """Why the status does not say what a retraining would gain; empty if it does."""
        own = self.evidence
        if own.alarm is Alarm.DATA:
            return BROKEN
        if own.alarm is Alarm.REQUESTS:
            return "Requests are refused or fail, which no other model changes."
        if own.labelled_days is not None and own.labelled_days < FEWEST_DAYS:
            days = counted(own.labelled_days, "day")
            return f"Labels judge {days} only, and {FEWEST_DAYS} are needed."
        if own.excess is None:
            return "Nothing says whether the predictions are worse: there are no labels."
        if own.contradicts:
            return (
                "The labels say that the predictions are worse, and the scores do not: either what "
                "features say of the label has changed, or the labels are wrong."
            )
        return ""


def options(case: Case) -> tuple[Option, ...]:
    """The four options: keep, retrain, roll back, ask."""
    keep = _keep(case)
    others = (_retrain(case, keep), _roll_back(case, keep))
    return (keep, *others, _ask(case, keep, others))


def _keep(case: Case) -> Option:
    own = case.evidence
    cost = case.stake * own.excess.more.expected if own.excess else None
    sentences = (words.stake(own, case.costs), words.excess(own.excess, own.status.kind))
    return Option(Action.KEEP, True, "", cost, Gain.certain(0.0), sentences)


def _retrain(case: Case, keep: Option) -> Option:
    if case.challenger is not None:
        why_not = _why_not(case, case.challenger)
        return _of_pair(Action.RETRAIN, case, keep, case.challenger, case.costs.retraining, why_not)
    gain = _regained(case)
    quiet = case.evidence.alarm is Alarm.NONE
    why_not = "Nothing was noticed, so there is nothing to regain." if quiet else case.doubt
    return _option(Action.RETRAIN, why_not, keep, gain, _bounds(case.evidence))


def _regained(case: Case) -> Gain | None:
    """The gain of a retraining whose result nobody has seen: from nothing to all that it can be."""
    own, costs = case.evidence, case.costs
    if own.excess is None:
        return None
    most = max(own.excess.more.high - own.excess.explained, 0.0)
    vain = costs.false_alarm * own.chance
    regained = (1 - own.chance) * HALF * own.excess.learnable * case.stake
    expected = regained - costs.retraining - vain
    worst = -costs.retraining - (costs.false_alarm if own.chance else 0.0)
    return Gain(expected, worst, max(most * case.stake - costs.retraining, expected))


def _bounds(own: Evidence) -> tuple[str, ...]:
    """What the gain of a retraining without a challenger is derived from."""
    if own.excess is None:
        return ()
    most = f"{own.excess.learnable:.4g} a row"
    learnable = (
        f"No challenger was compared: a retraining may regain nothing, or {most}. Half of it is "
        "expected."
    )
    chance = (
        f"No labels show a rise, so that with a probability of {own.chance:.0%} nothing is wrong."
    )
    return (learnable, chance) if own.chance else (learnable,)


def _roll_back(case: Case, keep: Option) -> Option:
    if case.previous is None:
        why_not = "No package before was compared."
        return Option(Action.ROLL_BACK, False, why_not, None, None, ())
    why_not = _why_not(case, case.previous)
    gain = case.previous.gain
    if not why_not and (gain is None or gain.low <= 0):
        why_not = "The package before is not shown to be better."
    return _of_pair(Action.ROLL_BACK, case, keep, case.previous, 0.0, why_not)


def _why_not(case: Case, pair: PairedGain) -> str:
    """Why a package that was compared cannot replace the deployed one; empty if it can."""
    if case.evidence.alarm is Alarm.DATA:
        return BROKEN
    if pair.gain is None:
        return f"{counted(pair.rows, 'row')} are too few to compare the packages."
    if case.evidence.alarm is Alarm.NONE and pair.gain.low <= 0 and not pair.refused:
        return "Nothing was noticed, and the other package is not shown to be better."
    return pair.refused


def _of_pair(
    action: Action, case: Case, keep: Option, pair: PairedGain, cost: float, why_not: str
) -> Option:
    gain = pair.gain * case.stake - cost if pair.gain else None
    return _option(action, why_not, keep, gain, (pair.sentence,))


def _option(
    action: Action, why_not: str, keep: Option, gain: Gain | None, sentences: tuple[str, ...]
) -> Option:
    cost = None if keep.cost is None or gain is None else keep.cost - gain.expected
    return Option(action, not why_not, why_not, cost, gain, sentences)


def _ask(case: Case, keep: Option, others: Sequence[Option]) -> Option:
    """A person finds out which of the possible options is best, and costs a look."""
    look, unit = case.costs.false_alarm, case.costs.unit
    able = [(option, option.gain) for option in others if option.possible and option.gain]
    if case.evidence.alarm is Alarm.NONE or not able:
        sentence = f"A look costs {words.amount(look, unit)}, and there is nothing to choose from."
        return _option(Action.ASK, "", keep, Gain.certain(-look), (sentence,))
    without = max(0.0, *(gain.expected for _, gain in able))
    known = max(_if_known(case, option, gain) for option, gain in able)
    worth = max(known - without, 0.0)
    sentence = (
        f"To know beforehand what is best is worth {words.amount(worth, unit)}, and a look costs "
        f"{words.amount(look, unit)}."
    )
    gain = Gain(without + worth - look, -look, max(gain.high for _, gain in able) - look)
    return _option(Action.ASK, "", keep, gain, (sentence,))


def _if_known(case: Case, option: Option, gain: Gain) -> float:
    """The expected gain of an option if a person first finds out what can be found out.

    That is whether anything is wrong, and how much more the model loses. What a retraining would
    learn is known after it alone.
    """
    excess = case.evidence.excess
    if option.action is not Action.RETRAIN or case.challenger is not None or excess is None:
        return gain.at_best
    more = excess.more - excess.explained
    return (more * (HALF * case.stake) - case.costs.retraining).at_best * (1 - case.evidence.chance)
