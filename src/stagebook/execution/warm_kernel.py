"""The kernel of a job as a fork of a warm process: whether it can be one, and of which."""

import json
import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from stagebook.execution.warm import choice, client, stage_modules
from stagebook.execution.warm.key import KERNEL, Recipe
from stagebook.execution.warm.request import Request
from stagebook.notebook.distributions import Installed
from stagebook.notebook.snapshot import StageSnapshot
from stagebook.project import ancestry
from stagebook.project.files import write_whole
from stagebook.project.project import Project

LAUNCHER = "stagebook.execution.launcher"
"""The module that a kernel's process runs."""

_ORDER = "warm-order.json"
_SET_BY_KERNEL = {
    "TERM": "xterm-color",
    "CLICOLOR": "1",
    "FORCE_COLOR": "1",
    "CLICOLOR_FORCE": "1",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
}
"""Variables that ipykernel sets at its start, before a cell imports anything."""

_BACKEND = "module://matplotlib_inline.backend_inline"


@dataclass(frozen=True, slots=True)
class WarmKernel:
    """The zygote of a stage's kernel.

    Attributes:
        imports: What the stage imports.
        root: The project's root.
        stage: The stage.
        threads: How many threads its numerical libraries may use.
    """

    imports: tuple[str, ...]
    root: str
    stage: str
    threads: int

    @classmethod
    def of(cls, project: Project, stage: StageSnapshot, installed: Installed) -> Self | None:
        """The zygote for a stage of a project; None if its kernel must be cold.

        Args:
            project: The project.
            stage: The stage.
            installed: The environment.
        """
        if not choice.is_wanted(project.settings.warm):
            return None
        if stage_modules.changes_environment(stage):
            return None
        imports = stage_modules.of(stage, installed)
        return cls(imports, str(project.root), stage.notebook.stage, stage.settings.threads)

    def start(self, environment: Mapping[str, str]) -> None:
        """Starts the zygote, if there is none, before the kernel is needed.

        Args:
            environment: The kernel's environment, or the part of it that lasts.
        """
        client.start_early(self.recipe(environment), ancestry.build())

    def fork(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: str,
        descriptors: Sequence[int],
    ) -> client.Fork:
        """Starts the launcher as a fork.

        Args:
            arguments: The launcher's.
            environment: The kernel's environment.
            folder: Its working folder.
            descriptors: Its standard input, output and error.

        Raises:
            NotWarmError: There is no such process, and none is left of the attempt.
        """
        request = Request.here(
            f"{LAUNCHER}:main",
            (LAUNCHER, *arguments),
            environment=dict(environment),
            folder=folder,
            first=folder,
            owner=ancestry.build(),
            ending=signal.SIGTERM.value,
            reaps=True,
            hides=True,
        )
        return client.fork(self.recipe(environment), request, descriptors)

    def recipe(self, environment: Mapping[str, str]) -> Recipe:
        """What the zygote is made of.

        Args:
            environment: The kernel's environment.
        """
        own = {"MPLBACKEND": "", **environment, **_SET_BY_KERNEL}
        own["MPLBACKEND"] = own["MPLBACKEND"] or _BACKEND  # unless it has a value
        own.pop("PYTHONPATH", None)  # the sandbox's folders of code differ between two runs
        if path := os.environ.get("PYTHONPATH"):
            own["PYTHONPATH"] = path
        return Recipe(KERNEL, self.imports, own, self.root, self.stage)


def write_order(state: Path, kernels: Iterable[WarmKernel]) -> None:
    """Writes the zygotes that a build will need, in the order of its stages.

    Args:
        state: The project's state folder.
        kernels: The zygotes.
    """
    text = json.dumps([asdict(kernel) for kernel in kernels])
    write_whole(state / _ORDER, text, exact=True)


def after(state: Path, stage: str) -> WarmKernel | None:
    """The zygote of the stage that this build runs after a stage; None if there is none.

    Args:
        state: The project's state folder.
        stage: The stage.
    """
    if not os.environ.get("DVC_STAGE"):
        return None
    try:
        values = json.loads((state / _ORDER).read_text(encoding="utf-8"))
        kernels = [WarmKernel(**{**item, "imports": tuple(item["imports"])}) for item in values]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    names = [kernel.stage for kernel in kernels]
    place = names.index(stage) + 1 if stage in names else len(kernels)
    return kernels[place] if place < len(kernels) else None
