"""How an execution ended, and the problem that explains it."""

import enum
import errno
import re
import signal
from dataclasses import dataclass
from pathlib import Path

from stagebook.execution import journal
from stagebook.project.errors import HINT, Exit, Problem, Where
from stagebook.project.settings.stage_names import stage_name, table_name

FULL_DISK = (errno.ENOSPC, errno.EDQUOT)
"""Error numbers for a full disk or a used-up quota."""

NO_RIGHT = (errno.EACCES, errno.EPERM, errno.EROFS)
"""Error numbers for a file that must not be written."""


class Outcome(enum.Enum):
    """How an execution ended."""

    DONE = "done"
    FAILED = "failed"
    UNDECLARED = "undeclared file"
    REFUSED = "refused by contract"
    INTERRUPTED = "interrupted"
    TERMINATED = "terminated"
    KILLED = "killed"
    TIMED_OUT = "timed out"
    OUT_OF_MEMORY = "out of memory"
    DISK_FULL = "disk full"

    @property
    def exit_code(self) -> Exit:
        """What the command line returns for it."""
        return Exit[self.name]


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of one execution.

    Attributes:
        outcome: How it ended.
        problems: What was wrong; in a successful execution, what failed after the last cell.
        cell: Position of the cell in which it ended, counted from 1, if it ended in one.
    """

    outcome: Outcome
    problems: tuple[Problem, ...] = ()
    cell: int | None = None

    @property
    def done(self) -> bool:
        """Whether the execution succeeded."""
        return self.outcome is Outcome.DONE


@dataclass(frozen=True, slots=True)
class CellRun:
    """One code cell of an execution.

    Attributes:
        position: Its position in the notebook that a person edits; None for injected ones.
        seconds: How long it took; None if it was not reached.
        status: ``completed``, ``failed`` if the execution ended in it, ``skipped`` if a tag says
            so, ``pending`` if it was not reached.
        memory: Peak memory of the kernel while it ran, in bytes; None if the system does not
            report it.
    """

    position: int | None
    seconds: float | None
    status: str
    memory: int | None = None


@dataclass(frozen=True, slots=True)
class CellError:
    """An exception that a cell raised.

    Attributes:
        name: The exception's class.
        text: Its message.
        traceback: The traceback as the kernel sent it, without colours.
        cell: The cell's position.
    """

    name: str
    text: str
    traceback: str
    cell: int


# IPython's own tracebacks, and Python's, which it prints for a group of exceptions.
_LINE = re.compile(r'Cell In\[\d+\], line (\d+)|ipykernel_\d+/\d+\.py", line (\d+)')


def of_cell_error(error: CellError, notebook: str) -> Ending:
    """The end by an exception that a cell raised.

    Args:
        error: The exception.
        notebook: The notebook's path.
    """
    name, text, cell = error.name, error.text, error.cell
    lines = [first or second for first, second in _LINE.findall(error.traceback)]
    where = Where(notebook, cell, int(lines[0]) if lines else None)
    outcome, code, hint = Outcome.FAILED, "cell-failed", ""
    if name.endswith("MemoryError"):
        outcome, code = Outcome.OUT_OF_MEMORY, "out-of-memory"
        hint = "Give the stage more with `memory_limit`, or let the notebook read less at once."
    elif name == "StdinNotImplementedError":
        code, hint = "asks-for-input", _NO_INPUT
    elif name == "StagebookError":
        hint = _first_hint(text)
    elif "Errno 28" in text or "No space left" in text:
        outcome, code, hint = Outcome.DISK_FULL, "disk-full", _MAKE_ROOM
    first = f": {text.strip().splitlines()[0]}" if text.strip() else ""
    return Ending(outcome, (Problem(code, f"{name}{first}", hint, where),), cell)


def _first_hint(text: str) -> str:
    """The hint of the first problem in the text of a StagebookError; empty if it has no hint."""
    _, *lines = text.strip().splitlines() or [""]
    return lines[0].removeprefix(HINT) if lines and lines[0].startswith(HINT) else ""


def of_deep_output(notebook: str, cell: int | None) -> Ending:
    """The end by an output that is nested too deeply for a notebook file.

    Args:
        notebook: The notebook's path.
        cell: The cell that was running.
    """
    message = "The output of the cell is nested more deeply than a notebook file can hold."
    hint = "Display only its upper levels, or print it as text."
    problem = Problem("deep-output", message, hint, Where(notebook, cell))
    return Ending(Outcome.FAILED, (problem,), cell)


def of_dead_kernel(code: int | None, oom_killed: bool, notebook: str, cell: int | None) -> Ending:
    """The end by the kernel's own death.

    Args:
        code: Its exit code, negative for a signal; None if it is unknown.
        oom_killed: Whether the system killed a process meanwhile because memory was exhausted.
        notebook: The notebook's path.
        cell: The cell that was running.
    """
    where = Where(notebook, cell)
    if code == -signal.SIGKILL and oom_killed:
        message = "The system ran out of memory and killed the kernel."
        hint = "Let the notebook read less at once, or set `memory_limit` to fail early."
        problem = Problem("out-of-memory", message, hint, where)
        return Ending(Outcome.OUT_OF_MEMORY, (problem,), cell)
    hint = "Run the cells up to this one in JupyterLab to see the error message of the crash."
    if code == journal.CLOSED:
        how = "The notebook closed the file descriptor that reports undeclared files."
        hint = "Do not close file descriptors that the notebook did not open."
    elif code is None:
        how = "The kernel died."
    elif code < 0:
        how = f"The kernel was killed by {signal.Signals(-code).name}."
    else:
        how = f"The kernel ended itself with exit code {code}."
        hint = "Look for a call of `exit` in the cell."
    return Ending(Outcome.KILLED, (Problem("kernel-died", how, hint, where),), cell)


def of_exit(notebook: str, cell: int) -> Ending:
    """The end by a cell that called ``exit``, which papermill treats as success.

    Args:
        notebook: The notebook's path.
        cell: The cell's position.
    """
    message = "The cell called `exit`, so the cells after it did not run."
    hint = "Let the notebook run to its end; raise an error if it must stop earlier."
    problem = Problem("cell-exited", message, hint, Where(notebook, cell))
    return Ending(Outcome.FAILED, (problem,), cell)


def of_stop(
    reason: signal.Signals | None, limit: float | None, notebook: str, cell: int | None
) -> Ending:
    """The end by a signal to the runner, or by the stage's time limit.

    Args:
        reason: The signal; None for the time limit.
        limit: The time limit in seconds.
        notebook: The notebook's path.
        cell: The cell that was running.
    """
    where = Where(notebook, cell)
    if reason is None:
        message = f"The stage took longer than its time limit of {limit:g} s."
        hint = (
            "Raise `time_limit` in pyproject.toml under "
            f"{table_name(stage_name(notebook))}, or make the cell faster."
        )
        return Ending(Outcome.TIMED_OUT, (Problem("timed-out", message, hint, where),), cell)
    outcome = Outcome.INTERRUPTED if reason is signal.SIGINT else Outcome.TERMINATED
    message = f"The run was stopped by {reason.name}."
    problem = Problem(outcome.value, message, "Continue with: dvc repro", where)
    return Ending(outcome, (problem,), cell)


def of_full_disk(error: OSError, where: Where | None) -> Ending:
    """The end by a file that could not be written, because space or rights were missing."""
    full = error.errno in FULL_DISK
    file = error.filename2 or error.filename
    message = f"{f'`{file}`' if file else 'A file'} could not be written: {error.strerror}."
    hint = _MAKE_ROOM if full else "Check the path and the permissions of its folder."
    code = "disk-full" if full else "not-written"
    outcome = Outcome.DISK_FULL if full else Outcome.FAILED
    return Ending(outcome, (Problem(code, message, hint, where),))


def of_killed_runner(where: Where) -> Ending:
    """The end by a death of the runner that it could not report, such as ``kill -9``."""
    message = "The run was killed; the cause is unknown."
    return Ending(
        Outcome.KILLED, (Problem("runner-killed", message, "Continue with: dvc repro", where),)
    )


_NO_INPUT = (
    "Nobody can answer while a stage runs. Make the answer a parameter: add a line such as "
    '`answer: str = "yes"` to the parameters cell, and set it in the params file or with -P.'
)
_MAKE_ROOM = "Make room on the disk; `dvc gc --workspace` deletes old results from DVC's cache."


def oom_kills() -> int:
    """How many processes the system has killed since it started because memory was exhausted."""
    try:
        counters = Path("/proc/vmstat").read_text(encoding="ascii")
    except OSError:
        return 0
    match = re.search(r"^oom_kill (\d+)$", counters, re.MULTILINE)
    return int(match[1]) if match else 0
