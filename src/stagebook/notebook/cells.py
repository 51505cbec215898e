"""A notebook file and its cells, from ``.ipynb`` or py:percent ``.py``."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from stagebook.notebook import plain_json
from stagebook.notebook.document import parse_node
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.files import is_lfs_pointer
from stagebook.project.settings.stage_names import SUFFIXES, stage_name

_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)(?:[ \t]+#+)?[ \t]*$", re.MULTILINE)
_MOVE = "Move it out of the folder of the notebooks."
_PERCENT_MARK = re.compile(r"^# ?%%", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Attributes:
        position: Its place in the notebook, counted from 1 over all cells.
        kind: ``code``, ``markdown`` or ``raw``.
        text: Its source.
        tags: Its tags.
        id: Its id, where the file has one.
    """

    position: int
    kind: Literal["code", "markdown", "raw"]
    text: str
    tags: frozenset[str] = frozenset()
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook as it is in its file.

    Attributes:
        path: Its path relative to the project's root, with forward slashes.
        cells: Its cells in order.
        kernel: The kernelspec that it names, if any.
        language: The programming language that it names, if any.
        text: The file's text; from a JSON file perhaps without outputs.
    """

    path: str
    cells: tuple[Cell, ...]
    kernel: str | None = None
    language: str | None = None
    text: str = field(default="", repr=False, compare=False)

    @property
    def stage(self) -> str:
        """The name of its stage."""
        return stage_name(self.path)

    @property
    def code_cells(self) -> tuple[Cell, ...]:
        """The code cells in order."""
        return tuple(cell for cell in self.cells if cell.kind == "code")

    @property
    def title(self) -> str | None:
        """Its first heading in Markdown, without the marks."""
        for cell in self.cells:
            if cell.kind == "markdown" and (match := _HEADING.search(cell.text)):
                return match[1].strip()
        return None


def find(folder: Path, root: Path) -> tuple[str, ...]:
    """The notebooks directly in a folder, sorted, relative to the root.

    A ``.py`` file counts if it has a cell marker (``# %%``); other Python files next to the
    notebooks are modules. Hidden files belong to other programs.
    """
    if not folder.is_dir():
        return ()
    files = [path for path in folder.iterdir() if path.suffix in SUFFIXES]
    return tuple(
        sorted(
            path.relative_to(root).as_posix()
            for path in files
            if not path.name.startswith(".") and (path.suffix == ".ipynb" or _has_marks(path))
        )
    )


def _has_marks(path: Path) -> bool:
    if not path.is_file():
        return False
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    return bool(_PERCENT_MARK.search(text)) or is_lfs_pointer(text)


def read(path: str, root: Path, previous: Notebook | None = None) -> Notebook:
    """The notebook at ``root / path``.

    Args:
        path: Its path, relative to the root.
        root: The project's root.
        previous: The notebook as it was read before, which is returned if its text is the same.

    Raises:
        StagebookError: The file cannot be read, or is not a notebook.
    """
    text = read_text(path, root)
    return previous if previous and previous.text == text else parse(text, path)


def read_text(path: str, root: Path) -> str:
    """The text of the notebook at ``root / path``, without a byte-order mark.

    Raises:
        StagebookError: The file cannot be read.
    """
    file = root / path
    try:
        if file.exists() and not file.is_file():
            raise _error(
                "no-notebook", "The notebook is a folder or a device, not a file.", _MOVE, path
            )
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise _error("no-notebook", "The notebook does not exist.", "", path) from None
    except UnicodeDecodeError as error:
        hint = "Save the file again, as UTF-8."
        raise _error("bad-encoding", f"The file is not UTF-8: {error}.", hint, path) from None
    except OSError as error:
        raise _error(
            "no-notebook", f"The file cannot be read: {error.strerror}.", "", path
        ) from None


def parse_file(text: str, path: str) -> Notebook:
    """A notebook from its file's text, which may have a byte-order mark and any line ends."""
    unix = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return parse(unix, path)


def parse(text: str, path: str) -> Notebook:
    """A notebook from its text; the suffix of ``path`` says how to read it."""
    plain = None if path.endswith(".py") else plain_json.read(text)
    node = plain or parse_node(text, path)
    kernelspec = node["metadata"].get("kernelspec", {})
    language = kernelspec.get("language") or node["metadata"].get("language_info", {}).get("name")
    cells = tuple(
        Cell(
            position,
            cell["cell_type"],
            cell["source"],
            frozenset(cell["metadata"].get("tags", ())),
            None if path.endswith(".py") else cell.get("id"),  # jupytext makes one up
        )
        for position, cell in enumerate(node["cells"], start=1)
    )
    stored_text = plain_json.without_outputs(plain) if plain else text
    return Notebook(path, cells, kernelspec.get("name"), language, stored_text)


def _error(code: str, message: str, hint: str, path: str) -> StagebookError:
    return StagebookError(Problem(code, message, hint, Where(path)))
