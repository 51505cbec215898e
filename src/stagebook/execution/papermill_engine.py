"""Runs papermill with Stagebook's kernel, and notes each cell's start, error and peak memory."""

import contextlib
import logging
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from stagebook.execution import exits, masked_notebook
from stagebook.execution.bounded_outputs import BoundedOutputs, bounding
from stagebook.execution.markers import MEMORY, POSITION
from stagebook.execution.outcome import CellError, Ending
from stagebook.execution.progress import Progress
from stagebook.execution.saving import SteadySave
from stagebook.execution.start import KernelProcess
from stagebook.notebook.lean import lean_import
from stagebook.project.masks import Masks
from stagebook.project.text import without_colours

_ENGINE = "stagebook"
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
_OUTPUT_SECONDS = 86_400  # a living kernel sends all output of a cell; a lower limit loses some
_START_SECONDS = 120  # ten kernels that start at once on two cores need most of a minute


@dataclass(frozen=True, slots=True)
class NotebookTask:
    """A notebook to run.

    Attributes:
        source: The notebook, with each cell's position in its metadata.
        target: Where the executed notebook goes.
        outputs: The folder for outputs that are too large for it.
        values: Parameters to inject.
        notebook: Path of the notebook that a person edits, for messages.
        time_limit: Seconds, or None.
        make_room: Deletes what the notebook wrote; called when the disk is full.
        masks: The secrets to hide in the executed notebook.
        keeps: Whether the kernel stays after an ending; None if it never stays.
    """

    source: Path
    target: Path
    outputs: Path
    values: Mapping[str, Any]
    notebook: str
    time_limit: float | None
    make_room: Callable[[], None]
    masks: Masks
    keeps: Callable[[Ending], bool] | None = None


@dataclass(slots=True)
class Watch:
    """What the two threads of a run tell each other."""

    cell: int | None = None
    error: BaseException | None = None
    failure: CellError | None = None
    node: Any = None
    finished: threading.Event = field(default_factory=threading.Event)


def load() -> None:
    """Imports what a run needs, in a thread of its own, while other work waits."""

    def work() -> None:
        with contextlib.suppress(Exception):  # raised again where it is used
            lean_import("papermill")
            from stagebook.execution import kernel_manager  # noqa: F401

    threading.Thread(target=work, daemon=True).start()


def run(task: NotebookTask, kernel: KernelProcess, watch: Watch, progress: Progress) -> None:
    """Executes a notebook with papermill; an error goes into the watch.

    Args:
        task: The notebook.
        kernel: Its kernel.
        watch: The state that the waiting thread observes.
        progress: Shows each cell that starts.
    """
    try:
        papermill = lean_import("papermill")
        _register()
        papermill.iorw.papermill_io.register(
            str(task.target), masked_notebook.MaskedWriter(task.masks)
        )
        logging.getLogger("papermill").setLevel(logging.CRITICAL)  # our messages say more
        papermill.execute_notebook(
            str(task.source),
            str(task.target),
            parameters=dict(task.values),
            engine_name=_ENGINE,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            start_timeout=_START_SECONDS,
            task=task,
            kernel=kernel,
            watch=watch,
            progress=progress,
        )
    except exits.CellExitError:
        pass  # the cell's status says so
    except BaseException as error:  # handed to the thread that waits
        watch.error = error
    finally:
        watch.finished.set()


