"""A notebook file and its cells, from ``.ipynb`` or py:percent ``.py``."""

import json
import re
import shlex
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from stagebook.errors import Problem, StagebookError, Where
from stagebook.notebook.lean import lean_import

SUFFIXES = (".ipynb", ".py")
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)(?:[ \t]+#+)?[ \t]*$", re.MULTILINE)
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
    """A notebook as its file says it.

    Attributes:
        path: Where it is, relative to the project's root, with forward slashes.
        cells: Its cells in order.
        kernel: The kernelspec that it names, if any.
    """

    path: str
    cells: tuple[Cell, ...]
    kernel: str | None = None

    @property
    def stage(self) -> str:
        """The name of its stage: the file's name without the suffix."""
        return Path(self.path).stem

    @property
    def code_cells(self) -> tuple[Cell, ...]:
        """The code cells in order."""
        return tuple(cell for cell in self.cells if cell.kind == "code")

    @property
    def title(self) -> str | None:
        """Its first heading in Markdown, without the marks."""
        for cell in self.cells:
            if cell.kind == "markdown" and (found := _HEADING.search(cell.text)):
                return found[1].strip()
        return None


def find(folder: Path, root: Path) -> tuple[str, ...]:
    """The notebooks directly in a folder, sorted, relative to the root.

    A ``.py`` file counts where it has a cell marker (``# %%``); other Python files beside the
    notebooks are modules. Hidden files are other programs' own.
    """
    if not folder.is_dir():
        return ()
    files = [path for path in folder.iterdir() if path.suffix in SUFFIXES and path.is_file()]
    return tuple(
        sorted(
            path.relative_to(root).as_posix()
            for path in files
            if not path.name.startswith(".") and (path.suffix == ".ipynb" or _has_marks(path))
        )
    )


def _has_marks(path: Path) -> bool:
    return bool(_PERCENT_MARK.search(path.read_text(encoding="utf-8", errors="replace")))


def read(path: str, root: Path) -> Notebook:
    """The notebook at ``root / path``.

    Raises:
        StagebookError: The file is missing or no notebook of nbformat 4.
    """
    try:
        text = (root / path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _error("no-notebook", "There is no such notebook.", "", path) from None
    except UnicodeDecodeError as error:
        raise _error("bad-encoding", f"It is not UTF-8: {error}.", "Save it again.", path) from None
    return parse(text, path)


def parse(text: str, path: str) -> Notebook:
    """A notebook from its text; the suffix of ``path`` says how to read it."""
    node = parse_node(text, path)
    kernelspec = node.metadata.get("kernelspec", {})
    cells = tuple(
        Cell(
            position,
            cell.cell_type,
            cell.source,
            frozenset(cell.metadata.get("tags", ())),
            None if path.endswith(".py") else cell.get("id"),  # jupytext makes one up
        )
        for position, cell in enumerate(node.cells, start=1)
    )
    return Notebook(path, cells, kernelspec.get("name"))


def parse_node(text: str, path: str) -> Any:
    """The nbformat node of a notebook's text, valid in nbformat 4."""
    if path.endswith(".py"):
        return lean_import("jupytext").reads(text, fmt="py:percent")
    nbformat = lean_import("nbformat")
    try:
        node = nbformat.reader.reads(text)
        if node.nbformat != 4:
            raise _error(
                "old-notebook",
                f"It is in nbformat {node.nbformat}; Stagebook reads nbformat 4.",
                "Upgrade it: jupyter nbconvert --to notebook --nbformat 4 --inplace "
                f"{shlex.quote(path)}",
                path,
            )
        with warnings.catch_warnings(action="ignore"):  # it gives cells ids where they lack any
            nbformat.validate(node)
    except nbformat.reader.NotJSONError as error:
        raise _not_json(text, path) from error
    except nbformat.ValidationError as error:
        raise _error(
            "bad-notebook",
            f"It is no valid notebook: {str(error).splitlines()[0]}.",
            "Open it in JupyterLab and save it again, or restore it from git.",
            path,
        ) from None
    except nbformat.NBFormatError as error:
        raise _error("bad-notebook", f"{error}.", "Stagebook reads nbformat 4.", path) from None
    except (AttributeError, KeyError, TypeError) as error:
        raise _error(
            "bad-notebook",
            "It is JSON but no notebook.",
            "Restore it from git, or create it anew in JupyterLab.",
            path,
        ) from error
    return node


def _not_json(text: str, path: str) -> StagebookError:
    try:
        json.loads(text)
        line = 1
    except json.JSONDecodeError as error:
        line = error.lineno
    hint = f"Restore it: git checkout {shlex.quote(path)}"
    if "<<<<<<<" in text:
        hint = "Resolve the merge conflict in it."
    problem = Problem("not-json", "The notebook is no JSON.", hint, Where(path, line=line))
    return StagebookError(problem)


def _error(code: str, message: str, hint: str, path: str) -> StagebookError:
    return StagebookError(Problem(code, message, hint, Where(path)))
