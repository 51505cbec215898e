"""What a build left: stages, headline metrics, and where to look."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stagebook.errors import Problem, StagebookError, Where, did_you_mean
from stagebook.project import Project, without_credentials
from stagebook.record import metrics


@dataclass(frozen=True, slots=True)
class Summary:
    """The last build of a project, for the end of a terminal session.

    Attributes:
        name: The project's name.
        stages: Stages in the order of the pipeline, each with the record of its last build;
            None where this checkout has none.
        headline: The metrics that the project shows first, by the last part of their name.
        runs: Folder of the executed notebooks and pages.
        tracking_uri: MLflow's address.
    """

    name: str
    stages: tuple[tuple[str, Mapping[str, Any] | None], ...]
    headline: tuple[tuple[str, Any], ...]
    runs: str
    tracking_uri: str

    @classmethod
    def of(
        cls, project: Project, stages: tuple[str, ...], records: Mapping[str, Mapping[str, Any]]
    ) -> "Summary":
        """The summary of a project.

        Args:
            project: The project.
            stages: Its stages in order.
            records: The record of the last build of each, where there is one.

        Raises:
            StagebookError: A headline names a file or a metric that is not there.
        """
        return cls(
            project.settings.name,
            tuple((stage, records.get(stage)) for stage in stages),
            tuple(_headline(project, entry) for entry in project.settings.headline),
            project.settings.runs,
            without_credentials(project.tracking_uri),
        )


def _headline(project: Project, entry: str) -> tuple[str, Any]:
    path, _, name = entry.rpartition(":")
    where = Where("pyproject.toml")
    if not (project.root / path).is_file():
        message = f"The headline `{entry}` names a file that is not there."
        raise StagebookError(Problem("no-metrics", message, "Build it: dvc repro", where))
    values = metrics.read(project.root, (path,))
    if name not in values:
        message = f"The headline `{entry}` names a metric that {path} does not have."
        raise StagebookError(
            Problem(
                "no-metric",
                message,
                did_you_mean(name, values, f"It has: {', '.join(values)}."),
                where,
            )
        )
    return name, values[name]
