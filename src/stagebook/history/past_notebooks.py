"""The executed notebook of any past execution, from any place that has it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from stagebook.history.remote import Fetch
from stagebook.project.project import Project
from stagebook.record.kept import LARGEST, DamagedError, KeptNotebooks
from stagebook.record.record import Record
from stagebook.record.spool import EXECUTED, Spool

_FILE = f"{EXECUTED}.ipynb"


@dataclass(frozen=True, slots=True)
class PastNotebook:
    """A notebook, or why it is missing.

    Attributes:
        text: Its text; None if it is missing.
        reason: Why it is missing, in a sentence.
    """

    text: str | None
    reason: str = ""


@dataclass(slots=True)
class PastNotebooks:
    """The notebooks of past executions of one project.

    Attributes:
        project: The project.
        fetch: Fetches from the tracker what is not here; None to ask no tracker.
        down: Why MLflow is not asked any more: it did not answer once.
    """

    project: Project
    fetch: Fetch | None = None
    down: str = field(default="", init=False)

    def of(self, record: Record) -> PastNotebook:
        """The executed notebook of an execution.

        It may be kept here, wait in the outbox, be the last one in ``runs/``, or be in MLflow.

        Args:
            record: The execution's record.
        """
        trouble = ""
        for place in (self._stored, self._outbox, self._runs):
            try:
                content = place(record)
            except DamagedError as error:
                trouble, content = f" ({error})", None
            except OSError:
                content = None
            if content is not None:
                return PastNotebook(content.decode("utf-8", "replace"))
        notebook = (
            self._in_mlflow(record, self.fetch)
            if self.fetch
            else PastNotebook(None, _unavailable(record))
        )
        return (
            notebook
            if notebook.text is not None
            else PastNotebook(None, f"{notebook.reason}{trouble}")
        )

    def _stored(self, record: Record) -> bytes | None:
        return KeptNotebooks(self.project.state).read(record.stage, _id(record))

    def _outbox(self, record: Record) -> bytes | None:
        return _read(Spool(self.project.state).outbox / _id(record) / _FILE)

    def _runs(self, record: Record) -> bytes | None:
        """The notebook in ``runs/``, if its colophon names this execution."""
        folder = self.project.root / self.project.settings.runs
        for path in _notebooks(folder, record.stage):
            content = _read(path)
            if content and _id(record).encode() in content:
                return content
        return None

    def _in_mlflow(self, record: Record, fetch: Fetch) -> PastNotebook:
        run = Spool(self.project.state).run_of(_id(record))
        if run is None:
            return PastNotebook(None, _unavailable(record))
        if self.down:
            return PastNotebook(None, f"{_unavailable(record)} {self.down}")
        artifact = fetch(self.project, run, _FILE, LARGEST)
        if not artifact.answers:
            self.down = artifact.reason
        if artifact.content is None:
            return PastNotebook(None, f"{_unavailable(record)} {artifact.reason}")
        return PastNotebook(artifact.content.decode("utf-8", "replace"))


def _id(record: Record) -> str:
    return Path(record.id).name


def _unavailable(record: Record) -> str:
    return f"The executed notebook of {_id(record)} is no longer available."


def _notebooks(folder: Path, stage: str) -> Iterator[Path]:
    """The notebooks of a stage, of its failure, and of its runs with ``-P``."""
    for path in sorted(folder.glob("*.ipynb")):
        name = path.name.removesuffix(".ipynb").removesuffix(".failed")
        if name == stage or name.startswith(f"{stage}@"):
            yield path


def _read(path: Path) -> bytes | None:
    if not path.is_file() or path.stat().st_size > LARGEST:
        return None
    return path.read_bytes()
