"""What a run reports while it proceeds."""

from typing import Protocol


class Progress(Protocol):
    """Is called as a run proceeds."""

    def cell(self, position: int, total: int) -> None:
        """A code cell starts: its position in the notebook, of so many cells of every kind."""

    def tick(self) -> None:
        """Some time has passed."""

    def note(self, text: str) -> None:
        """A note for the person, which does not stop the run."""
