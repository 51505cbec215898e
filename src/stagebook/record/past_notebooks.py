"""The executed notebook of any past execution, from wherever one is at hand."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from stagebook.project import Project
from stagebook.record.history import Values
from stagebook.record.kept import LARGEST, DamagedError, Kept
from stagebook.record.spool import EXECUTED, Spool
from stagebook.record.tracking import artifacts

_FILE = f"{EXECUTED}.ipynb"


@dataclass(frozen=True, slots=True)
class Found:
    """A notebook, or why there is none.

    Attributes:
        text: Its text; None if it is not at hand.
        reason: Why not, in a sentence.
    """

    text: str | None
    reason: str = ""


@dataclass(slots=True)
class PastNotebooks:
    """The notebooks of past executions of one project.

    Attributes:
        project: The project.
        asks: Whether MLflow is asked for what is not here.
        down: Why MLflow is not asked any more: it did not answer once.
    """

    project: Project
    asks: bool = True
    down: str = field(default="", init=False)

    def of(self, record: Values) -> Found:
        """The executed notebook of an execution.

        It may be kept here, wait in the outbox, be the last one in ``runs/``, or be in MLflow.

        Args:
            record: The execution's record.
        """
        trouble = ""
        for place in (self._kept, self._outbox, self._runs):
            try:
                content = place(record)
            except DamagedError as error:
                trouble, content = f" ({error})", None
            except OSError:
                content = None
            if content is not None:
                return Found(content.decode("utf-8", "replace"))
        found = self._in_mlflow(record) if self.asks else Found(None, _gone(record))
        return found if found.text is not None else Found(None, f"{found.reason}{trouble}")

    def _kept(self, record: Values) -> bytes | None:
        return Kept(self.project.state).read(str(record["stage"]), _id(record))

    def _outbox(self, record: Values) -> bytes | None:
        return _read(Spool(self.project.state).outbox / _id(record) / _FILE)

    def _runs(self, record: Values) -> bytes | None:
        """What stands in ``runs/``, if its colophon names this execution."""
        folder = self.project.root / self.project.settings.runs
        for path in _notebooks(folder, str(record["stage"])):
            content = _read(path)
            if content and _id(record).encode() in content:
                return content
        return None

    def _in_mlflow(self, record: Values) -> Found:
        run = Spool(self.project.state).run_of(_id(record))
        if run is None:
            return Found(None, _gone(record))
        if self.down:
            return Found(None, f"{_gone(record)} {self.down}")
        found = artifacts.fetch(self.project, run, _FILE, LARGEST)
        if not found.answers:
            self.down = found.reason
        if found.content is None:
            return Found(None, f"{_gone(record)} {found.reason}")
        return Found(found.content.decode("utf-8", "replace"))


def _id(record: Values) -> str:
    return Path(str(record["volatile"]["id"])).name


def _gone(record: Values) -> str:
    return f"The executed notebook of {_id(record)} is not at hand any more."


def _notebooks(folder: Path, stage: str) -> Iterator[Path]:
    """Of the stage itself, of its failure, and of its runs with ``-P``."""
    for path in sorted(folder.glob("*.ipynb")):
        name = path.name.removesuffix(".ipynb").removesuffix(".failed")
        if name == stage or name.startswith(f"{stage}@"):
            yield path


def _read(path: Path) -> bytes | None:
    if not path.is_file() or path.stat().st_size > LARGEST:
        return None
    return path.read_bytes()
