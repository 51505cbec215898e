"""The verification of a commit in a fresh clone, with a fresh environment."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagebook.execution.verification.result import StageVerification
from stagebook.pipeline import fresh_checkout, git
from stagebook.project import typed_json
from stagebook.project.errors import Exit, Problem
from stagebook.project.project import Project


@dataclass(frozen=True, slots=True)
class _Printed:
    """What ``stagebook verify --json`` prints; a verification that could not begin has problems."""

    stages: tuple[StageVerification, ...] = ()
    problems: tuple[Problem, ...] = ()


def verify(
    project: Project,
    stages: tuple[str, ...],
    packages: Path | None,
    say: Callable[[str], Any],
    *,
    explains: bool,
) -> tuple[StageVerification, ...]:
    """Runs stages again in a clone of the last commit, with an environment made for it.

    The clone uses the project's DVC cache. It is deleted afterwards.

    Args:
        project: The project.
        stages: Names of stages, their notebooks or outputs; all stages without any.
        packages: The requirements to install; None for the lock file of the commit.
        say: Called with each step.
        explains: Whether stages that differ run further times, to find the cause.

    Raises:
        StagebookError: There is no commit, or the clone or the environment cannot be made.
    """
    commit = git.require_commit(project.root, "HEAD")
    packages = packages.resolve() if packages else None
    with tempfile.TemporaryDirectory(prefix="stagebook-verify-") as name:
        say(f"cloning commit {commit[:12]}")
        place = git.clone(project.root, commit, Path(name) / "clone")
        say(f"creating the environment from {packages or 'the lock file'} (minutes)")
        bin_folder = fresh_checkout.make_environment(place, packages)
        variables = fresh_checkout.environment(bin_folder, fresh=True)
        fresh_checkout.share_cache(project.root, place, variables)
        say("running the stages")
        words = [str(bin_folder / "python"), "-m", "stagebook", "verify", "--json"]
        words += [] if explains else ["--no-causes"]
        words += ["--any-packages"] if packages else []
        ends = (int(Exit.DONE), int(Exit.NOT_REPRODUCED))
        text = fresh_checkout.run([*words, "--", *stages], place, variables, ends)
    return typed_json.convert(typed_json.load(text), _Printed).stages
