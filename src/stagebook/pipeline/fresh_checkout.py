"""A clone of a project at a commit, and a fresh environment of its lock file."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from stagebook.pipeline import git_command
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.project import Project

_OF_DVC = frozenset({"DVC_STAGE", "DVC_ROOT"})
_OF_PYTHON = frozenset({"VIRTUAL_ENV", "PYTHONPATH"})


def environment(bin_folder: Path, *, fresh: bool) -> dict[str, str]:
    """The environment variables by which commands find the right Python.

    Args:
        bin_folder: The folder of the Python.
        fresh: Whether it is not the Python that runs now.
    """
    hidden = _OF_DVC | (_OF_PYTHON if fresh else frozenset())
    variables = {key: value for key, value in git_command.inherited().items() if key not in hidden}
    return {**variables, "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}"}


def make_environment(place: Path, packages: Path | None = None) -> Path:
    """Creates an environment in a clone; returns the folder of its programs.

    Args:
        place: The project's root in the clone.
        packages: The requirements to install; None for the project's lock file.

    Raises:
        StagebookError: The project has no lock file that pip can install, or pip failed.
    """
    requirements = packages or _lock_file(place)
    venv.create(place / ".venv", with_pip=True)
    bin_folder = place / ".venv" / ("Scripts" if os.name == "nt" else "bin")
    pip = [str(bin_folder / "python"), "-m", "pip", "install", "--quiet"]
    # a lock with hashes is complete; pip would fail for extras that it does not list separately
    options = ["--no-deps"] if "--hash=" in requirements.read_text(encoding="utf-8") else []
    variables = git_command.inherited()
    run([*pip, *options, "--requirement", str(requirements)], place, variables)
    if "[build-system]" in (place / "pyproject.toml").read_text(encoding="utf-8"):
        own = ["--no-deps", "--no-build-isolation", "--editable", "."]
        run([*pip, *own], place, variables)
    return bin_folder


def _lock_file(place: Path) -> Path:
    lock = Project.find(place).lock
    if lock is None or not lock.endswith((".lock", ".txt")):
        message = "The project has no lock file that pip can install."
        hint = "If the current environment matches the package, use it: --here"
        raise StagebookError(Problem("no-lock-file", message, hint, Where(str(place))))
    return place / lock


def share_cache(root: Path, place: Path, env: dict[str, str]) -> None:
    """Lets a clone use the DVC cache of the repository that it was cloned from.

    Args:
        root: The project's root in the repository.
        place: The project's root in the clone.
        env: The environment variables.
    """
    cache = run(["dvc", "cache", "dir"], root, env).strip()
    run(["dvc", "cache", "dir", "--local", "--", str((root / cache).resolve())], place, env)


def run(
    command: list[str], folder: Path, env: dict[str, str], success: tuple[int, ...] = (0,)
) -> str:
    """Runs a command; returns what it printed.

    Args:
        command: Program and arguments.
        folder: Where it runs.
        env: Its environment variables.
        success: The exit codes of a success.

    Raises:
        StagebookError: It failed.
    """
    program = shutil.which(command[0], path=env["PATH"]) or command[0]
    try:
        process = subprocess.run(
            [program, *command[1:]],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise StagebookError(_failed(command, folder, str(error))) from error
    if process.returncode not in success:
        raise StagebookError(_failed(command, folder, process.stdout + process.stderr))
    return process.stdout


def current() -> Path:
    """The folder of the programs of the environment that runs now."""
    return Path(sys.executable).parent


def _failed(command: list[str], folder: Path, output: str) -> Problem:
    last = " / ".join(line.strip() for line in output.strip().splitlines()[-3:])
    message = f"`{' '.join(command)}` failed: {last}"
    return Problem("not-recreated", message, f"Inspect the folder: cd {folder}", Where(str(folder)))
