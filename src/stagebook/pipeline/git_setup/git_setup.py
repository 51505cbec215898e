"""What a repository lacks of Stagebook's setup, computed first and only then written."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from stagebook.pipeline.change import FileChange
from stagebook.pipeline.git_setup import attributes, committed_outputs, drivers, hook
from stagebook.pipeline.git_setup.drivers import GitSetting
from stagebook.pipeline.git_setup.places import GitPlaces
from stagebook.project.errors import Problem, Where


@dataclass(frozen=True, slots=True)
class GitSetup:
    """The changes that a repository needs.

    Attributes:
        files: Changes of files; a file whose new text is empty is deleted.
        settings: Changes of the clone's configuration.
        problems: What only a person can do.
    """

    files: tuple[FileChange, ...]
    settings: tuple[GitSetting, ...]
    problems: tuple[Problem, ...] = ()

    @classmethod
    def missing(cls, root: Path) -> Self:
        """What a project's repository lacks.

        Args:
            root: The project's root.

        Raises:
            StagebookError: There is no repository, or a file in it is invalid.
        """
        places = GitPlaces.of(root)
        files = (attributes.change(places), *hook.changes(places))
        outputs = committed_outputs.problem(root)
        return cls(
            tuple(change for change in files if change.needed),
            drivers.changes(root),
            (*hook.problems(places), *((outputs,) if outputs else ())),
        )

    @classmethod
    def removal(cls, root: Path) -> Self:
        """The removal of all that is set up for a project.

        The configuration stays if another project of the repository uses it.

        Raises:
            StagebookError: There is no repository.
        """
        places = GitPlaces.of(root)
        files = (attributes.removal(places), *hook.removals(places))
        shared = attributes.of_other_projects(places)
        settings = () if shared else drivers.removals(root)
        return cls(tuple(change for change in files if change.needed), settings)

    @property
    def changes(self) -> bool:
        """Whether something is to be written."""
        return bool(self.files or self.settings)

    def write(self, root: Path) -> None:
        """Writes the changes: the configuration first, since files refer to it."""
        for setting in self.settings:
            setting.write(root)
        for change in self.files:
            path = root / change.path
            is_new = not path.exists()
            if change.after:
                change.write(root)
            else:
                path.unlink(missing_ok=True)
            if is_new and change.after.startswith("#!"):
                path.chmod(path.stat().st_mode | 0o111)

    def as_json(self) -> dict[str, Any]:
        """The changes and problems as plain values."""
        return {
            "files": [{"path": change.path, "diff": change.diff()} for change in self.files],
            "settings": [
                {"key": setting.key, "before": setting.before, "after": setting.after}
                for setting in self.settings
            ],
            "problems": [problem.as_json() for problem in self.problems],
        }


def unconfigured(root: Path) -> Problem | None:
    """The problem of a clone whose files name drivers that its configuration lacks."""
    file = root / attributes.FILE
    if not file.is_file() or not attributes.are_set(file.read_text("utf-8", "replace")):
        return None
    if drivers.is_configured(root):
        return None
    message = (
        "The project is set up for git, but this clone is not: outputs of notebooks are committed, "
        "and dvc.lock is merged line by line."
    )
    return Problem("clone-not-set-up", message, "Run: stagebook setup-git", Where(attributes.FILE))
