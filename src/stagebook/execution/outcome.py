"""How an execution ended, and what to tell the person about it."""

import enum
import errno
import re
import signal
from dataclasses import dataclass
from pathlib import Path

from stagebook.errors import Exit, Problem, Where

FULL_DISK = (errno.ENOSPC, errno.EDQUOT)
"""Error numbers that say that no space is left, or that the person's share is used up."""


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
        problems: What was wrong; empty when it is done.
        cell: Position of the cell that it ended in, counted from 1, if it ended in one.
    """

    outcome: Outcome
    problems: tuple[Problem, ...] = ()
    cell: int | None = None

    @property
    def done(self) -> bool:
        """Whether everything went well."""
        return self.outcome is Outcome.DONE


def of_cell_error(name: str, text: str, traceback: str, notebook: str, cell: int) -> Ending:
    """The end by an exception that a cell raised.

    Args:
        name: The exception's class.
        text: Its message.
        traceback: The traceback as the kernel sent it, without colours.
        notebook: The notebook's path.
        cell: The cell's position.
    """
    lines = re.findall(r"Cell In\[\d+\], line (\d+)", traceback)
    where = Where(notebook, cell, int(lines[0]) if lines else None)
    outcome, code, hint = Outcome.FAILED, "cell-failed", ""
    if name.endswith("MemoryError"):
        outcome, code = Outcome.OUT_OF_MEMORY, "out-of-memory"
        hint = "Give the stage more with `memory_limit`, or let the notebook read less at once."
    elif "Errno 28" in text or "No space left" in text:
        outcome, code, hint = Outcome.DISK_FULL, "disk-full", _MAKE_ROOM
    first = f": {text.strip().splitlines()[0]}" if text.strip() else ""
    return Ending(outcome, (Problem(code, f"{name}{first}", hint, where),), cell)


def of_dead_kernel(code: int | None, oom_killed: bool, notebook: str, cell: int | None) -> Ending:
    """The end by the kernel's own death.

    Args:
        code: Its exit code, negative for a signal; None where nobody knows.
        oom_killed: Whether the system killed something for want of memory meanwhile.
        notebook: The notebook's path.
        cell: The cell that was running.
    """
    where = Where(notebook, cell)
    if code == -signal.SIGKILL and oom_killed:
        message = "The system ran out of memory and killed the kernel."
        hint = "Let the notebook read less at once, or set `memory_limit` to fail early."
        problem = Problem("out-of-memory", message, hint, where)
        return Ending(Outcome.OUT_OF_MEMORY, (problem,), cell)
    hint = "Run the cells up to this one in JupyterLab, to see what the crash says."
    if code is None:
        how = "The kernel died."
    elif code < 0:
        how = f"The kernel was killed by {signal.Signals(-code).name}."
    else:
        how = f"The kernel ended itself with exit code {code}."
        hint = "Look for a call of `exit` in the cell."
    return Ending(Outcome.KILLED, (Problem("kernel-died", how, hint, where),), cell)


def of_exit(notebook: str, cell: int) -> Ending:
    """The end by a cell that called ``exit``, which papermill takes for success.

    Args:
        notebook: The notebook's path.
        cell: The cell's position.
    """
    message = "The cell called `exit`, so no cell after it was run."
    hint = "Let the notebook run to its end; raise an error where it cannot."
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
            f"[tool.stagebook.stages.{Path(notebook).stem}], or make the cell faster."
        )
        return Ending(Outcome.TIMED_OUT, (Problem("timed-out", message, hint, where),), cell)
    outcome = Outcome.INTERRUPTED if reason is signal.SIGINT else Outcome.TERMINATED
    message = f"The run was stopped by {reason.name}."
    problem = Problem(outcome.value, message, "Go on with: dvc repro", where)
    return Ending(outcome, (problem,), cell)


def of_full_disk(error: OSError, where: Where) -> Ending:
    """The end by a file that could not be written, for want of space or rights."""
    full = error.errno in FULL_DISK
    file = error.filename2 or error.filename
    message = f"{f'`{file}`' if file else 'A file'} could not be written: {error.strerror}."
    hint = _MAKE_ROOM if full else "Check the path and the rights on its folder."
    code = "disk-full" if full else "not-written"
    outcome = Outcome.DISK_FULL if full else Outcome.FAILED
    return Ending(outcome, (Problem(code, message, hint, where),))


def of_killed_runner(where: Where) -> Ending:
    """The end by a death of the runner that it could not tell of, such as ``kill -9``."""
    message = "The run was killed, and could not say by what."
    return Ending(
        Outcome.KILLED, (Problem("runner-killed", message, "Go on with: dvc repro", where),)
    )


_MAKE_ROOM = "Make room on the disk; `dvc gc --workspace` deletes old results from DVC's cache."


def oom_kills() -> int:
    """How many processes the system has killed for want of memory since it started."""
    try:
        counters = Path("/proc/vmstat").read_text(encoding="ascii")
    except OSError:
        return 0
    found = re.search(r"^oom_kill (\d+)$", counters, re.MULTILINE)
    return int(found[1]) if found else 0
