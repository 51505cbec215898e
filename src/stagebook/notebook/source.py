"""A stage's source: everything in the notebook and around it that can change its result."""

import hashlib
import itertools
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from stagebook.errors import Problem, StagebookError, Where
from stagebook.notebook.cells import Notebook
from stagebook.notebook.code import normalise_cell
from stagebook.notebook.distributions import Installed, canonical
from stagebook.notebook.modules import SearchPath
from stagebook.project import Project

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Source:
    """What one notebook is made of; its text is what DVC hashes.

    Attributes:
        stage: The stage's name.
        cells: Normalised code of the code cells, empty ones left out.
        modules: Local modules with the digests of their normalised code.
        distributions: Installed distributions that the imports reach, with versions.
        missing: Imported modules that are not there, such as optional ones, and distributions
            in the settings that are not.
        python: Version of Python, major and minor.
        threads: Threads that numerical libraries may use.
        dynamic: Imports that cannot be told without running them, each with its file.
        raw_cells: Positions of cells that could not be parsed; their imports are unknown.
    """

    stage: str
    cells: tuple[str, ...]
    modules: tuple[tuple[str, str], ...] = ()
    distributions: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    python: str = f"{sys.version_info.major}.{sys.version_info.minor}"
    threads: int = 1
    dynamic: tuple[tuple[str, str], ...] = ()
    raw_cells: tuple[int, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the rendered text, in hex."""
        return hashlib.sha256(render(self).encode()).hexdigest()

    @property
    def cell_digests(self) -> tuple[str, ...]:
        """SHA-256 of each cell's normalised code, in hex."""
        return tuple(hashlib.sha256(text.encode()).hexdigest() for text in self.cells)

    @classmethod
    def of(cls, notebook: Notebook, project: Project, installed: Installed) -> "Source":
        """What a notebook is made of, here and now."""
        settings = project.settings.stage(notebook.stage)
        codes = [(cell.position, normalise_cell(cell.text)) for cell in notebook.code_cells]
        search = search_path(notebook, project, installed)
        reached = search.reach((notebook.path, code) for _, code in codes)
        external = [name for name in reached.external if name not in sys.stdlib_module_names]
        versions = installed.closure(external, settings.distributions)
        unknown = [name for name in external if not installed.provides(name)]
        unknown += [name for name in settings.distributions if canonical(name) not in versions]
        versions.pop("stagebook", None)
        return cls(
            stage=notebook.stage,
            cells=tuple(code.text for _, code in codes if code.text.strip()),
            modules=tuple((path, code.digest) for path, code in reached.modules),
            distributions=tuple(versions.items()),
            missing=tuple(unknown),
            threads=settings.threads,
            dynamic=reached.dynamic,
            raw_cells=tuple(position for position, code in codes if code.raw),
        )


def module_digest(module: str, search: SearchPath, installed: Installed) -> str:
    """SHA-256 over a module and all that it reaches: local code, and distributions by version.

    Args:
        module: Its dotted name.
        search: Where local modules are found.
        installed: The environment.
    """
    reached = search.reach([("", normalise_cell(f"import {module}"))])
    lines = [f"{code.digest} {path}" for path, code in reached.modules]
    lines += [f"{name} {version}" for name, version in installed.closure(reached.external).items()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def search_path(notebook: Notebook, project: Project, installed: Installed) -> SearchPath:
    """Where a notebook's local modules are found: beside it, then in the project's code folders."""

    def is_installed(name: str) -> bool:
        return name in sys.stdlib_module_names or installed.provides(name)

    return SearchPath(project.root, code_folders(notebook.path, project), is_installed)


def code_folders(path: str, project: Project) -> tuple[Path, ...]:
    """Absolute folders that a notebook imports local modules from, in order."""
    names = (str(Path(path).parent), *project.settings.code)
    # abspath, since resolving would follow a link out of the project
    absolute = (os.path.abspath(project.root / name) for name in names)  # noqa: PTH100
    return tuple(map(Path, dict.fromkeys(absolute)))


def render(source: Source) -> str:
    """The readable text of a source: valid as Python where the cells are."""
    lines = [
        f"# Stagebook source {FORMAT} of stage {source.stage}: what its result depends on.",
        f"# python {source.python}",
        f"# threads {source.threads}",
        *(f"# distribution {name} {version}" for name, version in source.distributions),
        *(f"# not installed {name}" for name in source.missing),
        *(f"# module {digest} {path}" for path, digest in source.modules),
        *(f"# dynamic import {call!r} in {path}" for path, call in source.dynamic),
    ]
    cells = (f"\n# %%\n{text.rstrip()}" for text in source.cells)
    return "\n".join([*lines, *cells]) + "\n"


def parse_distributions(text: str) -> dict[str, str]:
    """The distributions with versions that a rendered source recorded."""
    prefix = "# distribution "
    head = itertools.takewhile(lambda line: line.startswith("#"), text.splitlines())
    pairs = (line.removeprefix(prefix).partition(" ") for line in head if line.startswith(prefix))
    return {name: version for name, _, version in pairs}


def _parse_python(text: str) -> str | None:
    found = re.search(r"^# python (\S+)$", text, re.MULTILINE)
    return found[1] if found else None


def check_recorded(recorded: str, source: Source, where: str) -> None:
    """Holds what is here against the text that the ``sources`` stage wrote.

    Args:
        recorded: The text in the stage's source file.
        source: What the notebook is made of now.
        where: The source file's path, for messages.

    Raises:
        StagebookError: They differ; each distribution that does is named, and so is Python.
    """
    if recorded == render(source):
        return
    then = {"python": _parse_python(recorded), **parse_distributions(recorded)}
    now = {"python": source.python, **dict(source.distributions)}
    problems = [
        Problem(
            "other-version",
            f"{name} is {now.get(name) or 'not installed'} here, but the source of stage "
            f"{source.stage} recorded {then.get(name) or 'none'}.",
            "Install what the lock file says, or accept what is installed: dvc repro -f sources",
            Where(where),
        )
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    ]
    changed = Problem(
        "source-changed",
        f"The code of stage {source.stage} changed after its source was read.",
        "Build again: dvc repro",
        Where(where),
    )
    raise StagebookError(*(problems or [changed]))


def warnings(source: Source, path: str) -> tuple[Problem, ...]:
    """What could not be told without running the code, so that its changes would go unseen."""
    dynamic = (
        Problem(
            "dynamic-import",
            f"`{call}` imports a module that only the run knows, so its changes are not seen.",
            "Import it by name; a distribution can be listed under "
            f"[tool.stagebook.stages.{source.stage}] distributions.",
            Where(file),
        )
        for file, call in source.dynamic
    )
    raw = (
        Problem(
            "raw-cell",
            "The cell is no Python, so it counts as raw text and its imports are not seen.",
            where=Where(path, position),
        )
        for position in source.raw_cells
    )
    return (*dynamic, *raw)
