"""The two sides of a comparison, found by name: executions, builds or commits."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from stagebook.history import build, committed, measured, remote
from stagebook.history.history import History
from stagebook.history.lineage import makings, tracing
from stagebook.pipeline import git
from stagebook.pipeline.dvc_file import LOCK
from stagebook.pipeline.git_command import GitError
from stagebook.project.errors import Problem, StagebookError, did_you_mean
from stagebook.project.project import Project
from stagebook.record.record import Record

_LAST = re.compile(r"last(?:~(\d{1,6}))?")
_SHORTEST = 6
_SHOWN = 5


class SideKind(Enum):
    """What a side is."""

    EXECUTION = "execution"
    BUILD = "build"
    COMMIT = "commit"


@dataclass(frozen=True, slots=True)
class ComparisonSide:
    """One of the two sides of a comparison.

    Attributes:
        kind: What it is.
        name: The execution's id, the build's name, or the commit's hash.
        label: The name that is shown.
        executions: The record of each stage's execution, by stage.
        elsewhere: Its stages whose executions have no record here.
        locked: What a commit itself has of each stage, wherever it was executed.
    """

    kind: SideKind
    name: str
    label: str
    executions: Mapping[str, Record]
    elsewhere: tuple[str, ...] = ()
    locked: Mapping[str, Record] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RevisionResolver:
    """Finds what names mean in one project.

    Attributes:
        project: The project.
        history: Its records.
        ask: Asks the tracker for what is not known here.
    """

    project: Project
    history: History
    ask: remote.Ask = remote.ask_nobody

    def side(self, what: str) -> ComparisonSide:
        """The side that a name refers to.

        Args:
            what: Id of an execution, its beginning or its end; id of an MLflow run; a build, as
                ``last``, ``last~1`` or its name; a commit, branch or tag.

        Raises:
            StagebookError: The name is unknown, or ambiguous.
        """
        for resolve in (self._build, self._execution, self._run, self._commit):
            if (side := resolve(what)) is not None:
                return side
        raise self._unknown(what)

    def before(self, side: ComparisonSide) -> ComparisonSide:
        """The side that another is compared with by default: the previous one.

        Raises:
            StagebookError: There is no previous one.
        """
        if side.kind is SideKind.EXECUTION:
            [(stage, current)] = side.executions.items()
            record = self.history.before(current)
            if record is None:
                noun = "build" if current.build else "execution"
                raise _no_earlier(f"`{side.name}` is the first {noun} of `{stage}`")
            return execution(record)
        if side.kind is SideKind.BUILD:
            names = measured.names(self.history)
            later = names[names.index(side.name) + 1 :]
            if not later:
                raise _no_earlier(f"`{side.name}` is the first build that is recorded here")
            return self._built(later[0])
        changes = git.last_changes(self.project.root, LOCK, side.name, 2)
        if len(changes) < 2:
            raise _no_earlier(f"No commit before {side.name[:10]} has a different {LOCK}")
        return self._committed(changes[1], changes[1][:10])

    def _build(self, what: str) -> ComparisonSide | None:
        if last := _LAST.fullmatch(what):
            names, place = measured.names(self.history), int(last[1] or 0)
            if not names:
                raise _no_earlier("This checkout has no record of a build")
            if place >= len(names):
                count = f"{len(names)} build{'s' * (len(names) > 1)}"
                raise _no_earlier(
                    f"This checkout has records of only {count}, so there is no `{what}`"
                )
            return self._built(names[place])
        names = self.history.repros()  # the name of another build is that of its execution
        matches = [item for item in names if item == what]
        if not matches and len(what) >= _SHORTEST:
            matches = [item for item in names if item.startswith(what) and "-" in what]
        return self._built(_unique(what, matches)) if matches else None

    def _built(self, name: str) -> ComparisonSide:
        """A build with its executions, and with the last ones of all other stages."""
        alone = self.history.record(name)
        records = (alone,) if alone is not None else self.history.of_repro(name)
        executed = {record.stage: record for record in records}
        last = max(record.id for record in records)
        standing = self.history.standing(last)
        for stage, maker in self._unchanged(name):
            if (record := self.history.record(maker)) is not None:
                standing[stage] = record
        label = f"build {name}" if alone is None else f"build of {alone.stage} alone, {name}"
        return ComparisonSide(SideKind.BUILD, name, label, {**standing, **executed})

    def _unchanged(self, name: str) -> Iterator[tuple[str, str]]:
        """The unchanged stages in the build's own file, each with the maker of an output."""
        stored_build = build.read(self.project.state / "builds" / f"{name}.json")
        for stage in stored_build.unchanged if stored_build else ():
            yield from ((stage.stage, output.record) for output in stage.outputs if output.record)

    def _execution(self, what: str) -> ComparisonSide | None:
        names = self.history.named(what)
        if not names:
            return None
        record = self.history.record(_unique(what, names))
        return execution(record) if record is not None else None

    def _run(self, what: str) -> ComparisonSide | None:
        """An execution by its run in MLflow; MLflow is asked only if the run is unknown here."""
        if not remote.is_run(what):
            return None
        remote_record = remote.find(self.project, what, self.ask)
        here = self.history.record(remote_record.name) if remote_record.name else None
        record = here or remote_record.record
        if record is None:
            reason = remote_record.reason or "This project has no record of that run."
            raise self._unknown(what, reason)
        return execution(record)

    def _commit(self, what: str) -> ComparisonSide | None:
        try:
            commit = git.commit_named(self.project.root, what)
        except GitError as error:
            if not error.failure.is_expected:
                raise
            return None
        if commit is None:
            return None
        return self._committed(commit, what if len(what) < 40 else commit[:10])

    def _committed(self, commit: str, name: str) -> ComparisonSide:
        """A commit with the executions whose outputs its ``dvc.lock`` has."""
        executions: dict[str, Record] = {}
        elsewhere = []
        with tracing.opened(self.project, commit) as ledger:
            for entry in ledger.lock.entries.values():
                making = ledger.of_lock(entry)
                record = self.history.record(str(making.details["record"] or ""))
                if record is not None:
                    executions[entry.stage] = record
                elif makings.is_ours(entry):
                    elsewhere.append(entry.stage)
            locked = committed.read(self.project.root, commit, ledger.lock)
        label = f"commit {commit[:10]}" + (f" ({name})" if not commit.startswith(name) else "")
        return ComparisonSide(SideKind.COMMIT, commit, label, executions, tuple(elsewhere), locked)

    def _unknown(self, what: str, reason: str = "") -> StagebookError:
        message = (
            f"There is no execution, build or commit `{what}`.{f' {reason}' if reason else ''}"
        )
        damaged = {name: trouble for name, trouble in self.history.damaged if _fits(what, name)}
        if damaged and not reason:
            name, trouble = damaged.popitem()
            message = f"The record of {name} cannot be read: {trouble}."
            hint = "Compare other executions: stagebook log"
            return StagebookError(Problem("bad-record", message, hint))
        failure = git.failure(self.project.root)
        names = git.names(self.project.root) if failure is None else ()
        candidates = ("last", *names, *self.history.repros())
        stages = self.history.stages()
        otherwise = (
            "Give an execution from `stagebook log`, a run of MLflow, a build such as `last~1`, "
            "or a commit, branch or tag."
        )
        if what in stages:
            otherwise = f"`{what}` is a stage. Compare its last two builds: --stage {what}"
            candidates = ()
        hint = did_you_mean(what, candidates, otherwise)
        return StagebookError(Problem("unknown-comparison", message, hint))


def execution(record: Record) -> ComparisonSide:
    """The side of one execution."""
    name = record.id
    return ComparisonSide(SideKind.EXECUTION, name, f"execution {name}", {record.stage: record})


def _fits(what: str, name: str) -> bool:
    """Whether a text is an execution's id, or its beginning or end."""
    return len(what) >= _SHORTEST and (name.startswith(what) or name.endswith(f"-{what}"))


def _unique(what: str, names: "tuple[str, ...] | list[str]") -> str:
    if len(names) > 1:
        shown = ", ".join(sorted(names)[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
        message = f"`{what}` is ambiguous; {len(names)} match: {shown}."
        raise StagebookError(Problem("ambiguous-comparison", message, "Give more characters."))
    return names[0]


def _no_earlier(what: str) -> StagebookError:
    hint = "Name both sides of the comparison: stagebook compare ONE OTHER"
    return StagebookError(Problem("nothing-before", f"{what}.", hint))
