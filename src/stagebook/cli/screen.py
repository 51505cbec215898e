"""What a person sees in the terminal; plain lines where there is no terminal."""

import contextlib
import dataclasses
import os
import shlex
import time
import traceback
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.syntax import Syntax
from rich.text import Text

from stagebook.cli.lines import with_hints
from stagebook.masks import Masks

if TYPE_CHECKING:
    from stagebook.errors import Problem
    from stagebook.pipeline.change import Change
    from stagebook.record.summary import Summary
    from stagebook.workflow.building import Run

T = TypeVar("T")

_out = Console(highlight=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, soft_wrap=True)


def without_secrets(shown: T) -> T:
    """What is to be shown, without the secrets of this process's environment."""
    return Masks.of(os.environ).hide_all(shown)


def crash(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
    """Prints the traceback of an error that nobody foresaw."""
    told = without_secrets("".join(traceback.format_exception(error)))
    _err.print(told, markup=False, end="")


def problems(found: Iterable["Problem"], *, warning: bool = False) -> None:
    """Prints problems to standard error: place, what happened, what to do."""
    word, style = ("warning", "yellow") if warning else ("error", "bold red")
    for one, hint in with_hints(map(without_secrets, found)):
        place = f"[bold]{escape(str(one.where))}[/]: " if one.where else ""
        _err.print(f"[{style}]{word}[/] {place}{escape(one.message)}")
        if hint:
            _err.print(f"  [cyan]→[/] {escape(hint)}")


def changes(found: tuple["Change", ...], *, check: bool) -> None:
    """Prints what sync changes, or would change."""
    for change in found:
        if _out.is_terminal:
            _out.print(Syntax(change.diff(), "diff", background_color="default"))
        else:
            _out.print(change.diff(), markup=False, end="")
    if not found:
        _out.print("dvc.yaml fits the notebooks.")
    elif check:
        names = ", ".join(change.path for change in found)
        _err.print(f"[bold red]error[/] {names} would change.\n  [cyan]→[/] Run: stagebook sync")
    else:
        _out.print("Written. Build with: dvc repro")


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


def run(done: "Run") -> None:
    """Prints how a run ended, where its pages are and what to do next."""
    record, ending = done.record, done.ending
    for name in done.leftovers:
        _err.print(f"[yellow]note[/] An earlier run was killed; its record is kept: {name}")
    problems(ending.problems)
    mark = "[green]✓[/]" if ending.done else "[red]✗[/]"
    took = f"{record.volatile.seconds:.1f} s"
    _out.print(f"{mark} [bold]{escape(record.stage)}[/] {ending.outcome.value} in {took}", end="")
    pages = [str(page) for page in done.pages if page.suffix == ".html"]
    _out.print(f" · {escape(pages[0])}" if pages else "")
    if not ending.done:
        from stagebook.report.colophon import command

        _err.print(f"  [cyan]→[/] Run it again: {escape(command(record))}")
    if not record.build:
        _out.print("  This is not the build's result: parameters were overridden with -P.")
        for one in record.outputs:
            _out.print(f"  {escape(one.path)}")
    if done.delivery.run_id is None:
        _err.print(
            f"[yellow]note[/] MLflow does not have this run yet "
            f"({escape(without_secrets(done.delivery.reason))}); "
            "the next run or `stagebook deliver` brings it."
        )


def run_as_json(done: "Run") -> dict[str, Any]:
    """A run for machines."""
    return without_secrets(
        {
            "record": done.record.as_json(),
            "pages": [str(page) for page in done.pages],
            "mlflow": dataclasses.asdict(done.delivery),
            "problems": [one.as_json() for one in done.ending.problems],
        }
    )


def summary(found: "Summary") -> None:
    """Prints the three lines that end a build."""
    names = [stage if record else f"{stage} (not built here)" for stage, record in found.stages]
    commits = {(record["git"] or {}).get("commit", "") for _, record in found.stages if record}
    at = f" at commit {min(commits)[:10]}" if len(commits) == 1 and min(commits) else ""
    _out.print(f"[bold]built[/]  {escape(found.name)}{at}: {escape(', '.join(names))}")
    score = ", ".join(f"{name} {_number(value)}" for name, value in found.headline)
    _out.print(f"[bold]score[/]  {escape(score or 'no headline is set in pyproject.toml')}")
    _out.print(
        f"[bold]look[/]   {found.runs}/*.html and {found.runs}/*.ipynb · "
        f"mlflow ui --backend-store-uri {escape(shlex.quote(found.tracking_uri))}"
    )


def summary_as_json(found: "Summary") -> dict[str, Any]:
    """A summary for machines."""
    return {
        "name": found.name,
        "stages": dict(found.stages),
        "headline": dict(found.headline),
        "runs": found.runs,
        "tracking_uri": found.tracking_uri,
    }


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
