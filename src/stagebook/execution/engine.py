"""papermill, with a kernel of ours, eyes on each cell, and a watch that can stop it."""

import contextlib
import logging
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from stagebook.errors import Where
from stagebook.execution import outcome
from stagebook.execution.outcome import Ending, Outcome
from stagebook.notebook.lean import lean_import

if TYPE_CHECKING:
    from jupyter_client.manager import AsyncKernelManager

POSITION = "stagebook_position"
"""Key in a cell's metadata: the cell's position in the notebook that a person edits."""

_START_SECONDS = 120  # ten kernels that start at once on two cores need most of a minute
_ANSI = re.compile(r"\x1b\[[0-9;]*m")


class Progress(Protocol):
    """Sees a run go on."""

    def cell(self, position: int, total: int) -> None:
        """A code cell starts: the position-th of so many."""

    def tick(self) -> None:
        """A moment has passed."""


@dataclass(slots=True)
class _Watch:
    """What the two threads of a run tell each other."""

    cell: int | None = None
    started: int = 0
    error: BaseException | None = None
    stopped: bool = False
    reason: signal.Signals | None = None
    node: Any = None
    finished: threading.Event = field(default_factory=threading.Event)


def execute(
    source: Path,
    target: Path,
    values: Mapping[str, Any],
    manager: "AsyncKernelManager",
    environment: Mapping[str, str],
    *,
    notebook: str,
    ending: Path,
    time_limit: float | None,
    make_room: Callable[[], None],
    progress: Progress,
) -> Ending:
    """Runs a notebook from its first cell to its last, or to the first that fails.

    papermill runs in a thread of its own; this one waits, shows progress, and stops the kernel
    on SIGINT, SIGTERM or SIGHUP, when time is up, or when the DVC that started it is gone.
    Whatever happens, ``target`` holds the notebook as far as it got and no process of it is
    left.

    Args:
        source: The notebook to run, whose cells bear their positions.
        target: Where the executed notebook goes.
        values: Parameters to inject.
        manager: A manager of the kernel, not started.
        environment: The kernel's environment.
        notebook: Path of the notebook that a person edits, for messages.
        ending: The file that the kernel's guard writes its exit code to.
        time_limit: Seconds, or None.
        make_room: Deletes what the notebook wrote; called when the disk is full.
        progress: Is told of each cell.
    """
    watch = _Watch()
    before = outcome.oom_kills()
    thread = threading.Thread(
        target=_run_papermill,
        args=(source, target, values, manager, dict(environment), watch, progress),
        daemon=True,
    )
    with _signals(watch):
        thread.start()
        deadline = time.monotonic() + time_limit if time_limit else None
        parent = os.getppid()
        while not watch.finished.wait(0.1):
            progress.tick()
            if deadline and time.monotonic() > deadline:
                watch.stopped = True
            if "DVC_STAGE" in os.environ and os.getppid() != parent:
                watch.stopped, watch.reason = True, signal.SIGHUP  # DVC was killed
            if watch.stopped:
                _kill(manager)
    if watch.stopped:
        return outcome.of_stop(watch.reason, time_limit, notebook, watch.cell)
    if isinstance(watch.error, OSError) and watch.error.errno in outcome.FULL_DISK:
        make_room()
        target.write_text(lean_import("nbformat").writes(watch.node), encoding="utf-8")
        return outcome.of_full_disk(watch.error, Where(notebook, watch.cell))
    return _classify(watch, ending, outcome.oom_kills() > before, notebook)


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
            code = int(ending.read_text()) if ending.exists() else None
            return outcome.of_dead_kernel(code, oom_killed, notebook, watch.cell)
    raise watch.error


def _run_papermill(
    source: Path,
    target: Path,
    values: Mapping[str, Any],
    manager: "AsyncKernelManager",
    environment: dict[str, str],
    watch: _Watch,
    progress: Progress,
) -> None:
    try:
        papermill = lean_import("papermill")
        _register()
        logging.getLogger("papermill").setLevel(logging.ERROR)
        papermill.execute_notebook(
            str(source),
            str(target),
            parameters=dict(values),
            engine_name=_ENGINE,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            start_timeout=_START_SECONDS,
            kernel=manager,
            environment=environment,
            watch=watch,
            progress=progress,
        )
    except BaseException as error:  # handed to the thread that waits
        watch.error = error
    finally:
        watch.finished.set()


_ENGINE = "stagebook"


def _register() -> None:
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines

    class Client(PapermillNotebookClient):  # type: ignore[misc]  # papermill has no types
        def execute(self, environment: dict[str, str]) -> Any:
            return super().execute(env=environment, cleanup_kc=True)

    class Engine(NBClientEngine):  # type: ignore[misc]
        @classmethod
        def execute_managed_notebook(
            cls,
            nb_man: Any,
            kernel_name: str,
            *,
            kernel: "AsyncKernelManager",
            environment: dict[str, str],
            watch: _Watch,
            progress: Progress,
            start_timeout: int,
            **_: object,
        ) -> Any:
            watch.node = nb_man.nb
            client = Client(
                nb_man,
                km=kernel,
                startup_timeout=start_timeout,
                on_cell_start=_follow(nb_man.nb, watch, progress),
                log=logging.getLogger("papermill"),
            )
            return client.execute(environment)

    papermill_engines.register(_ENGINE, Engine)


def _follow(node: Any, watch: _Watch, progress: Progress) -> Callable[..., None]:
    code_cells = [cell for cell in node.cells if cell.cell_type == "code" and cell.source.strip()]
    total = len(code_cells)

    def on_cell_start(cell: Any, cell_index: int) -> None:
        if cell.cell_type == "code":
            watch.started += 1
            watch.cell = cell.metadata.get(POSITION, watch.cell)
            progress.cell(min(watch.started, total), total)

    return on_cell_start


_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def _signals(watch: _Watch) -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP stop the run that is watched, instead of this process."""

    def stop(number: int, _: object) -> None:
        watch.stopped, watch.reason = True, signal.Signals(number)

    previous = {number: signal.signal(number, stop) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _kill(manager: "AsyncKernelManager") -> None:
    """Kills the kernel with its guard and all that it started; they are one process group."""
    group = getattr(manager.provisioner, "pgid", None)
    if group:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
