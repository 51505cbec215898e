"""What DVC carries of a build to a clone: the record, notebook and profiles of each stage.

The files have no times, hosts or commits in them: the same build gives the same bytes, so that
``dvc.lock`` changes with the results alone.
"""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from stagebook.pipeline.lock import LockEntry
from stagebook.pipeline.stage import ARTICLES
from stagebook.project.files import digest, write_whole
from stagebook.record import reading
from stagebook.record.reading import DamagedRecordError
from stagebook.record.record import Record

FORMAT = 1
_RECORD, _NOTEBOOK, _PROFILES = "record.json", "executed.ipynb", "profiles"


@dataclass(frozen=True, slots=True)
class CarriedArticle:
    """What DVC carries of one stage.

    Attributes:
        record: Its record.
        notebook: The text of its executed notebook; None if it is missing.
        profiles: The files of its profiles, each by its digest.
    """

    record: Record
    notebook: str | None
    profiles: Mapping[str, bytes]


def is_carried(record: Record) -> bool:
    """Whether DVC brought a record; such a record names no execution."""
    return not record.id


def write(root: Path, stages: Mapping[str, CarriedArticle], keep: Iterable[str]) -> None:
    """Writes the folder, so that it holds these stages, those to keep, and no others.

    Args:
        root: The project's root.
        stages: What DVC carries of each stage.
        keep: Stages that another machine built; their files are in the folder already.
    """
    folder = root / ARTICLES
    names = {*stages, *keep}
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and path.name not in names:
            shutil.rmtree(path)
    for name, carried in stages.items():
        _write_stage(folder / name, carried)
    recorded = sorted(name for name in names if (folder / name / _RECORD).is_file())
    index = {"format": FORMAT, "stages": recorded}
    write_whole(folder / "index.json", json.dumps(index, indent=1) + "\n")


def read(root: Path, entry: LockEntry) -> Record | None:
    """The record of a stage that another machine built; None if it is missing.

    The record counts only if the files that it names are those in ``dvc.lock``.

    Args:
        root: The project's root.
        entry: The stage in ``dvc.lock``.
    """
    try:
        record = reading.read(_folder(root, entry.stage) / _RECORD)
    except (OSError, DamagedRecordError):
        return None
    written, locked = (
        {file.path: file.md5 for file in files} for files in (record.outputs, entry.outs)
    )
    return record if record.stage == entry.stage and written == locked else None


def notebook(root: Path, stage: str) -> str | None:
    """The text of a stage's executed notebook; None if it is missing."""
    try:
        return (_folder(root, stage) / _NOTEBOOK).read_text("utf-8")
    except (OSError, ValueError):
        return None


def profile(root: Path, name: str) -> Path | None:
    """The file of a profile; None if it is missing, or its digest is not its name."""
    for path in (root / ARTICLES).glob(f"*/{_PROFILES}/{Path(name).name}.json"):
        if digest(path, "sha256") == name:
            return path
    return None


def profiles(record: Record, folder: Path) -> Iterator[tuple[str, bytes]]:
    """The profiles that a record names and a folder has.

    Args:
        record: The record.
        folder: The folder of profiles, each named by its digest.
    """
    for table in record.tables:
        name = table.profile or ""
        path = folder / f"{Path(name).name}.json"
        if name and path.is_file() and digest(path, "sha256") == name:
            yield name, path.read_bytes()


def _write_stage(folder: Path, carried: CarriedArticle) -> None:
    files = {
        _RECORD: json.dumps(carried.record.as_portable_json(), indent=1, ensure_ascii=False) + "\n"
    }
    if carried.notebook is not None:
        files[_NOTEBOOK] = carried.notebook
    contents: dict[str, str | bytes] = dict(files)
    contents |= {f"{_PROFILES}/{name}.json": item for name, item in carried.profiles.items()}
    for path in folder.rglob("*") if folder.is_dir() else ():
        if path.is_file() and path.relative_to(folder).as_posix() not in contents:
            path.unlink()
    for name, content in contents.items():
        write_whole(folder / name, content)


def _folder(root: Path, stage: str) -> Path:
    return root / ARTICLES / Path(stage).name
