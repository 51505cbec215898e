"""Records that MLflow refused to take."""

from dataclasses import dataclass

from stagebook.project.project import without_credentials


@dataclass(frozen=True, slots=True)
class Refusal:
    """One record that MLflow refuses, though it answers.

    Attributes:
        record: The execution's id.
        reason: What MLflow said, on one line.
    """

    record: str
    reason: str


class RefusedError(Exception):
    """Some records were refused; all others have been delivered.

    Attributes:
        refusals: Which, and why.
    """

    def __init__(self, refusals: tuple[Refusal, ...]) -> None:
        super().__init__(", ".join(f"{refusal.record}: {refusal.reason}" for refusal in refusals))
        self.refusals = refusals


def root_cause(error: BaseException) -> str:
    """The innermost cause of an error, on one line of bounded length."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    lines = without_credentials(f"{type(error).__name__}: {error}").splitlines()
    return lines[0][:200]