def _register() -> None:
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines

    class Engine(NBClientEngine):  # type: ignore[misc]
        @classmethod
        def execute_managed_notebook(
            cls,
            nb_man: Any,
            kernel_name: str,
            *,
            task: NotebookTask,
            kernel: KernelProcess,
            watch: Watch,
            progress: Progress,
            start_timeout: int,
            **_: object,
        ) -> Any:
            from stagebook.execution import kernel_manager

            watch.node = nb_man.nb
            kernel.wait_for_sockets(start_timeout)
            begin, end = _measure(kernel)
            bounded = BoundedOutputs(task.outputs, task.masks)
            save, nb_man.save = nb_man.save, SteadySave(nb_man.save, bounded.settle)
            client = bounding(PapermillNotebookClient, bounded)(
                nb_man,
                km=kernel_manager.of(kernel),
                startup_timeout=start_timeout,
                on_cell_start=_follow(nb_man, watch, progress),
                on_cell_execute=begin,
                on_cell_executed=end,
                on_cell_error=_note_error(watch, bounded),
                iopub_timeout=_OUTPUT_SECONDS,
                log=logging.getLogger("papermill"),
            )
            try:
                return client.execute(cleanup_kc=task.keeps is None)
            finally:
                if task.keeps and client.kc:  # else the kernel stores each message for it
                    client.kc.stop_channels()
                bounded.finish()
                nb_man.save = save  # the last state is saved in any case

    papermill_engines.register(_ENGINE, Engine)


def _follow(nb_man: Any, watch: Watch, progress: Progress) -> Callable[..., None]:
    positions = [cell.metadata.get(POSITION, 0) for cell in nb_man.nb.cells]

    def on_cell_start(cell: Any, cell_index: int) -> None:
        position = cell.metadata.get(POSITION)
        if position:  # papermill's own cell has none
            watch.cell = position
            progress.cell(position, max(positions))
        nb_man.save.watch()

    return on_cell_start


def _note_error(watch: Watch, bounded: BoundedOutputs) -> Callable[..., None]:
    def on_cell_error(cell: Any, execute_reply: Mapping[str, Any], **_: object) -> None:
        """Notes an error that the cell may not show: IPython prints a group of them as text."""
        if "raises-exception" in cell.metadata.get("tags", ()):
            return
        bounded.settle()
        reply = execute_reply["content"]
        printed = [output.text for output in cell.outputs if output.get("name") == "stderr"]
        text = without_colours("\n".join(reply.get("traceback") or printed))
        position = int(cell.metadata.get(POSITION, 1))
        watch.failure = CellError(reply["ename"], reply["evalue"], text, position)

    return on_cell_error


def _measure(kernel: KernelProcess) -> tuple[Callable[..., None], Callable[..., None]]:
    """Callbacks before and after each cell that write its peak memory into its metadata."""
    meters: list[Meter] = []

    def begin(**_: object) -> None:
        if meters:
            meters[0].mark()
        else:  # the first cell: the kernel is ready now
            meters.append(Meter.of_guarded(kernel.guard))

    def end(cell: Any, execute_reply: Mapping[str, Any], **_: object) -> None:
        cell.metadata[MEMORY] = meters[0].peak()
        exits.refuse(cell, execute_reply)

    return begin, end


@dataclass(frozen=True, slots=True)
class Meter:
    """Measures one process, from one mark to the next.

    Attributes:
        process: Its id; None where nothing can be measured.
    """

    process: int | None

    @classmethod
    def of_guarded(cls, guard: int | None) -> "Meter":
        """The meter of the kernel that a guard watches over: of the guard's first child.

        Args:
            guard: The guard's process id.
        """
        try:
            children = psutil.Process(guard).children() if guard else []
        except psutil.Error:
            children = []
        first = min(children, key=lambda child: child.create_time(), default=None)
        meter = cls(first.pid if first else None)
        return meter if meter.mark() else cls(None)

    def mark(self) -> bool:
        """Resets the peak; returns whether the system can do that."""
        try:  # see "clear_refs" in https://docs.kernel.org/filesystems/proc.html
            Path(f"/proc/{self.process}/clear_refs").write_text("5", encoding="ascii")
        except OSError:
            return False
        return True

    def peak(self) -> int | None:
        """Its peak memory since the last mark, in bytes."""
        try:
            status = Path(f"/proc/{self.process}/status").read_text(encoding="ascii")
        except OSError:
            return None
        match = _PEAK.search(status)
        return int(match[1]) * 1024 if match else None
