"""How a deployed model is watched, from ``[tool.stagebook.monitor]``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stagebook.project.errors import Problem
from stagebook.project.settings import kinds

_TABLE = "tool.stagebook.monitor"
_DAY = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """``[tool.stagebook.monitor.alerts]``: where a change of state is reported.

    Attributes:
        command: A command with its arguments; it gets the alert as JSON on its standard input.
        webhook: An address that the JSON is posted to.
        secret: The variable with the secret that the JSON is signed with.
    """

    command: tuple[str, ...] = ()
    webhook: str = ""
    secret: str = ""

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that are set: ``command``, ``webhook``."""
        given = {"command": self.command, "webhook": self.webhook}
        return tuple(name for name, value in given.items() if value)


@dataclass(frozen=True, slots=True)
class MonitorSettings:
    """``[tool.stagebook.monitor]``.

    Attributes:
        log: The folder of the server's log.
        package: The package that the server answers with.
        labels: A table of what came true; empty for none.
        prediction: Its column with the prediction's id.
        key: Its columns with the key of the entity, instead of the id.
        instant: Its column with the instant of the prediction, beside the key.
        known: Its column with the time when a label was known; empty if it has none.
        by: Columns whose values are judged apart.
        maturity: Seconds after which the labels of a day count as complete.
        share: The share of a day's rows with a label from which they count as complete.
        false_alarms: The most false alarms in a year that are expected.
        tolerance: How much worse than on the test split the loss may be before it is an alarm.
        textfile: A file for Prometheus' textfile collector; empty for none.
        alerts: Where a change of state is reported.
    """

    log: str = ""
    package: str = ""
    labels: str = ""
    prediction: str = "prediction"
    key: tuple[str, ...] = ()
    instant: str = ""
    known: str = ""
    by: tuple[str, ...] = ()
    maturity: float = 7 * _DAY
    share: float = 0.98
    false_alarms: float = 1.0
    tolerance: float = 0.0
    textfile: str = ""
    alerts: AlertSettings = field(default_factory=AlertSettings)


def parse(table: Any, problems: list[Problem]) -> MonitorSettings:
    """The settings in the table; adds a problem for each error.

    Args:
        table: The parsed table.
        problems: The list to add problems to.
    """
    if not isinstance(table, dict):
        error = TypeError(f"{table!r} is not a table")
        problems.append(kinds.bad_value("[tool.stagebook] monitor", error))
        return MonitorSettings()
    readers = {
        **dict.fromkeys(("log", "package", "textfile"), kinds.text),
        **dict.fromkeys(("labels", "prediction", "instant", "known"), kinds.text_or_none),
        **dict.fromkeys(("key", "by"), kinds.texts),
        "maturity": _days,
        "share": _share,
        "false_alarms": _above_zero,
        "tolerance": kinds.size,
    }
    values = kinds.known(table, {*readers, "alerts"}, _TABLE, problems)
    plain = {key: value for key, value in values.items() if key != "alerts"}
    read = kinds.read(plain, readers, _TABLE, problems)
    if read.get("key") and not read.get("instant"):
        alone = ValueError("the key needs the column `instant` beside it")
        problems.append(kinds.bad_value(f"[{_TABLE}] key", alone))
    return MonitorSettings(**read, alerts=_alerts(values.get("alerts", {}), problems))


def _alerts(table: Any, problems: list[Problem]) -> AlertSettings:
    where = f"{_TABLE}.alerts"
    if not isinstance(table, Mapping):
        problems.append(kinds.bad_value(f"[{where}]", TypeError(f"{table!r} is not a table")))
        return AlertSettings()
    readers = {"command": _command, "webhook": _address, "secret": kinds.text}
    known = kinds.known(table, set(readers), where, problems)
    return AlertSettings(**kinds.read(known, readers, where, problems))


def _command(value: Any) -> tuple[str, ...]:
    command = kinds.texts(value)
    if not command:
        raise ValueError("the command is empty")
    return command


def _address(value: Any) -> str:
    address = kinds.text(value)
    if not re.match(r"https?://[^/\s]", address):
        raise ValueError(f"{address!r} does not begin with http:// or https://")
    return address


def _days(value: Any) -> float:
    """Seconds in ``"2 d"`` or in any duration that a time limit has."""
    text = str(value).strip()
    days = re.fullmatch(r"(\d+(?:\.\d*)?) *(?:d|days?)", text)
    return float(days[1]) * _DAY if days else kinds.parse_duration(value)


def _share(value: Any) -> float:
    share = kinds.number(value)
    if not 0 < share <= 1:
        raise ValueError(f"{value!r} is not above 0 and at most 1")
    return share


def _above_zero(value: Any) -> float:
    number = kinds.number(value)
    if number <= 0:
        raise ValueError(f"{value!r} is not above 0")
    return number
