"""One line of a list: a stage, a table, a model or a gate, with its state."""

from dataclasses import dataclass

from stagebook.history.verdict import Grade

MARKS = {Grade.GOOD: "good", Grade.WARNINGS: "warned", Grade.FAILED: "bad"}
"""The class that each grade is shown in."""

_GRADES = {mark: grade for grade, mark in MARKS.items()}


@dataclass(frozen=True, slots=True)
class ListLine:
    """One line of a list on the front page and in the gist.

    Attributes:
        name: What it is about.
        page: Path of its page in the site.
        state: Its state, in a word or two.
        mark: The class that it is shown in.
        words: What else is to say.
        compared: Path of the page that says more of what changed.
    """

    name: str
    page: str
    state: str
    mark: str
    words: tuple[str, ...] = ()
    compared: str = ""

    @property
    def grade(self) -> Grade:
        """The grade that its mark shows."""
        return _GRADES[self.mark]
