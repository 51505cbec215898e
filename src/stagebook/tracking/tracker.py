"""The tracker, used so that nothing in it is created twice."""

import contextlib
import getpass
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Experiment, Run
from mlflow.store.db import utils as database

from stagebook.execution.sandbox import empty_store
from stagebook.project.project import Project, artifact_root, sqlite_path, sqlite_uri

RECORD_TAG = "stagebook.record"
BUILD_TAG = "stagebook.repro"
LOCAL_TAG = "stagebook.local_run"
PARENT_TAG = "mlflow.parentRunId"
_KIND = {"mlflow.experimentKind": "custom_model_development"}
"""Lets MLflow's pages show runs, models and datasets; without it, those for chats and prompts."""

# By default, MLflow tries for half an hour to open a database that does not exist.
database.MAX_RETRY_COUNT = 1


@dataclass(frozen=True, slots=True)
class Tracker:
    """MLflow, with the experiment of one project.

    Attributes:
        client: Its client.
        experiment: Id of the project's experiment.
    """

    client: MlflowClient
    experiment: str

    @classmethod
    def open(cls, project: Project) -> "Tracker":
        """The tracker of a project; the experiment is created if it does not exist.

        Raises:
            Exception: Whatever MLflow raises where the tracker does not answer.
        """
        if (store := sqlite_path(project.tracking_uri)) is not None:
            os.environ.update(artifact_root(Path.cwd()))
            _lay_store(project, store)
        return cls.at(project.tracking_uri, project.settings.name)

    @classmethod
    def at(cls, uri: str, experiment: str) -> "Tracker":
        """The tracker at an address, with an experiment, which is created if it does not exist.

        Raises:
            Exception: Whatever MLflow raises where the tracker does not answer.
        """
        client = MlflowClient(tracking_uri=uri)
        return cls(client, _experiment(client, experiment).experiment_id)

    def in_experiment(self, name: str) -> "Tracker":
        """The same tracker with another experiment, which is created if it does not exist."""
        return Tracker(self.client, _experiment(self.client, name).experiment_id)

    def run(self, tag: str, value: str, name: str, start: int, tags: Mapping[str, str]) -> str:
        """The one run with a tag: what an earlier delivery began, or a new one.

        A delivery that was killed may have created two, if the tracker carried out its request
        only later. Then one is kept.

        Args:
            tag: The tag's name.
            value: Its value.
            name: The run's name, for a new one.
            start: When it started, in milliseconds, for a new one.
            tags: More tags for a new one.
        """
        if runs := self._tagged(tag, value):
            kept, *others = sorted(runs, key=_age)
            for other in others:
                self.client.delete_run(other.info.run_id)
            return str(kept.info.run_id)
        created = self.client.create_run(
            self.experiment,
            start_time=start,
            run_name=name,
            tags={"mlflow.user": _user(), tag: value, **tags},
        )
        return str(created.info.run_id)

    def run_of(self, record: str) -> Run | None:
        """The run of an execution, in any experiment; None if it is not here."""
        experiments = [experiment.experiment_id for experiment in self.client.search_experiments()]
        filter_string = f"tags.`{RECORD_TAG}` = '{record}'"
        return next(iter(self.client.search_runs(experiments, filter_string, max_results=1)), None)

    def _tagged(self, tag: str, value: str) -> list[Run]:
        filter_string = f"tags.`{tag}` = '{value}'"
        return list(self.client.search_runs([self.experiment], filter_string, max_results=100))

    def sweep(self, run_of: Callable[[str], str | None]) -> None:
        """Deletes runs that a killed delivery requested, created after the delivery was repeated.

        Args:
            run_of: Returns the run of an execution that was delivered from here.
        """
        running = self.client.search_runs(
            [self.experiment], filter_string="attributes.status = 'RUNNING'", max_results=1000
        )
        for run in running:
            if self._is_late(run, run_of):
                self.client.delete_run(run.info.run_id)

    def _is_late(self, run: Run, run_of: Callable[[str], str | None]) -> bool:
        tags = run.data.tags
        if LOCAL_TAG in tags:
            parent = self.client.get_run(tags[PARENT_TAG])
            delivered = run_of(parent.data.tags.get(RECORD_TAG, ""))
            return bool(parent.info.status != "RUNNING" and delivered == parent.info.run_id)
        if BUILD_TAG in tags:
            same = self._tagged(BUILD_TAG, tags[BUILD_TAG])
            return any(other.info.status != "RUNNING" for other in same)
        return run_of(tags.get(RECORD_TAG, "")) not in (None, run.info.run_id)


def prepare_store(project: Project) -> Path:
    """Keeps an empty MLflow store ready, since creating one takes seconds; returns its path."""
    os.chdir(project.root)  # the store names a folder for artifacts, ./mlruns
    target = empty_store(project.state, mlflow.__version__)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            MlflowClient(tracking_uri=sqlite_uri(temporary)).search_experiments()
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    return target


def _lay_store(project: Project, file: Path) -> None:
    """Copies the empty store to the place of a new SQLite store, completely or not at all."""
    if file.exists():
        return
    empty = prepare_store(project)
    file.parent.mkdir(parents=True, exist_ok=True)
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        shutil.copyfile(empty, temporary)
        with contextlib.suppress(FileExistsError):
            file.hardlink_to(temporary)
    finally:
        temporary.unlink(missing_ok=True)


def _experiment(client: MlflowClient, name: str) -> Experiment:
    experiment = client.get_experiment_by_name(name)
    if experiment is not None:
        if experiment.lifecycle_stage == "deleted":
            client.restore_experiment(experiment.experiment_id)
        for (
            tag,
            value,
        ) in _KIND.items():  # plain MLflow in a notebook may have created it without the tags
            if tag not in experiment.tags:
                client.set_experiment_tag(experiment.experiment_id, tag, value)
        return experiment
    try:
        return client.get_experiment(client.create_experiment(name, tags=_KIND))
    except mlflow.MlflowException:  # another courier may have been faster
        experiment = client.get_experiment_by_name(name)
        if experiment is None:
            raise
        return experiment


def _age(run: Run) -> tuple[bool, str]:
    """Sorts a completed run before those that are still running."""
    return run.info.status == "RUNNING", str(run.info.run_id)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container whose user has no name
        return "unknown"
