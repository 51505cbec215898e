"""Ctrl-C while a verb is imported, and what Python would print of it.

This is the first module of all, so it imports only what Python itself has imported already.
"""

import _signal  # type: ignore[import-not-found]
import os
import sys

_CODE = 130


def end_quietly() -> None:
    """From here on, SIGINT ends this process at once, with 130 and without a word.

    Where it is ignored, as in a shell's background, it stays so.
    """
    if _signal.getsignal(_signal.SIGINT) != _signal.SIG_IGN:
        _signal.signal(_signal.SIGINT, lambda *_: os._exit(_CODE))


def is_command() -> bool:
    """Whether this process is ``stagebook`` or ``python -m stagebook``, not a user of its code."""
    script = next(iter(getattr(sys, "argv", ())), "")
    if script == "-m":  # so it is while the package is imported
        return sys.orig_argv[-len(sys.argv) :][:1] == ["stagebook"]
    return script.endswith((f"{os.sep}stagebook", f"stagebook{os.sep}__main__.py"))


class Raised:
    """A block in which SIGINT raises KeyboardInterrupt, so that a verb can clear up."""

    def __enter__(self) -> None:
        """Python reports nothing of an interruption in a callback, such as one of an import."""
        sys.unraisablehook = _report
        self._before = _signal.getsignal(_signal.SIGINT)
        if self._before != _signal.SIG_IGN:
            _signal.signal(_signal.SIGINT, _signal.default_int_handler)

    def __exit__(self, *_: object) -> None:
        """What comes after the verb is as short as what came before."""
        if self._before is not None:
            _signal.signal(_signal.SIGINT, self._before)


def _report(error: "sys.UnraisableHookArgs") -> None:
    if not issubclass(error.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(error)


if is_command():
    end_quietly()
