"""papermill, with a kernel of ours, eyes on each cell, and a watch that can stop it."""

import contextlib
import logging
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from stagebook.errors import Where
from stagebook.execution import exits, hiding, outcome
from stagebook.execution.memory import Meter
from stagebook.execution.outcome import Ending, Outcome
from stagebook.execution.signals import Stop
from stagebook.masks import Masks
from stagebook.notebook.lean import lean_import

if TYPE_CHECKING:
    from jupyter_client.manager import AsyncKernelManager

POSITION = "stagebook_position"
"""Key in a cell's metadata: the cell's position in the notebook that a person edits."""

MEMORY = "stagebook_memory"
"""Key in a cell's metadata: bytes of memory that the kernel had at the most while it ran."""

_ATTEMPTS = 50  # a tenth of a second each
_START_SECONDS = 120  # ten kernels that start at once on two cores need most of a minute
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class Progress(Protocol):
    """Sees a run go on."""

    def cell(self, position: int, total: int) -> None:
        """A code cell starts: its position in the notebook, of so many cells of every kind."""

    def tick(self) -> None:
        """A moment has passed."""


@dataclass(slots=True)
class _Watch:
    """What the two threads of a run tell each other."""

    cell: int | None = None
    error: BaseException | None = None
    node: Any = None
    finished: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class Task:
    """A notebook to run.

    Attributes:
        source: The notebook, whose cells bear their positions.
        target: Where the executed notebook goes.
        values: Parameters to inject.
        notebook: Path of the notebook that a person edits, for messages.
        time_limit: Seconds, or None.
        make_room: Deletes what the notebook wrote; called when the disk is full.
        masks: What is hidden in the executed notebook.
    """

    source: Path
    target: Path
    values: Mapping[str, Any]
    notebook: str
    time_limit: float | None
    make_room: Callable[[], None]
    masks: Masks


@dataclass(frozen=True, slots=True)
class Launch:
    """How the kernel of a run is started.

    Attributes:
        manager: Its manager, not started.
        environment: Its environment.
        folder: Its working folder.
        ending: The file that its guard writes its exit code to.
    """

    manager: "AsyncKernelManager"
    environment: Mapping[str, str]
    folder: Path
    ending: Path


def execute(task: Task, launch: Launch, progress: Progress, stop: Stop) -> Ending:
    """Runs a notebook from its first cell to its last, or to the first that fails.

    papermill runs in a thread of its own; this one waits, shows progress, and stops the kernel
    on SIGINT, SIGTERM or SIGHUP, when time is up, or when the DVC that started it is gone.
    Whatever happens, the task's target holds the notebook as far as it got and no process of
    it is left.

    Args:
        task: The notebook.
        launch: Its kernel.
        progress: Is told of each cell.
        stop: Whether somebody wants the run to stop.
    """
    watch = _Watch()
    before = outcome.oom_kills()
    thread = threading.Thread(
        target=_run_papermill,
        args=(task, launch, watch, progress),
        daemon=True,
    )
    thread.start()
    if _ended_early(watch, launch, task.time_limit, progress, stop):
        return outcome.of_stop(stop.reason, task.time_limit, task.notebook, watch.cell)
    if isinstance(watch.error, OSError) and watch.error.errno in outcome.FULL_DISK:
        task.make_room()
        text = lean_import("nbformat").writes(watch.node)
        hiding.Writer(task.masks).write(text, str(task.target))
        return outcome.of_full_disk(watch.error, Where(task.notebook, watch.cell))
    if watch.error is None and (cell := _not_completed(watch.node)):
        return outcome.of_exit(task.notebook, cell)
    return _classify(watch, launch.ending, outcome.oom_kills() > before, task.notebook)


def _ended_early(
    watch: _Watch, launch: Launch, limit: float | None, progress: Progress, stop: Stop
) -> bool:
    """Waits for the end of a run; ends it when time is up, or when somebody wants it to stop."""
    deadline = time.monotonic() + limit if limit else None
    parent, late, attempts = os.getppid(), False, 0
    while not watch.finished.wait(0.1):
        progress.tick()
        late = late or bool(deadline and time.monotonic() > deadline)
        if "DVC_STAGE" in os.environ and os.getppid() != parent:
            stop.reason = signal.SIGHUP  # DVC was killed
        if late or stop.asked:
            attempts += 1
            _kill(launch.manager, firmly=attempts > _ATTEMPTS)
    return late or stop.asked


