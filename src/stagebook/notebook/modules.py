"""The local modules that code reaches by its imports, transitively, without running any."""

import tokenize
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from stagebook.notebook import imports
from stagebook.notebook.code import Code, normalise_module
from stagebook.notebook.imports import Import


@dataclass(frozen=True, slots=True)
class Reached:
    """What some code reaches by its imports.

    Attributes:
        modules: Local files relative to the project's root, each with its normalised code.
        external: First parts of the names of modules that are not local, sorted.
        dynamic: Imports that cannot be told without running them, each with its file.
    """

    modules: tuple[tuple[str, Code], ...]
    external: tuple[str, ...]
    dynamic: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Local:
    """A file of local code.

    Attributes:
        path: Its absolute path.
        package: Dotted name of the package that its relative imports start from.
    """

    path: Path
    package: str


@dataclass(frozen=True, slots=True)
class SearchPath:
    """Where local modules are looked for.

    Attributes:
        root: The project's root.
        folders: Absolute folders, in the order in which Python would look.
        is_installed: Tells whether an installed distribution provides a top-level name; a
            local folder without ``__init__.py`` gives way to it, as it does in Python.
    """

    root: Path
    folders: tuple[Path, ...]
    is_installed: Callable[[str], bool]

    def locate(self, module: str) -> tuple[Local, ...]:
        """The files that importing this module runs, its packages' first.

        Returns:
            The files; a namespace package has none of its own.

        Raises:
            LookupError: The module is not local.
        """
        files: list[Local] = []
        folders, parts = self.folders, module.split(".")
        for position, part in enumerate(parts):
            folders, file = self._step(folders, part, top=position == 0)
            if file:
                package = parts[: position + 1] if folders else parts[:position]
                files.append(Local(file, ".".join(package)))
        return tuple(files)

    def is_local(self, module: str) -> bool:
        """Whether the module is in the project."""
        try:
            self.locate(module)
        except LookupError:
            return False
        return True

    def _step(
        self, folders: tuple[Path, ...], part: str, *, top: bool
    ) -> tuple[tuple[Path, ...], Path | None]:
        portions = []
        for folder in folders:
            if (folder / part / "__init__.py").is_file():
                return (folder / part,), folder / part / "__init__.py"
            if (folder / f"{part}.py").is_file():
                return (), folder / f"{part}.py"
            if (folder / part).is_dir() and any((folder / part).rglob("*.py")):
                portions.append(folder / part)
        if not portions or (top and self.is_installed(part)):
            raise LookupError(part)
        return tuple(portions), None

    def reach(self, start: Iterable[tuple[str, Code]]) -> Reached:
        """All that these pieces of code import, transitively.

        Stagebook itself is left out: its markers cannot change a result.

        Args:
            start: Pieces of code, each with the name of its file.
        """
        pending = [(file, "", code) for file, code in start]
        modules: dict[str, Code] = {}
        external: set[str] = set()
        dynamic: list[tuple[str, str]] = []
        while pending:
            file, package, code = pending.pop()
            found = imports.find(code.tree)
            dynamic.extend((file, call) for call in found.dynamic)
            for one in found.static:
                for module in self._candidates(one, package):
                    if module.partition(".")[0] == "stagebook":
                        continue
                    if not self.is_local(module):
                        if "." not in module:
                            external.add(module)
                        continue
                    for local in self.locate(module):
                        name = local.path.relative_to(self.root).as_posix()
                        if name not in modules:
                            modules[name] = normalise_module(_text(local.path))
                            pending.append((name, local.package, modules[name]))
        return Reached(tuple(sorted(modules.items())), tuple(sorted(external)), tuple(dynamic))

    def _candidates(self, one: Import, package: str) -> Iterator[str]:
        """The modules that an import may load: the module with its parents, and submodules."""
        module = _absolute(one, package)
        if module:
            parts = module.split(".")
            yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))
            names = one.names
            if "*" in names and self.is_local(module):
                names = self._exported(module)
            yield from (f"{module}.{name}" for name in names if name != "*")

    def _exported(self, module: str) -> tuple[str, ...]:
        return tuple(
            name
            for local in self.locate(module)[-1:]
            for name in imports.exported(normalise_module(_text(local.path)).tree)
        )


def _absolute(one: Import, package: str) -> str:
    """The absolute name of an import in a module of this package; empty where it has none."""
    if one.level == 0:
        return one.module
    parts = package.split(".") if package else []
    kept = parts[: max(0, len(parts) - (one.level - 1))]
    return ".".join([*kept, one.module] if one.module else kept) if kept else ""


def _text(path: Path) -> str:
    """The text of a Python file in the encoding that it names; in Latin-1 if it is not in that."""
    try:
        with tokenize.open(path) as file:
            return file.read()
    except (SyntaxError, UnicodeDecodeError):
        return path.read_text(encoding="latin-1")
