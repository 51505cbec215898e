"""What a project shows first of a build in MLflow: its headline metrics and their data."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from mlflow.entities import DatasetInput

from stagebook.history.build import Build
from stagebook.project.project import Project
from stagebook.record import metrics, reading
from stagebook.record.reading import DamagedRecordError
from stagebook.record.record import Record
from stagebook.record.spool import Spool
from stagebook.tracking import dataset, run
from stagebook.tracking.projection import key


@dataclass(frozen=True, slots=True)
class BuildHeadline:
    """What is shown first of a build.

    Attributes:
        metrics: The headline metrics that are numbers, by name.
        datasets: What the stages that measured them read.
    """

    metrics: dict[str, float]
    datasets: tuple[DatasetInput, ...] = ()


def of(project: Project, spool: Spool, build: Build) -> BuildHeadline:
    """The headline metrics of a build, including those of unchanged stages.

    Args:
        project: The project.
        spool: Its records.
        build: The build.
    """
    values: dict[str, float] = {}
    read: dict[str, DatasetInput] = {}
    records = list(_records(spool, build))
    for entry in project.settings.headline:
        file, _, name = entry.rpartition(":")
        for record in records:
            if not any(output.path == file for output in record.outputs):
                continue
            numbers = {metric.key: metric.value for metric in run.metrics(record)}
            names = (key(name), key(metrics.named(file, name, 2)))
            value = next((numbers[item] for item in names if item in numbers), None)
            if value is not None:
                values[key(name)] = value
                read |= {
                    input_.dataset.name: input_ for input_ in dataset.inputs(record, spool.profiles)
                }
    return BuildHeadline(values, tuple(read.values()))


def _records(spool: Spool, build: Build) -> Iterator[Record]:
    """The records of the executions whose outputs are there after a build, if they are here."""
    makers = (out.record for stage in build.unchanged for out in stage.outputs)
    names = [stage.record for stage in build.executed if stage.outcome == "done"]
    for name in dict.fromkeys((*names, *filter(None, makers))):
        with contextlib.suppress(OSError, DamagedRecordError):
            yield reading.read(spool.records / f"{name}.json")
