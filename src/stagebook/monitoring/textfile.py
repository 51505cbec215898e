"""The status as a file for the textfile collector of Prometheus' node exporter."""

from collections.abc import Iterator

from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.signal import MonitorState
from stagebook.monitoring.status import MonitorStatus

_PREFIX = "stagebook_monitor"


def render(status: MonitorStatus) -> str:
    """The text of the file; format: https://prometheus.io/docs/instrumenting/exposition_formats."""
    return "".join(f"{line}\n" for line in _lines(status))


def _lines(status: MonitorStatus) -> Iterator[str]:
    own = {"model": status.model, "package": status.package[:12]}
    yield from _head("state", "1 for the state of the model, 0 for the others")
    for state in MonitorState:
        yield _line("state", own | {"state": state.value}, int(state is status.state))
    yield from _head("signals", "things that a person should know of")
    yield _line("signals", own, len(status.signals))
    days = status.of(Cadence.DAY)
    if days:
        last = days[-1]
        yield from _head("requests", "requests of the last day")
        yield _line("requests", own, last.period.summary.requests)
        yield from _head("drifted_columns", "columns that drifted on the last day")
        yield _line("drifted_columns", own, len(last.drifted))
    yield from _head("loss", "mean of a loss over the last days")
    for loss in status.losses:
        if loss.recent is not None:
            labels = own | {"loss": loss.name, "source": loss.source}
            yield _line("loss", labels, loss.recent)
    yield from _head("loss_limit", "limit of the loss")
    for loss in status.losses:
        yield _line("loss_limit", own | {"loss": loss.name, "source": loss.source}, loss.limit)


def _head(name: str, meaning: str) -> Iterator[str]:
    yield f"# HELP {_PREFIX}_{name} {meaning}"
    yield f"# TYPE {_PREFIX}_{name} gauge"


def _line(name: str, labels: dict[str, str], value: float) -> str:
    pairs = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{_PREFIX}_{name}{{{pairs}}} {value!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
