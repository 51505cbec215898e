"""Where a registry is, and MLflow's client there."""

import contextlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from stagebook.project.errors import Exit, Problem, StagebookError
from stagebook.project.project import Project, without_credentials

_VARIABLE = "MLFLOW_TRACKING_URI"


@dataclass(frozen=True, slots=True)
class RegistryAddress:
    """Where models are registered.

    Attributes:
        uri: MLflow's address.
        experiment: The experiment for a package whose run is missing.
        folder: Where a new SQLite store puts its artifacts.
    """

    uri: str
    experiment: str
    folder: Path

    @classmethod
    def of(cls, project: Project | None, uri: str | None, experiment: str) -> Self:
        """The registry of a project, or the one at an address.

        Args:
            project: The project; None outside of one.
            uri: An address that comes first.
            experiment: The experiment, outside of a project.

        Raises:
            StagebookError: No address is known.
        """
        if project:
            address = uri or project.tracking_uri
            return cls(address, project.settings.name, project.root)
        if not (address := uri or os.environ.get(_VARIABLE, "")):
            message = "No project was found here, and MLflow's address is not set."
            hint = "Give MLflow's address: --tracking-uri http://…, or set MLFLOW_TRACKING_URI."
            raise StagebookError(Problem("no-registry", message, hint), exit_code=Exit.ENVIRONMENT)
        return cls(address, experiment, Path.cwd())


@contextlib.contextmanager
def session(place: RegistryAddress) -> Iterator[None]:
    """MLflow's client, quiet and of little patience; whatever it raises is one error."""
    from stagebook.tracking.courier import limit_patience
    from stagebook.tracking.refusal import root_cause

    limit_patience()
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

    logging.getLogger("mlflow").setLevel(logging.WARNING)
    try:
        with contextlib.chdir(place.folder), _tracking_at(place.uri):
            yield
    except Exception as error:  # MLflow's clients raise whatever their transport raises
        where = without_credentials(place.uri)
        message = f"MLflow at {where} did not accept the package: {root_cause(error)}."
        hint = "The package is unchanged. When MLflow answers, run the same command again."
        problem = Problem("no-registry", message, hint)
        raise StagebookError(problem, exit_code=Exit.ENVIRONMENT) from error


@contextlib.contextmanager
def _tracking_at(uri: str) -> Iterator[None]:
    """An address for all of MLflow: its SQL store asks this one, and not that of a client.

    MLflow also sets its environment variable, which would otherwise outlive the block.
    """
    import mlflow

    variable = os.environ.get(_VARIABLE)
    is_set = mlflow.is_tracking_uri_set()  # type: ignore[no-untyped-call]
    address = mlflow.get_tracking_uri() if is_set else None
    try:
        mlflow.set_tracking_uri(uri)
        yield
    finally:
        mlflow.set_tracking_uri(None if address == variable else address)  # type: ignore[arg-type]
        os.environ.pop(_VARIABLE, None)
        if variable is not None:
            os.environ[_VARIABLE] = variable
