"""What a build with stages side by side shows: a live table on a terminal, lines elsewhere."""

import contextlib
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from stagebook.cli import screen
from stagebook.cli.lines import cell_of
from stagebook.cli.printed import Screen
from stagebook.pipeline.schedule import PlanState, StageKind

if TYPE_CHECKING:
    from stagebook.pipeline.schedule import PlannedStage, StageCost
    from stagebook.workflow.stages_build import BuiltStage, StagesBuild

_out = Screen()
_err = Screen(stderr=True)

_KEPT_LINES = 5_000
_BAR = 16
_WORDS = {
    PlanState.BUILT: "built",
    PlanState.CACHED: "taken from the run cache",
    PlanState.FRESH: "unchanged",
    PlanState.FAILED: "failed",
    PlanState.SKIPPED: "skipped",
    PlanState.WAITING: "not started",
}


@dataclass(slots=True)
class _Shown:
    """A stage that runs.

    Attributes:
        stage: The stage.
        expected: Seconds that it took before; 0 if unknown.
        started: When it started, of the monotonic clock.
        cell: The cell that runs, and the number of cells; None before the first.
        lines: What it printed, other than its cells.
    """

    stage: "PlannedStage"
    expected: float
    started: float = field(default_factory=time.monotonic)
    cell: tuple[int, int] | None = None
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_KEPT_LINES))


@dataclass(slots=True)
class ScreenProgress:
    """The display of one build.

    Attributes:
        terminal: Whether there is a terminal, for a live table.
        quiet: Whether nothing is shown, for JSON.
        outputs: What each stage printed that ended.
    """

    terminal: bool = False
    quiet: bool = False
    outputs: dict[str, str] = field(default_factory=dict)
    _live: Live | None = None
    _total: int = 0
    _costs: Mapping[str, "StageCost"] = field(default_factory=dict)
    _running: dict[str, _Shown] = field(default_factory=dict)
    _states: Counter[PlanState] = field(default_factory=Counter)

    def planned(self, stages: Sequence["PlannedStage"], costs: Mapping[str, "StageCost"]) -> None:
        """Notes the stages of the build."""
        self._total, self._costs = len(stages), costs

    def began(self, stage: "PlannedStage") -> None:
        """Shows a stage that starts."""
        cost = self._costs.get(stage.name)
        shown = _Shown(stage, cost.seconds if cost else 0.0)
        self._running[stage.name] = shown
        if stage.kind is StageKind.COMMAND:
            self.leave()  # it has the terminal to itself
        if not self.quiet and (not self.terminal or stage.kind is StageKind.COMMAND):
            _out.print(f"[bold]{escape(stage.name)}[/] starts")

    def line(self, name: str, text: str) -> None:
        """Shows a cell at once; keeps all other lines until the stage ends."""
        shown = self._running[name]
        cell = cell_of(text, shown.stage.label)
        if cell is None:
            shown.lines.append(text)
            return
        shown.cell = cell
        if not self.quiet and not self.terminal:
            _out.print(text, markup=False)

    def note(self, text: str) -> None:
        """Shows a note above the table."""
        self.leave()
        screen.note(text)

    def ended(self, stage: "BuiltStage") -> None:
        """Shows how a stage ended, with all that it printed."""
        self._states[stage.state] += 1
        shown = self._running.pop(stage.name, None)
        text = "\n".join(shown.lines) if shown else ""
        if text:
            self.outputs[stage.name] = text
        if self.quiet:
            return
        self.leave()
        if text:
            console = _err if stage.state is PlanState.FAILED else _out
            console.print(text, markup=False)
        screen.problems(stage.problems)
        if not text or stage.problems or (stage.code or 0) < 0:  # otherwise it says so itself
            _print_end(stage)

    def tick(self) -> float | None:
        """Redraws the table; it is drawn once a second while stages run."""
        stages = [shown.stage for shown in self._running.values()]
        if not self.terminal or not stages or stages[0].kind is StageKind.COMMAND:
            return None
        if self._live is None:
            self._live = Live(console=_out, transient=True, auto_refresh=False)
            self._live.start()
        self._live.update(self._table(), refresh=True)
        return 1.0

    def output(self) -> IO[str] | None:
        """Standard error for JSON, so that standard output has nothing else."""
        return sys.stderr if self.quiet else None

    def leave(self) -> None:
        """Removes the table, so that lines to either stream come above the next one."""
        if self._live is not None:
            self._live.stop()
            self._live = None  # a table that starts again would overwrite lines

    def _table(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        for shown in self._running.values():
            table.add_row(*_row(shown))
        settled = sum(self._states.values())
        counts = ", ".join(
            f"{count} {_WORDS[state]}" for state, count in self._states.items() if count
        )
        summary = f"{settled} of {self._total} stages" + (f": {counts}" if counts else "")
        return Group(table, Text(summary, style="bright_black"))


def _row(shown: _Shown) -> Iterator[Text]:
    elapsed = time.monotonic() - shown.started
    position, total = shown.cell or (0, 0)
    filled = round(_BAR * (position - 1) / total) if total else 0
    yield Text(shown.stage.name, style="bold")
    yield Text.assemble(("━" * filled, "green"), ("━" * (_BAR - filled), "bright_black"))
    yield Text(f"cell {position} of {total}" if total else "starting")
    yield Text(_seconds(elapsed))
    left = shown.expected - elapsed
    yield Text(f"about {_seconds(left)} left" if left > 0 else "", style="bright_black")


def _seconds(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _print_end(stage: "BuiltStage") -> None:
    good = stage.state.good
    mark = "[green]✓[/]" if good else "[red]✗[/]" if stage.state is PlanState.FAILED else "-"
    took = f" in {stage.seconds:.1f} s" if stage.code is not None else ""
    code = f" with exit code {stage.code}" if stage.code else ""
    _out.print(f"{mark} [bold]{escape(stage.name)}[/] {_WORDS[stage.state]}{code}{took}")


@contextlib.contextmanager
def progress(*, quiet: bool) -> Iterator[ScreenProgress]:
    """The display of a build."""
    shown = ScreenProgress(_out.is_terminal and not quiet, quiet)
    try:
        yield shown
    finally:
        shown.leave()


def show(build: "StagesBuild") -> None:
    """Prints what the build did in one line."""
    counts = Counter(stage.state for stage in build.stages)
    if not build.stages:
        _out.print("There are no stages. Write notebooks, then run: stagebook sync")
        return
    parts = (f"{counts[state]} {word}" for state, word in _WORDS.items() if counts[state])
    _out.print(f"{len(build.stages)} stages: {', '.join(parts)}")
    if build.undelivered:
        screen.note(f"MLflow does not have all runs yet ({build.undelivered}); {screen.SENT_LATER}")


def as_json(build: "StagesBuild", outputs: Mapping[str, str]) -> dict[str, Any]:
    """The build as plain values."""
    return {
        "stages": [
            {
                "stage": stage.name,
                "state": stage.state.value,
                "seconds": round(stage.seconds, 3),
                "exit_code": stage.code,
                "output": outputs.get(stage.name, ""),
                "problems": [problem.as_json() for problem in stage.problems],
            }
            for stage in build.stages
        ],
        "undelivered": build.undelivered,
    }
