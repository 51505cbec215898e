"""Packages in MLflow's registry: a version for each package, found again by its digest."""

import contextlib
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from stagebook.model import version_tags
from stagebook.model.registry_address import RegistryAddress, session
from stagebook.model.verification import VerificationReport
from stagebook.model.version_tags import PACKAGE
from stagebook.project.errors import Exit, Problem, StagebookError
from stagebook.project.project import without_credentials

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel, Run
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.exceptions import MlflowException

    from stagebook.tracking.tracker import Tracker

_NAME = re.compile(r"\w([\w .-]*[\w.-])?")
_ALIAS = re.compile(r"[A-Za-z0-9_-]+")
_RESERVED = re.compile(r"latest|v?\d+", re.IGNORECASE)
_NAME_LENGTH, _ALIAS_LENGTH = 250, 250


@dataclass(frozen=True, slots=True)
class Title:
    """What a version is going to be called.

    Attributes:
        name: The registered model's name.
        alias: A word that is to point to the version, such as ``champion``; None for no word.
    """

    name: str
    alias: str | None = None

    @classmethod
    def of(cls, name: str, alias: str | None) -> Self:
        """A title that MLflow takes, and that every verb can read again.

        Raises:
            StagebookError: The name or the alias has other characters, or one that is reserved.
        """
        if problems := tuple(_untitled(name, alias)):
            raise StagebookError(*problems, exit_code=Exit.USAGE)
        return cls(name, alias)

    @property
    def uri(self) -> str:
        """What MLflow's loaders call it, if it has an alias."""
        return f"models:/{self.name}@{self.alias}"


def _untitled(name: str, alias: str | None) -> Iterator[Problem]:
    if not _NAME.fullmatch(name) or len(name) > _NAME_LENGTH:
        message = f"`{name}` cannot be the name of a registered model."
        hint = "Use letters, digits, spaces, dots, dashes and underscores: --name late_arrival"
        yield Problem("bad-title", message, hint)
    if alias is None:
        return
    if not _ALIAS.fullmatch(alias) or len(alias) > _ALIAS_LENGTH:
        message = f"`{alias}` cannot be an alias."
        hint = "Use letters, digits, dashes and underscores: --alias champion"
        yield Problem("bad-title", message, hint)
    elif _RESERVED.fullmatch(alias):
        message = f"`{alias}` cannot be an alias: MLflow would read it as a version."
        yield Problem("bad-title", message, "Use a word for the model's role: --alias champion")


@dataclass(frozen=True, slots=True)
class Registration:
    """A package that is in a registry.

    Attributes:
        title: What it is called there.
        version: Its version.
        digest: The package's digest.
        created: Whether the version was created now; False if it existed before.
        run: The run of the execution that made the package, if MLflow knows it.
        before: The version that the alias pointed to before, if it was another one.
        tracking_uri: MLflow's address, without credentials.
    """

    title: Title
    version: int
    digest: str
    created: bool
    run: str | None
    before: int | None
    tracking_uri: str


URI = "models:/"


def is_uri(path: str | Path) -> bool:
    """Whether a path is the address of a registered version, such as ``models:/name@alias``."""
    return str(path).startswith(URI)


@contextlib.contextmanager
def fetched(uri: str | Path, place: RegistryAddress | None = None) -> Iterator[Path]:
    """A registered package's files in a temporary folder; nothing of them is loaded.

    Args:
        uri: The version's address.
        place: Where models are registered; else what MLflow is set to.

    Raises:
        StagebookError: MLflow does not have it, or does not answer.
    """
    import mlflow

    place = place or RegistryAddress(mlflow.get_tracking_uri(), "", Path.cwd())
    with tempfile.TemporaryDirectory(prefix="stagebook-package-") as name:
        with _reading(str(uri), place):
            folder = mlflow.artifacts.download_artifacts(artifact_uri=str(uri), dst_path=name)
        yield Path(folder)


def version_of(uri: str, place: RegistryAddress) -> str:
    """The version that an address points to now, as text; nothing is fetched.

    Raises:
        StagebookError: MLflow does not have it, or does not answer.
    """
    name, _, alias = uri.removeprefix(URI).partition("@")
    if not alias:
        return uri
    with _reading(uri, place):
        import mlflow

        version = mlflow.MlflowClient().get_model_version_by_alias(name, alias)
    return f"{URI}{name}/{version.version}"


