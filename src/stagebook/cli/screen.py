"""What a person sees in the terminal; plain lines where there is no terminal."""

import contextlib
import dataclasses
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import psutil
from rich.live import Live
from rich.markup import escape
from rich.syntax import Syntax
from rich.text import Text

from stagebook.cli.lines import with_hints
from stagebook.cli.printed import Screen

if TYPE_CHECKING:
    from stagebook.pipeline.layout import Layout
    from stagebook.project.errors import Problem
    from stagebook.workflow.building import Run
    from stagebook.workflow.trials import Downstream

_out = Screen()
_err = Screen(stderr=True)


def problems(found: Iterable["Problem"], *, warning: bool = False) -> None:
    """Prints problems to standard error: place, what happened, what to do."""
    word, style = ("warning", "yellow") if warning else ("error", "bold red")
    for problem, hint in with_hints(found):
        place = f"[bold]{escape(str(problem.where))}[/]: " if problem.where else ""
        _err.print(f"[{style}]{word}[/] {place}{escape(problem.message)}")
        if hint:
            _err.print(f"  [cyan]→[/] {escape(hint)}")


def note(text: str) -> None:
    """Prints to standard error what a person should know, and what stops nothing."""
    _err.print(f"[yellow]note[/] {escape(text)}")


def layout(found: "Layout", *, check: bool) -> None:
    """Prints what sync changes, or would change, and which stage each notebook is."""
    for change in found.changes:
        if _out.is_terminal:
            _out.print(Syntax(change.diff(), "diff", background_color="default"), soft_wrap=True)
        else:
            _out.print(change.diff(), markup=False, end="")
    for path, name in found.derived:
        _out.print(f"{path} is the notebook of the stage {name}", markup=False)
    problems(found.warnings, warning=True)
    if not found.changes:
        _out.print("dvc.yaml fits the notebooks." if found.notebooks else "Nothing to change.")
    elif check:
        names = ", ".join(change.path for change in found.changes)
        _err.print(f"[bold red]error[/] {names} would change.\n  [cyan]→[/] Run: stagebook sync")
    else:
        _out.print("Written. Build with: dvc repro" if found.notebooks else "Written.")


def layout_as_json(found: "Layout") -> dict[str, Any]:
    """What sync changes, for machines."""
    stages = [{"notebook": stage.notebook, "stage": stage.name} for stage in found.pipeline.stages]
    return {
        "changes": [{"path": change.path, "diff": change.diff()} for change in found.changes],
        "stages": stages,
        "warnings": [problem.as_json() for problem in found.warnings],
    }


class _Progress:
    """Shows one run: a live line on a terminal, one line a cell elsewhere."""

    def __init__(self, stage: str, live: Live | None) -> None:
        self._stage, self._live = stage, live
        self._position, self._total = 0, 0
        self._started = time.monotonic()

    def cell(self, position: int, total: int) -> None:
        self._position, self._total = position, total
        if self._live:
            self.tick()
        else:
            _out.print(f"{self._stage}: cell {position} of {total}", markup=False)

    def note(self, text: str) -> None:
        note(text)

    def tick(self) -> None:
        if self._live:
            self._live.update(self._line())

    def _line(self) -> Text:
        seconds = time.monotonic() - self._started
        where = f"cell {self._position} of {self._total}" if self._total else "starting the kernel"
        done = round(20 * (self._position - 1) / self._total) if self._total else 0
        bar = Text.assemble(("━" * done, "green"), ("━" * (20 - done), "bright_black"))
        return Text.assemble((self._stage, "bold"), "  ", bar, f"  {where}  {seconds:.0f} s")


class _Silent:
    def cell(self, position: int, total: int) -> None: ...

    def tick(self) -> None: ...

    def note(self, text: str) -> None: ...


@contextlib.contextmanager
def progress(stage: str, *, quiet: bool) -> Iterator[Any]:
    """What shows a run while it goes on."""
    if quiet:
        yield _Silent()
    elif _out.is_terminal:
        with Live(console=_out, transient=True, refresh_per_second=8) as live:
            yield _Progress(stage, live)
    else:
        yield _Progress(stage, None)


def run(done: "Run", started: float | None = None) -> None:
    """Prints how a run ended, where its pages are and what to do next.

    Args:
        done: The run.
        started: When it began; None if it began with this process.
    """
    record, ending = done.record, done.ending
    for name in done.leftovers.damaged:
        note(f"The record of an earlier run is damaged: .stagebook/damaged/{name}")
    for name in done.leftovers.records:
        note(f"An earlier run was killed; its record is kept: {name}")
    if (failure := done.git_failure) is not None:
        note(f"No commit is recorded. {failure.message}")
        _err.print(f"  [cyan]→[/] {escape(failure.hint)}")
    problems(done.warnings, warning=True)
    problems(ending.problems, warning=ending.done)
    mark = "[green]✓[/]" if ending.done else "[red]✗[/]"
    whole = time.time() - (started or psutil.Process().create_time())
    took = f"{whole:.1f} s, notebook {record.volatile.seconds:.1f} s"
    pages = [f" · {escape(str(page))}" for page in done.pages if page.suffix == ".html"]
    _out.print(
        f"{mark} [bold]{escape(record.stage)}[/] {ending.outcome.value} in {took}"
        f"{''.join(pages[:1])}"
    )
    if not ending.done:
        from stagebook.report.colophon import command

        _err.print(f"  [cyan]→[/] Run it again: {escape(command(record))}")
    if record.trial:
        _out.print("  This is not the build's result: it is a trial with -P.")
        for file in record.outputs:
            _out.print(f"  {escape(file.path)}")
    if done.delivery.run_id is None:
        note(
            f"MLflow does not have this run yet ({done.delivery.reason}); "
            "the next run or `stagebook deliver` brings it."
        )


def run_as_json(done: "Run") -> dict[str, Any]:
    """A run for machines."""
    return {
        "record": done.record.as_json(),
        "pages": [str(page) for page in done.pages],
        "mlflow": dataclasses.asdict(done.delivery),
        "problems": [problem.as_json() for problem in done.ending.problems],
        "warnings": [warning.as_json() for warning in done.warnings],
    }


def trial_as_json(trial: "Downstream", runs: Iterable["Run"]) -> dict[str, Any]:
    """A trial with what follows from it, for machines."""
    return {
        "runs": [run_as_json(item) for item in runs],
        "left_out": [problem.as_json() for problem in trial.left_out],
    }


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
