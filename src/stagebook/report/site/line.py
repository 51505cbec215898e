"""One line of a list: a stage, a table, a model or a gate, and what stands of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list on the front page and in the gist.

    Attributes:
        name: What it is about.
        page: Path of its page in the site.
        state: What stands of it, in a word or two.
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
