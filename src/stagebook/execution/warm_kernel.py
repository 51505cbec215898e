"""Whether the kernel of a job can be a fork of a warm process, and of which."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stagebook.execution import provisioner
from stagebook.execution.warm import choice, client, stage_modules
from stagebook.notebook.distributions import Installed
from stagebook.notebook.snapshot import StageSnapshot
from stagebook.project import ancestry
from stagebook.project.project import Project


@dataclass(frozen=True, slots=True)
class WarmKernel:
    """The zygote of a stage's kernel.

    Attributes:
        imports: What the stage imports.
        root: The project's root.
        stage: The stage.
    """

    imports: tuple[str, ...]
    root: str
    stage: str

    @classmethod
    def of(cls, project: Project, stage: StageSnapshot) -> "WarmKernel | None":
        """The zygote for a stage of a project; None if its kernel must be cold.

        Args:
            project: The project.
            stage: The stage.
        """
        if not choice.is_wanted(project.settings.warm):
            return None
        if stage_modules.changes_environment(stage):
            return None
        imports = stage_modules.of(stage, Installed.remembered(project.state))
        return cls(imports, str(project.root), stage.notebook.stage)

    def start(self, environment: Mapping[str, str]) -> None:
        """Starts the zygote, if there is none, before the kernel is needed.

        Args:
            environment: The kernel's environment.
        """
        recipe = provisioner.recipe(environment, self.imports, self.root, self.stage)
        client.start_early(recipe, ancestry.build())

    @property
    def metadata(self) -> dict[str, Any]:
        """The kernelspec's metadata that names the provisioner."""
        config = {"imports": list(self.imports), "root": self.root, "label": self.stage}
        return {"kernel_provisioner": {"provisioner_name": provisioner.NAME, "config": config}}
