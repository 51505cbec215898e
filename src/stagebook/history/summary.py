"""A summary of the last build: the status and the verdict, and where a person finds the results."""

from dataclasses import dataclass

from stagebook.history import carried
from stagebook.history.project_status import HeadlineMetric, ProjectStatus, StageStatus
from stagebook.history.verdict import BuildVerdict
from stagebook.project.errors import Problem, StagebookError, Where, did_you_mean
from stagebook.project.project import Project, without_credentials
from stagebook.project.settings import ReportSettings
from stagebook.record import metrics

LOCAL_SERVER = "http://127.0.0.1:5000"
"""The address at which `mlflow ui` serves by default."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The last build of a project, for the end of a terminal session.

    Attributes:
        status: What is known of the last build.
        verdict: How good it is, and why. Models and drift are not part of it.
        runs: Folder of the executed notebooks and pages.
        tracking_uri: MLflow's address.
        experiment: Id of the project's experiment there; None before the first delivery.
        site: Path of the site's first page; empty if the site was not written.
    """

    status: ProjectStatus
    verdict: BuildVerdict
    runs: str
    tracking_uri: str
    experiment: str | None = None
    site: str = ""

    @classmethod
    def of(
        cls, project: Project, status: ProjectStatus, experiment: str | None = None
    ) -> "Summary":
        """The summary of a project.

        Args:
            project: The project.
            status: Its status.
            experiment: Id of its experiment in MLflow, if that is known.

        Raises:
            StagebookError: A headline names a file or a metric that does not exist, and its
                stage is not stale.
        """
        for metric in status.headlines:
            if metric.trouble and not metric.stale:
                raise StagebookError(_missing(project, metric))
        return cls(
            status,
            BuildVerdict.of(status),
            project.settings.runs,
            without_credentials(project.tracking_uri),
            experiment,
            _site(project),
        )

    @property
    def executed_here(self) -> tuple[StageStatus, ...]:
        """The notebooks that this checkout has executed."""
        return tuple(
            stage
            for stage in self.status.notebooks
            if stage.record is not None and not carried.is_carried(stage.record)
        )

    @property
    def is_dirty(self) -> bool:
        """Whether a stage was built with changes that are not in git."""
        codes = [stage.record.git for stage in self.executed_here if stage.record]
        return any(code.dirty for code in codes if code is not None)

    @property
    def commit(self) -> str:
        """The commit at which all stages were built; an empty text if not all have the same."""
        codes = [stage.record.git for stage in self.executed_here if stage.record]
        commits = {code.commit if code is not None else "" for code in codes}
        return min(commits) if len(commits) == 1 else ""

    @property
    def stale(self) -> tuple[StageStatus, ...]:
        """The stages that are stale."""
        return tuple(stage for stage in self.status.stages if stage.stale)

    @property
    def never_built(self) -> tuple[str, ...]:
        """The hand-written stages that no build has finished."""
        by_hand = {stage.name for stage in self.status.stages if not stage.node.notebook}
        return tuple(name for name in self.status.unbuilt if name in by_hand)

    @property
    def is_served(self) -> bool:
        """Whether MLflow is a server already, and not a file that a server can open."""
        return self.tracking_uri.startswith(("http://", "https://"))

    @property
    def address(self) -> str:
        """The address of the project's table of runs, while MLflow's server is running."""
        server = self.tracking_uri.rstrip("/") if self.is_served else LOCAL_SERVER
        return f"{server}/#/experiments/{self.experiment}/runs" if self.experiment else server


def _site(project: Project) -> str:
    """Path of the site's first page; an empty text if the site does not exist."""
    report = project.settings.report or ReportSettings()
    page = f"{report.folder}/index.html"
    return page if (project.root / page).is_file() else ""


def _missing(project: Project, metric: HeadlineMetric) -> Problem:
    """Why a headline has no value."""
    entry, where = f"{metric.file}:{metric.name}", Where("pyproject.toml")
    if not (project.root / metric.file).is_file():
        message = f"The headline `{entry}` names a file that does not exist."
        return Problem("no-metrics", message, "Build it: dvc repro", where)
    names = metrics.read(project.root, (metric.file,))
    message = f"The headline `{entry}` names a metric that {metric.file} does not have."
    hint = did_you_mean(metric.name, names, f"It has: {', '.join(names)}.")
    return Problem("no-metric", message, hint, where)
