"""The local modules that code imports, transitively, found without running code."""

import hashlib
import io
import os
import tokenize
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from stagebook.notebook import imports
from stagebook.notebook.code import Code, normalise_module
from stagebook.notebook.imports import Import, Imports


@dataclass(frozen=True, slots=True)
class Module:
    """A file of local code, reduced to what counts.

    Attributes:
        path: Its absolute path.
        data: Its bytes.
        digest: The first 32 hex digits of the SHA-256 of its normalised code.
        imports: What it imports.
        exported: The names in its literal ``__all__``.
    """

    path: Path
    data: bytes = field(repr=False)
    digest: str
    imports: Imports
    exported: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> "Module":
        """The module in a file."""
        return cls.of(path, path.read_bytes())

    @classmethod
    def of(cls, path: Path, data: bytes) -> "Module":
        """The module with these bytes; a compiled module counts by its bytes."""
        if path.suffix != ".py":
            return cls(path, data, hashlib.sha256(data).hexdigest()[:32], Imports((), ()), ())
        return cls(path, data, *_facts(_text(data)))


@dataclass(frozen=True, slots=True)
class ReachableModules:
    """Everything that some code imports, transitively.

    Attributes:
        modules: Local modules by name: the path relative to the project's root, or the name from
            ``OutsideModule``.
        external: First parts of the names of modules that are not in the project, sorted.
        dynamic: Imports that are known only at run time, each with its file.
    """

    modules: tuple[tuple[str, Module], ...]
    external: tuple[str, ...]
    dynamic: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class OutsideModule:
    """The place of a module that is neither in the project nor in a release of a distribution.

    Attributes:
        folder: The folder that it is imported from.
        owner: The distribution that it belongs to, if any.
    """

    folder: Path
    owner: str | None

    def name(self, file: Path) -> str:
        """The name of a file below the folder in a source: the same on every machine."""
        return f"{self.owner or 'PYTHONPATH'}:{file.relative_to(self.folder).as_posix()}"


def nowhere(_: str) -> None:
    """Finds no module outside the project."""
    return


@dataclass(frozen=True, slots=True)
class LocalModule:
    """A file of local code.

    Attributes:
        path: Its absolute path.
        package: Dotted name of the package that its relative imports start from.
        name: Its name in the source.
    """

    path: Path
    package: str
    name: str


