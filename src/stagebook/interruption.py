"""Ctrl-C while a verb is imported: it ends the process without a traceback.

This module is imported first, so it imports only what Python itself has already imported.
"""

import _signal  # type: ignore[import-not-found]
import os
import sys

_CODE = 130


def end_quietly() -> None:
    """From here on, SIGINT ends this process at once, with exit code 130 and no output.

    If SIGINT is ignored, as for a background job of a shell, it stays ignored.
    """
    if _signal.getsignal(_signal.SIGINT) != _signal.SIG_IGN:
        _signal.signal(_signal.SIGINT, lambda *_: os._exit(_CODE))


def is_command() -> bool:
    """Whether this process is ``stagebook`` or ``python -m stagebook``, not a user of its code."""
    script = next(iter(getattr(sys, "argv", ())), "")
    if script == "-m":  # Python sets this while it imports the package
        return sys.orig_argv[-len(sys.argv) :][:1] == ["stagebook"]
    return script.endswith((f"{os.sep}stagebook", f"stagebook{os.sep}__main__.py"))


class Raised:
    """A block in which SIGINT raises KeyboardInterrupt, so that a verb can clean up."""

    def __enter__(self) -> None:
        """Installs the handler, and hides what Python reports of an interrupted callback."""
        sys.unraisablehook = _report
        self._before = _signal.getsignal(_signal.SIGINT)
        if self._before != _signal.SIG_IGN:
            _signal.signal(_signal.SIGINT, _signal.default_int_handler)

    def __exit__(self, *_: object) -> None:
        """Restores the previous handler."""
        if self._before is not None:
            _signal.signal(_signal.SIGINT, self._before)


def _report(error: "sys.UnraisableHookArgs") -> None:
    if not issubclass(error.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(error)


if is_command():
    end_quietly()
