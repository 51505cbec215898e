"""Zygotes for tests: each in a project of its own, and ended with the test."""

import contextlib
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from stagebook.execution.warm import client
from stagebook.execution.warm.client import Fork
from stagebook.execution.warm.key import Recipe
from stagebook.execution.warm.place import Place
from stagebook.execution.warm.request import Request

BARE = "bare"
"""A kind of zygote that imports nothing by itself."""


class Warm:
    """The zygotes of one project, with modules of the test in a folder of ``PYTHONPATH``."""

    def __init__(self, root: Path, modules: Path) -> None:
        self.root, self.modules = root, modules
        self.place = Place.of(str(root))
        self._numbers = itertools.count()

    def recipe(self, *imports: str, kind: str = BARE, **variables: str) -> Recipe:
        environment = {**os.environ, "PYTHONPATH": str(self.modules), **variables}
        return Recipe(kind, imports, environment, str(self.root), "test")

    def module(self, name: str, code: str) -> None:
        path = self.modules / f"{name.replace('.', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8")

    def fork(
        self,
        code: str,
        *imports: str,
        descriptors: tuple[int, int, int] | None = None,
        recipe: Recipe | None = None,
        **changes: object,
    ) -> Fork:
        """A fork that runs some code; by default without input, output and errors."""
        task = f"task{next(self._numbers)}"  # its own file, since Python caches by size and time
        self.module(task, f"def main():\n{_indented(code)}")
        recipe = recipe or self.recipe(*imports)
        environment = {**recipe.environment, **dict(changes.pop("environment", {}))}  # type: ignore[call-overload]
        request = Request.here(f"{task}:main", ("task",), environment=environment, **changes)
        nothing = os.open(os.devnull, os.O_RDWR)
        try:
            return client.fork(recipe, request, descriptors or (nothing, nothing, nothing))
        finally:
            os.close(nothing)

    def output(self, code: str, *imports: str, **changes: object) -> str:
        """What a fork prints that runs some code, on both streams."""
        reads, writes = os.pipe()
        nothing = os.open(os.devnull, os.O_RDWR)
        fork = self.fork(code, *imports, descriptors=(nothing, writes, writes), **changes)  # type: ignore[arg-type]
        os.close(writes)
        os.close(nothing)
        with open(reads, encoding="utf-8") as stream:
            text = stream.read()
        assert fork.wait() == 0, text
        return text

    def zygotes(self) -> dict[str, int]:
        """The process ids of living zygotes, by key."""
        keys = [key for key in self.place.all_keys() if self.place.is_alive(key)]
        return {key: self.place.state(key)["pid"] for key in keys}

    def end(self) -> None:
        for pid in self.zygotes().values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _indented(code: str) -> str:
    return "".join(f"    {line}\n" for line in code.splitlines())


@contextlib.contextmanager
def warm_project(folder: Path) -> Iterator[Warm]:
    root, modules = folder / "project", folder / "modules"
    root.mkdir()
    modules.mkdir()
    warm = Warm(root, modules)
    try:
        yield warm
    finally:
        warm.end()


def cold_output(code: str, environment: Mapping[str, str]) -> str:
    """What a new process prints that runs some code."""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout
