"""What is wrong with labels: one problem for each kind, with a count and a few examples."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from stagebook.project.errors import Problem, Where
from stagebook.project.text import counted

EXAMPLES = 5
"""Examples that a problem names."""

_LONGEST = 80

_KEY_HINT = "Give the id as `/predict` returned it, or all columns of the key and the instant."
_TYPE_HINT = (
    "The label of a classifier is true or false, or 1 or 0; that of a regression is a number."
)
_EARLY_HINT = "Check the times: such a label may have been a feature."


@dataclass(slots=True)
class Findings:
    """How often each thing is wrong, with examples.

    Attributes:
        rows: Number of rows or predictions by the problem's code.
        examples: A few of them by code.
    """

    rows: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, code: str, rows: int, examples: Iterable[str]) -> None:
        """Adds rows with something wrong; does nothing for none."""
        if rows:
            self.rows[code] = self.rows.get(code, 0) + rows
            own = self.examples.setdefault(code, [])
            own.extend(list(examples)[: EXAMPLES - len(own)])

    def problems(self, where: Where) -> tuple[Problem, ...]:
        """A problem for each code that has rows."""
        parts = (*self._unread(where), *self._several(where), *self._unjoined(where))
        return tuple(problem for problem in parts if problem)

    def _unread(self, where: Where) -> tuple[Problem | None, ...]:
        times = "Write times as timestamps; in CSV such as 2026-11-29T12:00:00Z."
        return (
            self._problem("no-label-key", "name no prediction", _KEY_HINT, where),
            self._problem("null-label", "have no label", "Leave these rows out.", where),
            self._problem("label-of-another-type", "have another type of label", _TYPE_HINT, where),
            self._problem("label-time", "have a time that is none", times, where),
        )

    def _several(self, where: Where) -> tuple[Problem | None, ...]:
        keep = "Keep the right one, or let the latest count: the setting `known` names their time."
        return (
            self._problem("repeated-label", "repeat a label", "Write each label once.", where),
            self._problem("corrected-label", "have a label that a later row corrects", "", where),
            self._problem("contradictory-labels", "contradict each other", keep, where),
        )

    def _unjoined(self, where: Where) -> tuple[Problem | None, ...]:
        absent = "are for a prediction that the request log does not have"
        check = "Check the ids or keys, and whether the labels are of this server's log."
        early = "have a label that was known before the prediction"
        return (
            self._problem("unknown-prediction", absent, check, where),
            self._problem("label-before-prediction", early, _EARLY_HINT, where),
        )

    def _problem(self, code: str, what: str, hint: str, where: Where) -> Problem | None:
        rows = self.rows.get(code)
        if not rows:
            return None
        named = _such_as(self.examples[code])
        message = f"Labels that {what} do not count: {counted(rows, 'row')}{named}."
        return Problem(code, message, hint, where)


def _such_as(examples: Sequence[str]) -> str:
    named = [f"`{text[:_LONGEST]}`" for text in examples]
    return f", such as {', '.join(named)}" if named else ""
