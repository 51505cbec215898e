"""A decision as a small table of HTML, for a notebook."""

from collections.abc import Sequence

from stagebook.monitoring import html_table
from stagebook.monitoring.decision import words
from stagebook.monitoring.decision.option import Action, Option

HEAD = ("option", "expected cost", "gain", "interval", "")


def html(action: Action, reason: str, options: Sequence[Option], unit: str, note: str) -> str:
    """The action and its reason, then the four options; the chosen one is bold.

    Args:
        action: The action.
        reason: Why it was chosen.
        options: The options.
        unit: The unit of costs.
        note: What the table shows, in a sentence.
    """
    escaped = html_table.escaped
    title = f"<p><strong>{escaped(action.value.capitalize())}</strong>: {escaped(reason)}</p>"
    rows = [(cells(option, unit), option.action is action) for option in options]
    table = html_table.table(HEAD, rows, texts=(4,))
    return html_table.block([title, table, f"<p><small>{escaped(note)}</small></p>"])


def cells(option: Option, unit: str) -> tuple[str, ...]:
    """The cells of an option, below ``HEAD``."""
    gain = option.gain
    return (
        option.action.value,
        words.amount(option.cost, unit),
        words.amount(gain.expected if gain else None, sign=True),
        words.interval(gain),
        option.why_not or " ".join(option.evidence),
    )