@dataclass(frozen=True, slots=True)
class SearchPath:
    """The places in which local modules are looked for.

    Attributes:
        root: The project's root.
        folders: Absolute folders, in the order of Python's search.
        is_installed: Whether an installed distribution provides a top-level name; it precedes
            a local folder without ``__init__.py``, as in Python.
        outside: Finds a top-level module that is in none of the folders and counts by its
            content.
        known: Modules that were read, by file; these are not read again.
        remembered: Earlier versions of modules, by file; these are not parsed again if they have
            the same bytes.
    """

    root: Path
    folders: tuple[Path, ...]
    is_installed: Callable[[str], bool]
    outside: Callable[[str], OutsideModule | None] = nowhere
    known: dict[Path, Module] = field(default_factory=dict, compare=False, repr=False)
    remembered: Mapping[Path, Module] = field(default_factory=dict, compare=False, repr=False)
    _located: dict[str, tuple[LocalModule, ...] | None] = field(
        default_factory=dict, compare=False, repr=False
    )

    def locate(self, module: str) -> tuple[LocalModule, ...]:
        """The files that an import of this module runs, its packages' first.

        Returns:
            The files; a namespace package has no file.

        Raises:
            LookupError: The module is not local.
        """
        if module not in self._located:
            try:
                self._located[module] = self._locate(module)
            except LookupError:
                self._located[module] = None
        if (modules := self._located[module]) is None:
            raise LookupError(module)
        return modules

    def _locate(self, module: str) -> tuple[LocalModule, ...]:
        files: list[LocalModule] = []
        parts = module.split(".")
        if parts[0] in self._located and self._located[parts[0]] is None:
            raise LookupError(module)
        folders, outside = self._start(parts[0])
        for position, part in enumerate(parts):
            folders, file = self._step(folders, part, top=position == 0 and outside is None)
            if file:
                package = parts[: position + 1] if folders else parts[:position]
                files.append(LocalModule(file, ".".join(package), self._name(file, outside)))
        return tuple(files)

    def _start(self, top: str) -> tuple[tuple[Path, ...], OutsideModule | None]:
        """The folders in which the search for a module starts."""
        try:
            self._step(self.folders, top, top=True)
        except LookupError:
            if outside := self.outside(top):
                return (outside.folder,), outside
            raise
        return self.folders, None

    def _name(self, file: Path, outside: OutsideModule | None) -> str:
        if outside:
            return outside.name(file)
        return Path(os.path.relpath(file, self.root)).as_posix()

    def module(self, path: Path) -> Module:
        """The module in a file; each file is read once."""
        if path not in self.known:
            data, before = path.read_bytes(), self.remembered.get(path)
            same = before is not None and before.data == data
            self.known[path] = before if before and same else Module.of(path, data)
        return self.known[path]

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
            for suffix in (*EXTENSION_SUFFIXES, ".py"):
                if (folder / f"{part}{suffix}").is_file():
                    return (), folder / f"{part}{suffix}"
            if (folder / part).is_dir() and any((folder / part).rglob("*.py")):
                portions.append(folder / part)
        if not portions or (top and self.is_installed(part)):
            raise LookupError(part)
        return tuple(portions), None

    def reach(self, start: Iterable[tuple[str, Code]]) -> ReachableModules:
        """Everything that these pieces of code import, transitively.

        Stagebook itself is left out: its markers cannot change a result.

        Args:
            start: Pieces of code, each with the name of its file.
        """
        pending = [(file, "", imports.find(code.tree)) for file, code in start]
        modules: dict[str, Module] = {}
        external: set[str] = set()
        dynamic: list[tuple[str, str]] = []
        while pending:
            file, package, file_imports = pending.pop()
            dynamic.extend((file, call) for call in file_imports.dynamic)
            for imported in file_imports.static:
                for name in self._candidates(imported, package):
                    top = name.partition(".")[0]
                    if top == "stagebook":
                        continue
                    files = self.locate(name) if self.is_local(name) else ()
                    if not self._in_project(top):
                        external.add(top)
                    for local in files:
                        if local.name not in modules:
                            module = modules[local.name] = self.module(local.path)
                            pending.append((local.name, local.package, module.imports))
        return ReachableModules(
            tuple(sorted(modules.items())), tuple(sorted(external)), tuple(dynamic)
        )

    def _in_project(self, top: str) -> bool:
        return self.is_local(top) and self._start(top)[1] is None

    def _candidates(self, import_: Import, package: str) -> Iterator[str]:
        """The modules that an import may load: the module with its parents, and submodules."""
        module = _absolute(import_, package)
        if module:
            parts = module.split(".")
            yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))
            names = import_.names
            if "*" in names and self.is_local(module):
                names = self._exported(module)
            yield from (f"{module}.{name}" for name in names if name != "*")

    def _exported(self, module: str) -> tuple[str, ...]:
        return tuple(
            name for local in self.locate(module)[-1:] for name in self.module(local.path).exported
        )


def _absolute(import_: Import, package: str) -> str:
    """The absolute name of an import in a module of this package; empty if it is impossible."""
    if import_.level == 0:
        return import_.module
    parts = package.split(".") if package else []
    base = parts[: max(0, len(parts) - (import_.level - 1))]
    return ".".join([*base, import_.module] if import_.module else base) if base else ""


@lru_cache(maxsize=2**12)  # without the tree of the module, which is large
def _facts(text: str) -> tuple[str, Imports, tuple[str, ...]]:
    """The digest, the imports and the exported names of a module with this text."""
    code = normalise_module(text)
    return code.digest, imports.find(code.tree), imports.exported(code.tree)


def _text(data: bytes) -> str:
    """The text of a Python file in its declared encoding; in Latin-1 if that fails."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return io.TextIOWrapper(io.BytesIO(data), encoding).read()
    except (SyntaxError, UnicodeDecodeError):
        return data.decode("latin-1")
