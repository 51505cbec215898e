"""The end of a build: stages, headline metrics, and where to look."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from stagebook.history.staleness import Causes, Staleness
from stagebook.pipeline.nodes import Node
from stagebook.project.errors import Problem, StagebookError, Where, did_you_mean
from stagebook.project.project import Project, without_credentials
from stagebook.project.settings import ReportSettings
from stagebook.record import metrics
from stagebook.record.record import Record


@dataclass(frozen=True, slots=True)
class Score:
    """A metric that the project shows first.

    Attributes:
        name: Its name.
        value: Its value; None if its stage is stale and left no file.
        record: The record of the last build of its stage; None if this checkout has no such record.
        stale: The changes since it was built; empty if it is current.
    """

    name: str
    value: Any
    record: Record | None = None
    stale: Causes = ()


LOCAL_SERVER = "http://127.0.0.1:5000"
"""Where `mlflow ui` serves by default."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The last build of a project, for the end of a terminal session.

    Attributes:
        name: The project's name.
        stages: Stages in the order of the pipeline, each with the record of its last build;
            None if this checkout has no such record.
        headline: The metrics that the project shows first.
        runs: Folder of the executed notebooks and pages.
        tracking_uri: MLflow's address.
        stale: The changes by which stages are stale, by their names.
        experiment: Id of the project's experiment there; None until something was delivered.
        never_built: Stages that are not notebooks and that no build has finished.
        site: Path of the site's first page; empty if it does not exist.
    """

    name: str
    stages: tuple[tuple[str, Record | None], ...]
    headline: tuple[Score, ...]
    runs: str
    tracking_uri: str
    stale: Mapping[str, Causes] = field(default_factory=dict)
    experiment: str | None = None
    never_built: tuple[str, ...] = ()
    site: str = ""

    @property
    def is_here(self) -> bool:
        """Whether a stage was built in this checkout."""
        return any(record is not None for _, record in self.stages)

    @property
    def is_dirty(self) -> bool:
        """Whether a stage was built with changes that are not in git."""
        return any(record.git.dirty for _, record in self.stages if record and record.git)

    @property
    def is_served(self) -> bool:
        """Whether MLflow is a server already, and not a file that a server can open."""
        return self.tracking_uri.startswith(("http://", "https://"))

    @property
    def address(self) -> str:
        """Where MLflow has the table of the project's runs, once its server runs."""
        server = self.tracking_uri.rstrip("/") if self.is_served else LOCAL_SERVER
        return f"{server}/#/experiments/{self.experiment}/runs" if self.experiment else server

    @classmethod
    def of(
        cls,
        project: Project,
        stages: tuple[str, ...],
        records: Mapping[str, Record],
        nodes: Iterable[Node],
        stale: Staleness,
        experiment: str | None = None,
        never_built: Iterable[str] = (),
    ) -> "Summary":
        """The summary of a project.

        Args:
            project: The project.
            stages: Its stages in order.
            records: The record of the last build of each stage that has one.
            nodes: The stages of ``dvc.yaml``.
            stale: Which of them are stale.
            experiment: Id of the project's experiment in MLflow, if it is known.
            never_built: The stages that no build has finished.

        Raises:
            StagebookError: A headline names a file or a metric that does not exist.
        """
        makers = {path: node.name for node in nodes for path in node.outs}
        return cls(
            project.settings.name,
            tuple((stage, records.get(stage)) for stage in stages),
            tuple(
                _score(project, entry, makers.get(entry.rpartition(":")[0], ""), records, stale)
                for entry in project.settings.headline
            ),
            project.settings.runs,
            without_credentials(project.tracking_uri),
            stale.causes,
            experiment,
            tuple(name for name in never_built if name not in stages),
            _site(project),
        )


def _site(project: Project) -> str:
    """Path of the site's first page; empty if there is no site."""
    report = project.settings.report or ReportSettings()
    page = f"{report.folder}/index.html"
    return page if (project.root / page).is_file() else ""


def _score(
    project: Project,
    entry: str,
    maker: str,
    records: Mapping[str, Record],
    stale: Staleness,
) -> Score:
    """A headline metric; without a value if its stage failed or must be built again."""
    path, _, name = entry.rpartition(":")
    causes = stale.of(maker)
    if causes and not (project.root / path).is_file():
        return Score(name, None, None, causes)
    return Score(*_headline(project, entry), records.get(maker), causes)


def _headline(project: Project, entry: str) -> tuple[str, Any]:
    path, _, name = entry.rpartition(":")
    where = Where("pyproject.toml")
    if not (project.root / path).is_file():
        message = f"The headline `{entry}` names a file that does not exist."
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