def _not_completed(node: Any) -> int | None:
    """The first cell that did not end well, though papermill says nothing: it called ``exit``."""
    for cell in node.cells:
        told = cell.metadata.get("papermill", {}).get("status", "completed")
        if cell.cell_type == "code" and cell.source.strip() and told != "completed":
            return int(cell.metadata.get(POSITION, 1))
    return None


def _classify(watch: _Watch, ending: Path, oom_killed: bool, notebook: str) -> Ending:
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    match watch.error:
        case None:
            return Ending(Outcome.DONE)
        case PapermillExecutionError() as error:
            traceback = _ANSI.sub("", "\n".join(error.traceback))
            assert watch.cell is not None
            return outcome.of_cell_error(error.ename, error.evalue, traceback, notebook, watch.cell)
        case DeadKernelError() | RuntimeError():
            code = int(ending.read_text().split()[0]) if ending.exists() else None
            return outcome.of_dead_kernel(code, oom_killed, notebook, watch.cell)
    raise watch.error


def _run_papermill(task: Task, launch: Launch, watch: _Watch, progress: Progress) -> None:
    try:
        papermill = lean_import("papermill")
        _register()
        papermill.iorw.papermill_io.register(str(task.target), hiding.Writer(task.masks))
        logging.getLogger("papermill").setLevel(logging.CRITICAL)  # we tell it better
        papermill.execute_notebook(
            str(task.source),
            str(task.target),
            parameters=dict(task.values),
            engine_name=_ENGINE,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            start_timeout=_START_SECONDS,
            launch=launch,
            watch=watch,
            progress=progress,
        )
    except exits.CellExitError:
        pass  # the cell's status says so
    except BaseException as error:  # handed to the thread that waits
        watch.error = error
    finally:
        watch.finished.set()


_ENGINE = "stagebook"


def _register() -> None:
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines

    class Client(PapermillNotebookClient):  # type: ignore[misc]  # papermill has no types
        def execute(self, launch: Launch) -> Any:
            env, cwd, none = dict(launch.environment), str(launch.folder), subprocess.DEVNULL
            # What cells print comes by message; what is left is IPython's talk with itself,
            # which nobody would mask.
            return super().execute(env=env, cwd=cwd, stdout=none, stderr=none, cleanup_kc=True)

    class Engine(NBClientEngine):  # type: ignore[misc]
        @classmethod
        def execute_managed_notebook(
            cls,
            nb_man: Any,
            kernel_name: str,
            *,
            launch: Launch,
            watch: _Watch,
            progress: Progress,
            start_timeout: int,
            **_: object,
        ) -> Any:
            watch.node = nb_man.nb
            begin, end = _measure(launch.manager)
            client = Client(
                nb_man,
                km=launch.manager,
                startup_timeout=start_timeout,
                on_cell_start=_follow(nb_man.nb, watch, progress),
                on_cell_execute=begin,
                on_cell_executed=end,
                log=logging.getLogger("papermill"),
            )
            return client.execute(launch)

    papermill_engines.register(_ENGINE, Engine)


def _follow(node: Any, watch: _Watch, progress: Progress) -> Callable[..., None]:
    positions = [cell.metadata.get(POSITION, 0) for cell in node.cells]

    def on_cell_start(cell: Any, cell_index: int) -> None:
        position = cell.metadata.get(POSITION)
        if position:  # papermill's own cell has none
            watch.cell = position
            progress.cell(position, max(positions))

    return on_cell_start


def _measure(manager: "AsyncKernelManager") -> tuple[Callable[..., None], Callable[..., None]]:
    """What is to be called before and after each cell, so that it bears the memory it took."""
    meters: list[Meter] = []

    def begin(**_: object) -> None:
        if meters:
            meters[0].mark()
        else:  # the kernel is there since it started, but this is the first that is asked of it
            meters.append(Meter.of_guarded(_guard(manager)))

    def end(cell: Any, execute_reply: Mapping[str, Any], **_: object) -> None:
        cell.metadata[MEMORY] = meters[0].peak()
        exits.refuse(cell, execute_reply)

    return begin, end


def _guard(manager: "AsyncKernelManager") -> int | None:
    return getattr(manager.provisioner, "pid", None)


def _kill(manager: "AsyncKernelManager", *, firmly: bool) -> None:
    """Lets the kernel's guard end it with all that it started; or kills the whole group."""
    if guard := _guard(manager):
        with contextlib.suppress(ProcessLookupError):
            if firmly:
                os.killpg(guard, signal.SIGKILL)
            else:
                os.kill(guard, signal.SIGTERM)
