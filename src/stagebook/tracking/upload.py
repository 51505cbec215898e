"""Files sent to MLflow and checked there, since a proxy may have answered in its place."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Self

from mlflow import MlflowClient
from mlflow.entities import FileInfo

from stagebook.project.files import write_whole

_ATTEMPTS = 3


class IncompleteError(Exception):
    """MLflow said that it stored something, and does not have it."""


@dataclass(frozen=True, slots=True)
class Upload:
    """The files of one run, or of one logged model, on their way to MLflow.

    Attributes:
        put: Sends MLflow a file, for a folder among the artifacts.
        listed: What MLflow has in such a folder; None for the top folder.
        files: Each file by its path among the artifacts.
    """

    put: Callable[[str, str | None], None]
    listed: Callable[[str | None], Iterable[FileInfo]]
    files: dict[str, Path] = field(default_factory=dict)

    @classmethod
    def to_run(cls, client: MlflowClient, run: str) -> Self:
        """An upload to the artifacts of a run."""
        return cls(
            lambda file, folder: client.log_artifact(run, file, folder),
            lambda folder: client.list_artifacts(run, folder),
        )

    @classmethod
    def to_model(cls, client: MlflowClient, model: str) -> Self:
        """An upload to the files of a logged model."""
        return cls(
            lambda file, folder: client.log_model_artifact(model, file, folder),
            lambda folder: client.list_logged_model_artifacts(model, folder),
        )

    def add(self, path: Path, folder: str = "") -> None:
        """Adds a file, or all files in a folder; a folder's own name is left out.

        Args:
            path: The file or folder.
            folder: Where it goes among the run's artifacts.
        """
        inside = [path] if path.is_file() else sorted(path.rglob("*"))
        base = path.parent if path.is_file() else path
        for file in inside:
            if file.is_file():
                place = PurePosixPath(folder, file.relative_to(base).as_posix())
                self.files[place.as_posix()] = file

    def send(self) -> None:
        """Uploads the files, until MLflow lists each of them with its size.

        Raises:
            IncompleteError: It does not list them all after several attempts.
        """
        missing = sorted(self.files)
        for _ in range(_ATTEMPTS):
            for place in missing:
                parent = PurePosixPath(place).parent.as_posix()
                folder = None if parent == "." else parent
                self.put(str(self.files[place]), folder)
            missing = sorted(self._missing())
            if not missing:
                return
        first = f"{missing[0]}" + (f" and {len(missing) - 1} more" if len(missing) > 1 else "")
        raise IncompleteError(f"MLflow reported {first} as stored, but does not have it")

    def _missing(self) -> Iterator[str]:
        folders = {PurePosixPath(place).parent.as_posix() for place in self.files}
        stored = {
            entry.path: entry.file_size
            for folder in folders
            for entry in self.listed(None if folder == "." else folder)
        }
        for place, file in self.files.items():
            # some stores report no sizes
            if place not in stored or stored[place] not in (None, file.stat().st_size):
                yield place


def send_json(client: MlflowClient, run: str, name: str, values: Any) -> None:
    """Sends MLflow a JSON file for a run, and checks that it has it.

    Raises:
        IncompleteError: MLflow does not have it after several attempts.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder, name)
        write_whole(file, json.dumps(values, indent=2, ensure_ascii=False) + "\n")
        upload = Upload.to_run(client, run)
        upload.add(file)
        upload.send()
