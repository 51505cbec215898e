"""A decision in Markdown, as the text of a pull request."""

from collections.abc import Iterator

from stagebook.monitoring.decision.decision import Decision
from stagebook.report import decision_words
from stagebook.report.site import inert

MOST_SIGNALS = 10
_LONGEST = 600
"""Characters of a sentence; its numbers come at the end."""


def render(decision: Decision) -> str:
    """The Markdown of a decision.

    Sentences have names of columns, so they are shown as code: no markup, link or mention in them
    has an effect.
    """
    return "\n".join(_lines(decision)) + "\n"


def _lines(decision: Decision) -> Iterator[str]:
    yield f"## {decision.action.value.capitalize()}: {inert.code(decision.model)}"
    yield ""
    yield inert.code(decision.reason, _LONGEST)
    yield ""
    day = f" as of {decision.at}" if decision.at else ""
    yield f"State {inert.code(decision.state)} of package {inert.code(decision.package, 16)}{day}."
    yield ""
    unit = decision.costs.unit
    rows = []
    for option in decision.options:
        cells = decision_words.cells(option, unit)
        bold = "**" if option.action is decision.action else ""
        rows.append((f"{bold}{cells[0]}{bold}", *map(_plain, cells[1:])))
    yield from inert.table(("option", "#expected cost", "#gain", "#interval"), rows)
    yield ""
    for option in decision.options:
        for sentence in (*option.evidence, *([option.why_not] if option.why_not else [])):
            yield f"- {option.action.value}: {inert.code(sentence, _LONGEST)}"
    yield from _signals(decision)
    yield ""
    yield inert.code(decision_words.meaning(decision), _LONGEST)


def _plain(cell: str) -> str:
    return inert.code(cell) if any(letter.isalpha() for letter in cell) else cell


def _signals(decision: Decision) -> Iterator[str]:
    if not decision.signals:
        return
    yield ""
    yield "What the monitor reports:"
    yield ""
    for signal in decision.signals[:MOST_SIGNALS]:
        yield f"- {inert.code(signal.sentence, _LONGEST)}"
    if len(decision.signals) > MOST_SIGNALS:
        yield f"- and {len(decision.signals) - MOST_SIGNALS} more"
