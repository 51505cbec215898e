"""A stage's source: everything in the notebook and around it that can change its result."""

import hashlib
import itertools
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from stagebook.notebook.cells import Cell, Notebook
from stagebook.notebook.code import Code, normalise_cell
from stagebook.notebook.distributions import Installed, canonical
from stagebook.notebook.modules import Module, ReachableModules
from stagebook.notebook.search import OWN, Search, search_path
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.project import Project
from stagebook.project.settings import StageSettings
from stagebook.project.settings.stage_names import table_name

FORMAT = 2

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

SKIPPED = "skip-execution"
HONOURED = frozenset(
    {
        "parameters",  # papermill: the injected cell follows the first cell with this tag
        "injected-parameters",  # papermill: the injected cell replaces the first cell with it
        "papermill-error-cell-tag",  # papermill: such cells are removed
        "raises-exception",  # nbclient: the cells after an error are run
        SKIPPED,  # nbclient: the cell is not run
    }
)
"""The tags that change what papermill and nbclient do; both ignore a cell's other metadata."""


@dataclass(frozen=True, slots=True)
class Source:
    """The source of one notebook; DVC hashes its text.

    Attributes:
        stage: The stage's name.
        cells: Normalised code of the code cells, empty ones left out.
        modules: Local modules with the digests of their normalised code.
        distributions: Installed distributions that the imports reach, with versions.
        missing: Imported modules that are not installed, such as optional ones, and
            distributions in the settings that are not installed.
        python: Version of Python, major and minor.
        threads: Threads that numerical libraries may use.
        dynamic: Imports that are known only at run time, each with its file.
        raw_cells: Positions of cells that could not be parsed; their imports are unknown.
        revisions: The commit or the hash of each distribution that is not a release.
    """

    stage: str
    cells: tuple[str, ...]
    modules: tuple[tuple[str, str], ...] = ()
    distributions: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    python: str = PYTHON
    threads: int = 1
    dynamic: tuple[tuple[str, str], ...] = ()
    raw_cells: tuple[int, ...] = ()
    revisions: tuple[tuple[str, str], ...] = ()

    @property
    def identities(self) -> dict[str, str]:
        """The version of each distribution, with its revision if it has one."""
        return _joined(dict(self.distributions), dict(self.revisions))

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
        """The present source of a notebook."""
        return look_up(notebook, project, search_path(notebook, project, installed)).source


@dataclass(frozen=True, slots=True)
class SourceWithModules:
    """A source with the modules that it describes.

    Attributes:
        source: The source.
        modules: Each module that counts by its content, by its name in the source.
    """

    source: Source
    modules: Mapping[str, Module]


def look_up(notebook: Notebook, project: Project, search: Search) -> SourceWithModules:
    """The source of a notebook, with its modules.

    Args:
        notebook: The notebook.
        project: Its project.
        search: The search for its modules; the same for all notebooks of a folder.
    """
    settings = project.settings.stage(notebook.stage)
    codes = [(cell.position, normalise_cell(cell.text)) for cell in notebook.code_cells]
    reached, versions = _reach([(notebook.path, code) for _, code in codes], settings, search)
    external = [name for name in reached.external if name not in sys.stdlib_module_names]
    installed = search.installed
    unknown = [name for name in external if not search.is_known(name)]
    unknown += [name for name in settings.distributions if canonical(name) not in versions]
    distributions = _with_stagebook(versions, installed)
    source = Source(
        stage=notebook.stage,
        cells=tuple(text for _, text in cell_texts(notebook)),
        modules=tuple((name, module.digest) for name, module in reached.modules),
        distributions=tuple(distributions.items()),
        missing=tuple(unknown),
        threads=settings.threads,
        dynamic=reached.dynamic,
        raw_cells=tuple(position for position, code in codes if code.raw),
        revisions=tuple(installed.revisions(distributions).items()),
    )
    return SourceWithModules(source, dict(reached.modules))


def _reach(
    codes: list[tuple[str, Code]], settings: StageSettings, search: Search
) -> tuple[ReachableModules, dict[str, str]]:
    """The modules and distributions that some code reaches.

    Local distributions that another distribution or a setting requires also count by their
    content, so their modules are searched in a second round.
    """
    reached = search.path.reach(codes)
    versions = search.closure(reached, settings.distributions)
    brought = [name for name in search.modules_of(versions) if name not in reached.external]
    if brought:
        reached = search.path.reach([*codes, ("", normalise_cell(f"import {', '.join(brought)}"))])
        versions = search.closure(reached, settings.distributions)
    return reached, versions


def _with_stagebook(versions: dict[str, str], installed: Installed) -> dict[str, str]:
    """The versions, with Stagebook's own if it is a release; a checkout of it never counts."""
    others = {name: version for name, version in versions.items() if name != OWN}
    version = installed.version(OWN)
    if version is None or OWN in installed.local:
        return others
    return dict(sorted({**others, OWN: version}.items()))


