"""The verb that judges a build: whether it ended well, and whether its metrics are good enough."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stagebook.errors import Exit, Problem, StagebookError, Where
from stagebook.execution.outcome import Outcome
from stagebook.pipeline import dvc_file, lock
from stagebook.project import Project
from stagebook.record.gates import Verdict
from stagebook.record.history import History

if TYPE_CHECKING:
    from stagebook.report.site.book import Book


@dataclass(frozen=True, slots=True)
class Broken:
    """A stage that keeps a build from being judged by its metrics.

    Attributes:
        stage: The stage.
        how: What came of it, in words.
        exit_code: What it ended with.
        problems: What was wrong.
        failed: Whether it failed, or could not start; else it was not built.
        missing: Whether only its outputs are not there, which a remote may have.
    """

    stage: str
    how: str
    exit_code: Exit
    problems: tuple[Problem, ...] = ()
    failed: bool = False
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of a build.

    Attributes:
        broken: Its stages that did not end well; then no metric was looked at.
        verdicts: Of each gate otherwise.
        against: The commit that metrics were compared with; empty for none.
        notes: What a reader should know.
    """

    broken: tuple[Broken, ...]
    verdicts: tuple[Verdict, ...]
    against: str
    notes: tuple[str, ...]

    @property
    def exit_code(self) -> Exit:
        """The code of the first stage that failed, or else that of the gates."""
        if self.broken:
            return self.broken[0].exit_code
        if any(one.problem for one in self.verdicts):
            return Exit.INVALID
        return Exit.DONE if all(one.holds for one in self.verdicts) else Exit.OUT_OF_BOUNDS

    def as_json(self) -> dict[str, Any]:
        """This judgement as plain values."""
        return {
            "exit_code": self.exit_code,
            "broken": [
                {
                    "stage": one.stage,
                    "how": one.how,
                    "exit_code": one.exit_code,
                    "problems": [problem.as_json() for problem in one.problems],
                }
                for one in self.broken
            ],
            "against": self.against or None,
            "gates": [one.as_json() for one in self.verdicts],
            "problems": [one.problem.as_json() for one in self.verdicts if one.problem],
        }


def judge(project: Project, against: str | None, allow_missing: bool = False) -> Judgement:
    """Judges the last build: how its stages ended, and then its metrics by their gates.

    Args:
        project: The project.
        against: A commit to compare metrics with; None for that of the settings.
        allow_missing: Whether outputs may be absent that ``dvc.lock`` knows, as in a clone.

    Raises:
        StagebookError: dvc.yaml or dvc.lock cannot be read, there is no stage, or no such commit.
    """
    from stagebook.report.site import reading

    dvc_file.read(project.root)
    lock.read(project.root)
    with History.open(project.state) as history:
        book = reading.read(project, history, against)
    if not book.stages:
        message = "There is no stage, so there is no build to judge."
        raise StagebookError(
            Problem("no-stages", message, "Run: stagebook sync", Where("dvc.yaml"))
        )
    broken = tuple(_broken(book, allow_missing))
    return Judgement(broken, () if broken else book.verdicts, book.against, book.notes)


def _broken(book: "Book", allow_missing: bool) -> Iterator[Broken]:
    """What did not end well, the first cause before all else."""
    from stagebook.report.site.book import State

    if (one := book.unstarted) is not None:
        yield Broken(one.stage, "could not start", one.exit_code, one.problems, failed=True)
    for stage in book.stages:
        if stage.state is State.FAILED:
            problems = tuple(map(Problem.from_json, (stage.record or {}).get("problems", ())))
            yield Broken(stage.name, stage.failed, _exit_code(stage.failed), problems, failed=True)
    unbuilt = {State.NOT_REACHED, State.STALE, State.NEVER}
    unbuilt |= set() if allow_missing else {State.MISSING}
    for stage in book.stages:
        if stage.state in unbuilt:
            missing = stage.state is State.MISSING
            yield Broken(stage.name, stage.word, Exit.FAILED, missing=missing)


def _exit_code(outcome: str) -> Exit:
    try:
        return Outcome(outcome).exit_code
    except ValueError:  # the record is of another version
        return Exit.FAILED
