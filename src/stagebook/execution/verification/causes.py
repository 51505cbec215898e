"""Why a stage's outputs differ: which influence, and in which cell, by runs that differ in one."""

import ast
import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from stagebook.execution.probe.conditions import Exemption, Influence, RunConditions
from stagebook.execution.probe.observations import Question
from stagebook.execution.verification.repetition import LockedStage, Repetition
from stagebook.notebook.code import normalise_cell
from stagebook.pipeline import notebooks
from stagebook.project.errors import StagebookError

FIXED = RunConditions(fixed=True)
_ASKED = (
    Influence.GENERATOR,
    Influence.CLOCK,
    Influence.FILES,
    Influence.PROCESS,
    Influence.THREADS,
    Influence.ENVIRONMENT,
)
_NAMES = 4


@dataclass(frozen=True, slots=True)
class DifferenceCause:
    """One cause.

    Attributes:
        influence: The kind of influence; None if it is unknown.
        cell: The cell's position in the notebook; None if it is unknown.
        line: The line in the cell; None if it is unknown.
        words: What the cell asked for, such as ``time.time()``; may be empty.
    """

    influence: Influence | None
    cell: int | None = None
    line: int | None = None
    words: str = ""

    @property
    def text(self) -> str:
        """The cause in a few words, such as ``clock, cell 4, line 2: time.time()``."""
        parts = [
            self.influence.value if self.influence else "unknown",
            *([] if self.cell is None else [f"cell {self.cell}"]),
            *([] if self.line is None else [f"line {self.line}"]),
        ]
        return f"{', '.join(parts)}{f': {self.words}' if self.words else ''}"


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What a run under fixed conditions gave, without its files.

    Attributes:
        done: Whether it succeeded.
        outputs: The hash of each output.
        run: The run.
    """

    done: bool
    outputs: dict[str, str | None]
    run: Repetition


def find(stage: LockedStage, first: Repetition) -> tuple[DifferenceCause, ...]:
    """The causes of a difference between a run and the locked one.

    The stage runs twice with every influence fixed. If both runs are alike, it runs once more for
    each influence that may be the cause, with only this one not fixed; and if several cells asked
    for it, once more for each of these cells.

    Args:
        stage: The stage.
        first: The run that gave other outputs.
    """
    base, again = _run(stage), _run(stage)
    if base is None or again is None:
        return (DifferenceCause(None),)
    questions = tuple(dict.fromkeys((*first.questions, *base.run.questions)))
    if _alike(base, again):
        causes = tuple(_Experiments(stage, base, again, questions).causes())
    else:
        causes = tuple(_by_elimination(base, again, questions))
    return causes or (_unobserved(stage, _first_cell(base, again, again)),)


def _run(stage: LockedStage, *exempt: Exemption) -> _Evidence | None:
    if stage.stop.requested:
        return None
    with contextlib.suppress(StagebookError), stage.repeated(replace(FIXED, exempt=exempt)) as run:
        return _Evidence(run.ending.done, dict(run.outputs), run)
    return None


def _alike(first: _Evidence, second: _Evidence) -> bool:
    return (first.done, first.outputs) == (second.done, second.outputs)


@dataclass(frozen=True, slots=True)
class _Experiments:
    """Runs that differ from one under fixed conditions in one influence.

    Attributes:
        stage: The stage.
        base: The run under fixed conditions.
        again: The same run again.
        questions: What the cells asked for.
    """

    stage: LockedStage
    base: _Evidence
    again: _Evidence
    questions: tuple[Question, ...]

    def causes(self) -> Iterator[DifferenceCause]:
        """The influences and cells that change an output."""
        found = [*self._asked(), *self._unasked(Influence.HASH)]
        if not found:  # their number is a part of the source, so it is no cause beside others
            found = list(self._unasked(Influence.THREADS))
        if not found:
            found = list(_of_kind(self.questions, Influence.NETWORK))
        yield from found

    def _asked(self) -> Iterator[DifferenceCause]:
        for influence in _ASKED:
            questions = [item for item in self.questions if item.influence is influence]
            cells = sorted({item.cell for item in questions if item.cell is not None})
            if not cells:
                continue
            if len(cells) == 1:
                changing = [cell for cell in cells if self._changes(influence, cell)]
            elif self._changes(influence, None):
                changing = [cell for cell in cells if self._changes(influence, cell)] or cells[:1]
            else:
                changing = []
            for cell in changing:
                yield _cause(influence, cell, questions)

    def _changes(self, influence: Influence, cell: int | None) -> bool:
        count = None if cell is None else self.base.run.counts.get(cell)
        changed = _run(self.stage, Exemption(influence, count))
        return changed is None or not _alike(self.base, changed)

    def _unasked(self, influence: Influence) -> Iterator[DifferenceCause]:
        """An influence that no cell has to ask for."""
        changed = _run(self.stage, Exemption(influence))
        if changed is not None and not _alike(self.base, changed):
            yield DifferenceCause(influence, _first_cell(self.base, self.again, changed))


def _by_elimination(
    base: _Evidence, again: _Evidence, questions: Iterable[Question]
) -> Iterator[DifferenceCause]:
    """The causes that cannot be fixed: the network, then threads that race."""
    questions = tuple(questions)
    network = list(_of_kind(questions, Influence.NETWORK))
    yield from network or _of_kind(questions, Influence.THREADS)


def _of_kind(questions: Iterable[Question], influence: Influence) -> Iterator[DifferenceCause]:
    own = [item for item in questions if item.influence is influence]
    for cell in sorted({item.cell for item in own if item.cell is not None}):
        yield _cause(influence, cell, own)


def _cause(influence: Influence, cell: int, questions: list[Question]) -> DifferenceCause:
    own = [item for item in questions if item.cell == cell]
    lines = [item.line for item in own if item.line is not None]
    names = list(dict.fromkeys(item.words for item in own))
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    words = f"{', '.join(names[:_NAMES])}{more}"
    return DifferenceCause(influence, cell, min(lines, default=None), words)


def _first_cell(base: _Evidence, again: _Evidence, changed: _Evidence) -> int | None:
    """The first cell after which variables differ that are alike in two equal runs."""
    for cell, digests in sorted(base.run.variables.items()):
        twin = again.run.variables.get(cell, {})
        other = changed.run.variables.get(cell, {})
        names = digests if again is changed else [n for n in digests if twin.get(n) == digests[n]]
        if any(other.get(name) != digests[name] for name in names):
            return cell
    return None


_SUSPECTS = {
    "datetime64": Influence.CLOCK,
    **dict.fromkeys(("id", "hash", "set", "frozenset"), Influence.HASH),
    **dict.fromkeys(("get_native_id", "get_ident", "current_process"), Influence.PROCESS),
}
"""Functions whose answers the kernel cannot hold fixed."""


def _unobserved(stage: LockedStage, cell: int | None) -> DifferenceCause:
    """A cause that no run shows: what the code of the first cell that differs calls."""
    notebook = notebooks.read_one(stage.project, stage.name).notebook
    texts = (item.text for item in notebook.code_cells if item.position == cell)
    tree = normalise_cell(next(texts, "")).tree
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Set | ast.SetComp):
            return DifferenceCause(Influence.HASH, cell, node.lineno, "a set")
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            influence = _SUSPECTS.get(name.rpartition(".")[2])
            if influence:
                return DifferenceCause(influence, cell, node.lineno, f"{name}()")
    return DifferenceCause(None, cell)