@contextlib.contextmanager
def _reading(uri: str, place: RegistryAddress) -> Iterator[None]:
    """A session in which an address that does not exist is no failure of the registry."""
    from mlflow.exceptions import MlflowException

    reason = ""
    with session(place):
        try:
            yield
        except MlflowException as error:
            if not _is_missing(error):
                raise
            reason = str(error).splitlines()[0].rstrip(".")
    if reason:
        message = f"`{uri}` does not exist in MLflow at {without_credentials(place.uri)}: {reason}."
        hint = "Name a registered model and one of its versions or aliases, or another registry."
        raise StagebookError(Problem("no-alias", message, hint))


def _is_missing(error: "MlflowException") -> bool:
    """Whether MLflow has no such model, version or alias."""
    alias = error.error_code == "INVALID_PARAMETER_VALUE" and "alias" in str(error)
    return alias or error.error_code == "RESOURCE_DOES_NOT_EXIST"


def register(report: VerificationReport, title: Title, place: RegistryAddress) -> Registration:
    """Puts a package that has passed the gate into a registry, once.

    Args:
        report: The package, after the gate.
        title: What it is to be called.
        place: Where.

    Raises:
        StagebookError: It has not passed; or MLflow does not answer, or refuses.
    """
    report.require()
    with session(place):
        client, version, created = _version(report, title, place)
        before = _point(client, title, version)
    return Registration(
        title,
        int(version.version),
        report.manifest.digest,
        created,
        version.run_id or None,
        before,
        without_credentials(place.uri),
    )


def _version(
    report: VerificationReport, title: Title, place: RegistryAddress
) -> "tuple[MlflowClient, ModelVersion, bool]":
    """The version of a package, and whether it was created now."""
    from stagebook.tracking.tracker import Tracker

    tracker = Tracker.at(place.uri, place.experiment)
    client, digest = tracker.client, report.manifest.digest
    same = f"name = '{title.name}' and tags.`{PACKAGE}` = '{digest}'"
    if versions := list(client.search_model_versions(same)):
        return client, min(versions, key=lambda item: int(item.version)), False
    statement = version_tags.statement_of(report)
    run = tracker.run_of(statement.record) if statement else None
    model_id = _logged(tracker, report, run)
    if not client.search_registered_models(f"name = '{title.name}'"):
        client.create_registered_model(title.name)
    version = client.create_model_version(
        title.name,
        f"models:/{model_id}",
        run_id=run.info.run_id if run else None,
        tags=version_tags.tags(report, statement),
        description=version_tags.description(report.contents),
        model_id=model_id,
    )
    return client, version, True


def _logged(tracker: "Tracker", report: VerificationReport, run: "Run | None") -> str:
    """Id of the logged model that holds a package's files: that of its run, if it has one."""
    from mlflow.entities.logged_model_status import LoggedModelStatus

    from stagebook.tracking import models

    def rank(model: "LoggedModel") -> tuple[bool, bool]:
        return model.status != LoggedModelStatus.READY, model.source_run_id != source

    client, manifest = tracker.client, report.manifest
    experiment = run.info.experiment_id if run else tracker.experiment
    source = run.info.run_id if run else None
    same = f"tags.`{models.PACKAGE_TAG}` = '{manifest.digest}'"
    candidates = client.search_logged_models([experiment], filter_string=same)
    model = min(candidates, key=rank, default=None) or client.create_logged_model(
        experiment,
        name=re.sub(r"[^\w-]", "_", manifest.name),
        source_run_id=source,
        tags={models.PACKAGE_TAG: manifest.digest},
    )
    if model.status != LoggedModelStatus.READY:
        with report.contents.written() as folder:
            client.log_model_artifacts(model.model_id, str(folder))
        client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    if source:
        models.link(client, source, model.model_id)
    return str(model.model_id)


def _point(client: "MlflowClient", title: Title, version: "ModelVersion") -> int | None:
    """Lets the alias point to a version; returns the other one that it pointed to before."""
    if not title.alias:
        return None
    aliases = client.get_registered_model(title.name).aliases
    before = aliases.get(title.alias)
    if before is not None and int(before) == int(version.version):
        return None
    client.set_registered_model_alias(title.name, title.alias, str(version.version))
    return int(before) if before is not None else None
