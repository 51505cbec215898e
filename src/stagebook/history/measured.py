"""The builds of a project, and its metrics after each of them.

A build is a ``dvc repro`` that executed something. A stage that was run by itself is a build of its
own, named after its execution; a run with ``-P`` is a trial and not a build.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stagebook.history.history import History, Values

Metrics = Mapping[str, Mapping[str, Any]]
"""Values by dotted name, of each stage."""


@dataclass(frozen=True, slots=True)
class BuildMetrics:
    """A build with the metrics at its end.

    Attributes:
        name: The ``dvc repro``, or the execution if it was run by itself.
        record: Id of the last execution in it that has metrics.
        commit: The commit that it was built from; None without git.
        dirty: Whether there were changes that were not in git.
        metrics: The metrics of its executions and of the stages that it did not execute.
        stages: The stages that it measured.
    """

    name: str
    record: str
    commit: str | None
    dirty: bool
    metrics: Metrics
    stages: frozenset[str] = frozenset()

    @property
    def started(self) -> str:
        """When, ISO 8601 in UTC, to the minute."""
        return moment(self.record)


def moment(record: str) -> str:
    """When an execution started, which is in its id: ISO 8601 in UTC, to the minute."""
    stamp = record[:13]
    if len(stamp) < 13 or not stamp.replace("T", "").isdigit():
        return ""
    return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}T{stamp[9:11]}:{stamp[11:13]}"


def names(history: History) -> tuple[str, ...]:
    """The name of every build, also of those that failed or measured nothing, newest first."""
    rows = history.index.ask(
        "SELECT coalesce(repro, name) AS build FROM records"
        " WHERE build OR repro IS NOT NULL GROUP BY 1 ORDER BY max(name) DESC"
    )
    return tuple(name for (name,) in rows)


def builds(history: History) -> tuple[BuildMetrics, ...]:
    """Every build that has metrics, oldest first."""
    return _builds(history.measured())


def _builds(
    executions: Iterable[tuple[str, str, str | None, Values, Values]],
) -> tuple[BuildMetrics, ...]:
    by_name: dict[str, BuildMetrics] = {}
    standing: dict[str, Values] = {}
    for record, stage, repro, git, metrics in executions:
        name = repro or record
        standing = {**standing, stage: metrics}
        commit, dirty = git.get("commit"), bool(git.get("dirty"))
        # Builds are in the order of their ends, also if two ran at the same time.
        same = by_name.pop(name, None)
        stages = (same.stages if same else frozenset()) | {stage}
        by_name[name] = BuildMetrics(name, record, commit, dirty, standing, stages)
    return tuple(by_name.values())