def cell_texts(notebook: Notebook) -> tuple[tuple[int, str], ...]:
    """The cells of a notebook's source, each with its position in the notebook."""
    texts = ((cell.position, _cell_text(cell)) for cell in notebook.cells)
    return tuple((position, text) for position, text in texts if text)


def _cell_text(cell: Cell) -> str:
    """The code of a cell after the tags on which its execution depends; empty if it has neither.

    For a cell that is not code, only its position counts, which these tags mark.
    """
    tags = cell.tags & HONOURED
    text = normalise_cell(cell.text).text if cell.kind == "code" else ""
    return "\n".join(
        filter(str.strip, [f"# tags: {', '.join(sorted(tags))}" if tags else "", text])
    )


def render(source: Source) -> str:
    """The readable text of a source; it is valid Python if the cells are."""
    lines = [
        f"# Stagebook source {FORMAT} of stage {source.stage}: what its result depends on.",
        f"# python {source.python}",
        f"# threads {source.threads}",
        *(f"# distribution {name} {version}" for name, version in source.distributions),
        *(f"# revision {name} {revision}" for name, revision in source.revisions),
        *(f"# not installed {name}" for name in source.missing),
        *(f"# module {digest} {path}" for path, digest in source.modules),
        *(f"# dynamic import {call!r} in {path}" for path, call in source.dynamic),
    ]
    cells = (f"\n# %%\n{text.rstrip()}" for text in source.cells)
    return "\n".join([*lines, *cells]) + "\n"


def parse_distributions(text: str) -> dict[str, str]:
    """The distributions with versions in a rendered source."""
    return _parse_named(text, "# distribution ")


def _parse_named(text: str, prefix: str) -> dict[str, str]:
    head = itertools.takewhile(lambda line: line.startswith("#"), text.splitlines())
    pairs = (line.removeprefix(prefix).partition(" ") for line in head if line.startswith(prefix))
    return {name: version for name, _, version in pairs}


def _joined(versions: Mapping[str, str], revisions: Mapping[str, str]) -> dict[str, str]:
    return {
        name: f"{version} {revisions.get(name, '')}".rstrip() for name, version in versions.items()
    }


def _parse_python(text: str) -> str | None:
    match = re.search(r"^# python (\S+)$", text, re.MULTILINE)
    return match[1] if match else None


def check_recorded(recorded: str, source: Source, where: str) -> None:
    """Checks the present source against the text that the stage ``sources`` wrote.

    Args:
        recorded: The text in the stage's source file.
        source: The present source.
        where: The source file's path, for messages.

    Raises:
        StagebookError: They differ; each different version is named.
    """
    if recorded == render(source):
        return
    identities = _joined(parse_distributions(recorded), _parse_named(recorded, "# revision "))
    then = {"python": _parse_python(recorded), **identities}
    now = {"python": source.python, **source.identities}
    changed = Problem(
        "source-changed",
        f"The code of stage {source.stage} changed after its source was read.",
        "Build again: dvc repro",
        Where(where),
    )
    raise StagebookError(*(_other_versions(source.stage, then, now, where) or [changed]))


def check_installed(source: Source, installed: Installed, where: str) -> None:
    """Checks the installed versions against those in a source.

    Args:
        source: The source that the stage ``sources`` recorded.
        installed: The environment.
        where: The source file's path, for messages.

    Raises:
        StagebookError: A distribution, or Python, has another version.
    """
    then = {"python": source.python, **source.identities}
    now = {
        "python": PYTHON,
        **{name: installed.identity(name) for name, _ in source.distributions},
        **{name: installed.identity_behind(name) for name in source.missing},
    }
    if problems := _other_versions(source.stage, then, now, where):
        raise StagebookError(*problems)


def _other_versions(
    stage: str, then: Mapping[str, str | None], now: Mapping[str, str | None], where: str
) -> list[Problem]:
    return [
        Problem(
            "other-version",
            f"{name} is {now.get(name) or 'not installed'} here, but the source of stage "
            f"{stage} recorded {then.get(name) or 'none'}.",
            "The package changed during the build. Build again: dvc repro",
            Where(where),
        )
        for name in sorted(then.keys() | now.keys())
        if then.get(name) != now.get(name)
    ]


def warnings(source: Source, path: str) -> tuple[Problem, ...]:
    """Warnings about code whose imports are unknown, so that their changes are not noticed."""
    dynamic = (
        Problem(
            "dynamic-import",
            f"`{call}` imports a module known only at run time, so Stagebook does not notice "
            "changes of the module.",
            "Import the module by name; a distribution can be listed under "
            f"{table_name(source.stage)} distributions.",
            Where(file),
        )
        for file, call in source.dynamic
    )
    raw = (
        Problem(
            "raw-cell",
            "The cell is not valid Python, so it counts as raw text and its imports are ignored.",
            where=Where(path, position),
        )
        for position in source.raw_cells
    )
    return (*dynamic, *raw)
