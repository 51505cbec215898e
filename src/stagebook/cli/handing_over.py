"""A thin client: a fork of a warm process runs the verb, as if nothing were in between."""

import os
import signal
import sys
from typing import Never

from stagebook.execution.warm import choice

_PASSED_ON = (
    *(signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGCONT),
    *(signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH),
)


def hand_over() -> None:
    """Runs the verb in a fork of a warm process and ends as it ends; returns if that fails."""
    root, setting = _project()
    if not root or not choice.is_wanted(setting):
        return
    from stagebook.execution.warm import client
    from stagebook.execution.warm.key import Recipe
    from stagebook.execution.warm.request import Request
    from stagebook.project import ancestry

    request = Request.here(
        "stagebook.cli.warm_run:main",
        tuple(sys.argv),
        first=sys.path[0],
        owner=ancestry.build(),
    )
    try:
        fork = client.fork(Recipe.of_own_processes(root), request, (0, 1, 2))
    except client.NotWarmError as error:
        sys.stderr.write(f"note The stage runs without a warm process: {error}.\n")
        return
    _end_as(_wait(fork))


def _wait(fork: "client.Fork") -> int:  # type: ignore[name-defined]  # noqa: F821
    """Waits for a process, and passes on the signals that this one gets."""

    def stop(*_: object) -> None:
        fork.send_signal(signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGSTOP)

    for number in _PASSED_ON:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _: fork.send_signal(number))
    signal.signal(signal.SIGTSTP, stop)
    return int(fork.wait())


def _end_as(code: int) -> Never:
    """Ends this process with an exit code, or by a signal if the code is negative."""
    if code < 0:
        if -code not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 128 - code)


def _project() -> tuple[str, bool]:
    """The root of the project around the working folder, and its setting; empty without one."""
    folder = os.path.realpath(os.getcwd())
    while True:
        try:
            with open(os.path.join(folder, "pyproject.toml"), "rb") as file:
                text = file.read()
        except OSError:
            text = b""
        if b"tool.stagebook" in text:
            return folder, _setting(text)
        if folder == os.path.dirname(folder):
            return "", False
        folder = os.path.dirname(folder)


def _setting(text: bytes) -> bool:
    """The setting ``warm`` in a text of pyproject.toml; False if the text is invalid."""
    if b"warm" not in text:
        return False
    import tomllib

    try:
        return bool(tomllib.loads(text.decode("utf-8-sig"))["tool"]["stagebook"].get("warm"))
    except (ValueError, KeyError, AttributeError, TypeError):
        return False  # the verb reports it
