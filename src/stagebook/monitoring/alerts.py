"""Alerts: one for each change of state, kept until every channel has it."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stagebook.monitoring import webhook
from stagebook.monitoring.kept_files import not_kept, package_folder
from stagebook.monitoring.signal import MonitorState
from stagebook.project import typed_json
from stagebook.project.errors import Problem, Where
from stagebook.project.files import write_whole
from stagebook.project.settings.monitor import AlertSettings
from stagebook.project.typed_json import ShapeError

FILE = "state.json"
FORMAT = 1
COMMAND, WEBHOOK = "command", "webhook"
SECONDS = 10.0
"""The time that one channel has for one alert."""

MOST_KEPT = 20
"""Alerts that wait; older ones are dropped, since the newest has the state."""


@dataclass(frozen=True, slots=True)
class Alert:
    """A change of state.

    Attributes:
        package: The package's digest.
        before: The state before.
        after: The state now.
        day: The last day that was looked at.
        reasons: A sentence for each signal.
        channels: The channels that do not have it yet.
    """

    package: str
    before: MonitorState
    after: MonitorState
    day: str
    reasons: tuple[str, ...]
    channels: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What the channels get: plain values, with a format version."""
        return {
            "format": FORMAT,
            "package": self.package,
            "before": self.before.value,
            "after": self.after.value,
            "day": self.day,
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True, slots=True)
class StateFile:
    """What the last run concluded.

    Attributes:
        format: Version of the file's format.
        package: The package's digest; empty before the first run.
        state: The state.
        day: The last day that was looked at.
        waiting: Alerts that a channel does not have yet, oldest first.
    """

    format: int = FORMAT
    package: str = ""
    state: MonitorState = MonitorState.OK
    day: str = ""
    waiting: tuple[Alert, ...] = ()

    def after(
        self,
        package: str,
        state: MonitorState,
        day: str,
        reasons: Sequence[str],
        channels: Sequence[str],
    ) -> "StateFile":
        """The file after a run; with an alert if the state is another.

        Another package starts with the state ``ok``.

        Args:
            package: The package's digest.
            state: The state that this run concluded.
            day: The last day that it looked at.
            reasons: A sentence for each signal.
            channels: The channels that alerts go to.
        """
        before = self.state if package == self.package else MonitorState.OK
        waiting = self.waiting
        if state is not before and channels:
            alert = Alert(package, before, state, day, tuple(reasons), tuple(channels))
            waiting = (*waiting, alert)[-MOST_KEPT:]
        return StateFile(FORMAT, package, state, day, waiting)


def read(path: Path) -> tuple[StateFile, Problem | None]:
    """The state file; the one before the first run if it is missing or damaged.

    Returns:
        The state, and what is wrong with the file.
    """
    try:
        values = typed_json.load(path.read_bytes())
        if isinstance(values, dict) and values.get("format") != FORMAT:
            raise ShapeError(f"it has format {values.get('format')!r}, not {FORMAT}")
        return typed_json.convert(values, StateFile), None
    except FileNotFoundError:
        return StateFile(), None
    except (OSError, ShapeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        message = f"The state of the last run cannot be read: {reason}. An alert may be repeated."
        return StateFile(), Problem("bad-monitor-state", message, "", Where(str(path)))


def path_of(folder: Path, package: str) -> Path:
    """The state file of a package: two packages have a state each.

    Args:
        folder: The folder for what is kept.
        package: The package's digest.
    """
    return package_folder(folder, package) / FILE


def keep(path: Path, state: StateFile) -> tuple[Problem, ...]:
    """Writes the state file; where it cannot be written, that is a problem."""
    try:
        write(path, state)
    except OSError as error:
        what = "The state of this run cannot be kept, so alerts will be repeated"
        return (not_kept("monitor-state-not-kept", what, error, path),)
    return ()


def write(path: Path, state: StateFile) -> None:
    """Writes the state file, whole or not at all."""
    values = {
        "format": FORMAT,
        "package": state.package,
        "state": state.state.value,
        "day": state.day,
        "waiting": [
            {**alert.as_json(), "channels": list(alert.channels)} for alert in state.waiting
        ],
    }
    write_whole(path, json.dumps(values, ensure_ascii=False, indent=1) + "\n", durable=True)


def deliver(
    state: StateFile, settings: AlertSettings, folder: Path, seconds: float = SECONDS
) -> tuple[StateFile, tuple[Problem, ...]]:
    """Sends what waits; what a channel does not accept waits on.

    After one failure of a channel, its other alerts wait, so that a run takes at most the time of
    one alert on each channel longer than it must.

    Args:
        state: The state file.
        settings: The channels.
        folder: Where the command runs.
        seconds: The time that one channel has for one alert.

    Returns:
        The state file afterwards, and why an alert was not delivered.
    """
    problems: dict[str, Problem] = {}
    waiting = []
    for alert in state.waiting:
        left = []
        for channel in settings.channels:
            if channel not in alert.channels:
                continue
            if channel not in problems:
                problem = _send(channel, alert, settings, folder, seconds)
                if problem is None:
                    continue
                problems[channel] = problem
            left.append(channel)
        if left:
            waiting.append(replace(alert, channels=tuple(left)))
    return replace(state, waiting=tuple(waiting)), tuple(problems.values())


def _send(
    channel: str, alert: Alert, settings: AlertSettings, folder: Path, seconds: float
) -> Problem | None:
    body = json.dumps(alert.as_json(), ensure_ascii=False).encode()
    if channel == COMMAND:
        return _run(settings.command, body, alert, folder, seconds)
    secret = os.environ.get(settings.secret) if settings.secret else None
    if settings.secret and not secret:
        message = f"The variable `{settings.secret}`, with the secret of the webhook, is not set."
        hint = "Set it. The alert stays in the state file; the next run sends it."
        return Problem("alert-undelivered", message, hint)
    return webhook.post(settings.webhook, body, secret, seconds)


def _run(
    command: Sequence[str], body: bytes, alert: Alert, folder: Path, seconds: float
) -> Problem | None:
    """Runs the command: the alert on its standard input, the states as variables."""
    states = {"STAGEBOOK_BEFORE": alert.before.value, "STAGEBOOK_AFTER": alert.after.value}
    try:
        ended = subprocess.run(
            list(command),
            input=body,
            cwd=folder,
            env={**os.environ, **states},
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        reason = f"It took longer than {seconds:g} s and was ended."
    except OSError as error:
        reason = f"It could not start: {error.strerror}."
    else:
        if ended.returncode == 0:
            return None
        last = ended.stderr.decode(errors="replace").strip().splitlines()[-1:] or [""]
        reason = f"It ended with code {ended.returncode}. {last[0]}".strip()
    message = f"The command of the alert, `{command[0]}`, failed. {reason}"
    hint = "The alert stays in the state file; the next run tries again."
    return Problem("alert-undelivered", message, hint)
