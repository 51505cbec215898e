"""Shows a cell's error: in words if a missing input is the cause, otherwise as IPython does."""

import traceback
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

from stagebook.project.errors import Problem

Explain = Callable[[BaseException], Iterable[Problem]]
"""Returns the problems behind an error; none if IPython's traceback says more."""

_KINDS = (Exception,)
_RENDERS = "_render_traceback_"


def show_with(shell: Any, explain: Explain) -> None:
    """From here on, an error that can be explained is shown in words.

    A handler of somebody else remains in place.
    """
    if shell.custom_exceptions:
        return

    def show(
        shell: Any,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType,
        tb_offset: int | None = None,
    ) -> None:
        line = _line(shell, trace)
        if line is not None and (problems := _explained(explain, error)):
            lines = _words(kind, error, line, problems)
            # IPython uses this in place of a traceback; `%tb` creates one later
            vars(error)[_RENDERS] = lambda: lines
        try:
            shell.showtraceback(
                (kind, error, trace), tb_offset=tb_offset, running_compiled_code=line is not None
            )
        finally:
            vars(error).pop(_RENDERS, None)

    shell.set_custom_exc(_KINDS, show)


def show_as_usual(shell: Any) -> None:
    """From here on, IPython shows errors as usual."""
    if shell.custom_exceptions is _KINDS:
        shell.set_custom_exc((), None)


def _explained(explain: Explain, error: BaseException) -> tuple[Problem, ...]:
    try:
        return tuple(explain(error))
    except Exception:  # the person's own error must be shown
        return ()


def _line(shell: Any, trace: TracebackType) -> int | None:
    """The line of the cell that the error came through; None if the cell did not compile."""
    frames = traceback.walk_tb(trace)
    lines = (line for frame, line in frames if frame.f_globals is shell.user_ns)
    return next(lines, None)


def _words(
    kind: type[BaseException], error: BaseException, line: int, problems: Iterable[Problem]
) -> list[str]:
    first = next(iter(str(error).splitlines()), "")
    return [
        *map(str, problems),
        f"Line {line} of the cell: {kind.__name__}: {first}",
        "(`%tb` shows the whole traceback.)",
    ]
