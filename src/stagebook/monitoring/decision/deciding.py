"""Decides from evidence and costs what to do with a deployed model."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stagebook.monitoring.decision import paired_gain, status_json, words
from stagebook.monitoring.decision.costs import Costs
from stagebook.monitoring.decision.decision import Decision
from stagebook.monitoring.decision.evidence import Alarm, Evidence
from stagebook.monitoring.decision.option import Action, Option
from stagebook.monitoring.decision.options import Case, options

if TYPE_CHECKING:
    from stagebook.monitoring.status import MonitorStatus

Source = Mapping[str, Any] | Path | str


def decide(
    status: "MonitorStatus | Source",
    costs: Costs,
    *,
    challenger: Source | None = None,
    previous: Source | None = None,
) -> Decision:
    """What to do with a deployed model: keep it, retrain it, roll back, or ask a person.

    It is the option with the largest expected gain over the horizon. A person is asked if that is
    worth more than a look costs, if a challenger does not help, or if the evidence cannot be relied
    on: the log is broken, labels are few, or they contradict the scores and no challenger was
    compared.

    Args:
        status: The status of the monitor, its JSON, or the file with it
            (``stagebook monitor --json``).
        costs: What a wrong prediction, a retraining and a false alarm cost.
        challenger: A retrained package, compared with the deployed one on the same rows: the JSON
            of ``stagebook model compare``, or the file with it. None before there is one.
        previous: The same of the package before; None if there is none.

    Raises:
        StagebookError: The status (``bad-monitor-status``) or a comparison
            (``bad-model-comparison``) cannot be read, or a comparison is not with the deployed
            package (``comparison-of-others``).

    Example:
        >>> import stagebook
        >>> status = {
        ...     "format": 1, "model": "late", "package": "ab12", "state": "ok", "kind": "binary",
        ...     "scale": None, "false_alarms": 1.0, "first": "2026-01-01", "last": "2026-01-31",
        ...     "periods": [
        ...         {"cadence": "day", "name": "2026-01-31", "rows": 200, "labelled": None}
        ...     ],
        ...     "signals": [], "losses": [],
        ... }
        >>> costs = stagebook.Costs(wrong=2.0, retraining=500, false_alarm=50)
        >>> decision = stagebook.decide(status, costs)
        >>> decision.action.value, decision.reason
        ('keep', 'Nothing was noticed that calls for another model.')
    """
    read_status = status_json.read(status)
    evidence = Evidence.of(read_status)
    pairs = (
        paired_gain.read(source, read_status.package, name)
        for source, name in ((challenger, "challenger"), (previous, "previous"))
    )
    case = Case(evidence, costs, *pairs)
    all_options = options(case)
    action, reason = choose(case, all_options)
    return Decision(
        read_status.model,
        read_status.package,
        read_status.last,
        read_status.state,
        action,
        reason,
        costs,
        evidence.rows_per_day,
        evidence.excess,
        all_options,
        read_status.signals,
    )


def choose(case: Case, all_options: Sequence[Option]) -> tuple[Action, str]:
    """The action, and the reason for it.

    Args:
        case: What the decision is made from.
        all_options: The four options; on equal gains, the first of them is chosen.
    """
    best = max(
        (option for option in all_options if option.possible and option.gain),
        key=lambda option: option.gain.expected if option.gain else 0.0,
    )
    quiet = case.evidence.alarm is Alarm.NONE
    if best.action is Action.KEEP and not quiet:
        stuck = case.doubt or _stuck(case, best)
        if stuck:
            return Action.ASK, stuck
    return best.action, _reason(case, best, quiet)


def _stuck(case: Case, keep: Option) -> str:
    """Why a person should look though a challenger was tried; empty if that is not worth a look.

    A person may know of other ways than the three of this decision.
    """
    own, unit = case.evidence, case.costs.unit
    lost = own.alarm is Alarm.LABELS and own.excess is not None and own.excess.more.low > 0
    tried = case.challenger is not None
    if not lost or not tried or keep.cost is None or keep.cost <= case.costs.false_alarm:
        return ""
    return (
        f"The predictions are worse, which costs {words.amount(keep.cost, unit)} in "
        f"{words.time(case.costs)}, and the challenger does not help."
    )


def _reason(case: Case, best: Option, quiet: bool) -> str:
    gain, unit = best.gain, case.costs.unit
    if best.action is Action.KEEP or gain is None:
        if not case.evidence.rows_per_day:
            return "There are no requests, so nothing is at stake."
        if quiet:
            return "Nothing was noticed that calls for another model."
        harder = _harder(case)
        return harder or (
            f"No other model is expected to save more in {words.time(case.costs)} than it costs."
        )
    saved = f"{words.amount(gain.expected, unit)} in {words.time(case.costs)}"
    span = words.interval(gain)
    if best.action is Action.ASK:
        return f"What is best is uncertain, and a look is expected to save {saved} ({span})."
    if best.action is Action.RETRAIN and case.challenger is None:
        return f"A retraining is expected to save {saved} ({span}); no challenger was compared yet."
    who = "The challenger" if best.action is Action.RETRAIN else "The package before"
    return f"{who} is expected to save {saved} ({span}), as judged on the same rows."


def _harder(case: Case) -> str:
    """Why nothing can be learned if most of the loss was to be expected; empty if it was not."""
    excess = case.evidence.excess
    if excess is None or excess.explained <= excess.learnable:
        return ""
    return "The requests are harder than the test split, and are so for another model too."
