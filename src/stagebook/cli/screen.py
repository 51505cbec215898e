"""Output to the terminal, and plain lines elsewhere."""

import contextlib
import dataclasses
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from rich.live import Live
from rich.markup import escape
from rich.text import Text

from stagebook.cli import lines
from stagebook.cli.lines import with_hints
from stagebook.cli.printed import Screen

if TYPE_CHECKING:
    from stagebook.pipeline.layout import Layout
    from stagebook.project.errors import Problem
    from stagebook.workflow.executing import Run
    from stagebook.workflow.trials import Downstream

SENT_LATER = "the next run or `stagebook deliver` sends what is missing."
"""What becomes of records that were not delivered."""

_out = Screen()
_err = Screen(stderr=True)


def problems(problems: Iterable["Problem"], *, warning: bool = False) -> None:
    """Prints problems to standard error: place, what happened, what to do."""
    word, style = ("warning", "yellow") if warning else ("error", "bold red")
    for problem, hint in with_hints(problems):
        place = f"[bold]{escape(str(problem.where))}[/]: " if problem.where else ""
        _err.print(f"[{style}]{word}[/] {place}{escape(problem.message)}")
        if hint:
            _err.print(f"  [cyan]→[/] {escape(hint)}")


def note(text: str) -> None:
    """Prints to standard error a note that does not stop anything."""
    _err.print(f"[yellow]note[/] {escape(text)}")


def layout(layout: "Layout", *, check: bool) -> None:
    """Prints what sync changes, or would change, and the derived names of stages."""
    for change in layout.changes:
        if _out.is_terminal:
            from rich.syntax import Syntax

            _out.print(Syntax(change.diff(), "diff", background_color="default"), soft_wrap=True)
        else:
            _out.print(change.diff(), markup=False, end="")
    for path, name in layout.derived:
        _out.print(f"{path} is the notebook of the stage {name}", markup=False)
    problems(layout.warnings, warning=True)
    if not layout.changes:
        _out.print("dvc.yaml matches the notebooks." if layout.notebooks else "Nothing to change.")
    elif check:
        names = ", ".join(change.path for change in layout.changes)
        _err.print(f"[bold red]error[/] {names} would change.\n  [cyan]→[/] Run: stagebook sync")
    else:
        _out.print("Written. Build with: dvc repro" if layout.notebooks else "Written.")


def layout_as_json(layout: "Layout") -> dict[str, Any]:
    """The changes of sync as plain values."""
    stages = [{"notebook": stage.notebook, "stage": stage.name} for stage in layout.pipeline.stages]
    return {
        "changes": [{"path": change.path, "diff": change.diff()} for change in layout.changes],
        "stages": stages,
        "warnings": [problem.as_json() for problem in layout.warnings],
    }


class _Progress:
    """Shows one run: a live line on a terminal, one line for each cell elsewhere."""

    def __init__(self, stage: str, live: Live | None) -> None:
        self._stage, self._live = stage, live
        self._position, self._total = 0, 0
        self._started = time.monotonic()

    def cell(self, position: int, total: int) -> None:
        self._position, self._total = position, total
        if self._live:
            self.tick()
        else:
            _out.print(lines.of_cell(self._stage, position, total), markup=False)

    def note(self, text: str) -> None:
        note(text)

    def tick(self) -> None:
        if self._live:
            self._live.update(self._line())

    def _line(self) -> Text:
        seconds = time.monotonic() - self._started
        where = f"cell {self._position} of {self._total}" if self._total else "starting the kernel"
        filled = round(20 * (self._position - 1) / self._total) if self._total else 0
        bar = Text.assemble(("━" * filled, "green"), ("━" * (20 - filled), "bright_black"))
        return Text.assemble((self._stage, "bold"), "  ", bar, f"  {where}  {seconds:.0f} s")


class _Silent:
    def cell(self, position: int, total: int) -> None: ...

    def tick(self) -> None: ...

    def note(self, text: str) -> None: ...


@contextlib.contextmanager
def progress(stage: str, *, quiet: bool) -> Iterator[Any]:
    """The progress display of a run."""
    if quiet:
        yield _Silent()
    elif _out.is_terminal:
        with Live(console=_out, transient=True, refresh_per_second=8) as live:
            yield _Progress(stage, live)
    else:
        yield _Progress(stage, None)


def run(run: "Run", started: float | None = None) -> None:
    """Prints how a run ended, where its pages are and what to do next.

    Args:
        run: The run.
        started: When it began; None if it began with this process.
    """
    record, ending = run.record, run.ending
    for name in run.leftovers.damaged:
        note(f"The record of an earlier run is damaged: .stagebook/damaged/{name}")
    for name in run.leftovers.records:
        note(f"An earlier run was killed; its record is kept: {name}")
    if (failure := run.git_failure) is not None:
        note(f"The record of this run names no commit. {failure.message}")
        _err.print(f"  [cyan]→[/] {escape(failure.hint)}")
    problems(run.warnings, warning=True)
    problems(ending.problems, warning=ending.done)
    mark = "[green]✓[/]" if ending.done else "[red]✗[/]"
    elapsed = time.time() - (started or _start_of_process())
    took = f"{elapsed:.1f} s, notebook {record.volatile.seconds:.1f} s"
    pages = [f" · {escape(str(page))}" for page in run.pages if page.suffix == ".html"]
    _out.print(
        f"{mark} [bold]{escape(record.stage)}[/] {ending.outcome.value} in {took}"
        f"{''.join(pages[:1])}"
    )
    if not ending.done:
        from stagebook.report.colophon import command

        _err.print(f"  [cyan]→[/] Run it again: {escape(command(record))}")
    if record.trial:
        _out.print("  This run is a trial with -P, not a build.")
        for file in record.outputs:
            _out.print(f"  {escape(file.path)}")
    if run.delivery.run_id is None and not run.delivery.goes_on:
        note(f"MLflow does not have this run yet ({run.delivery.reason}); {SENT_LATER}")


def _start_of_process() -> float:
    import psutil

    return psutil.Process().create_time()


def run_as_json(run: "Run") -> dict[str, Any]:
    """A run as plain values."""
    return {
        "record": run.record.as_json(),
        "pages": [str(page) for page in run.pages],
        "mlflow": dataclasses.asdict(run.delivery),
        "problems": [problem.as_json() for problem in run.ending.problems],
        "warnings": [warning.as_json() for warning in run.warnings],
    }


def trial_as_json(trial: "Downstream", runs: Iterable["Run"]) -> dict[str, Any]:
    """A trial and the stages downstream as plain values."""
    return {
        "runs": [run_as_json(item) for item in runs],
        "left_out": [problem.as_json() for problem in trial.left_out],
    }


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
