"""The only place that runs git, and why git did not answer."""

import enum
import os
import subprocess
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stagebook.project.errors import Exit, Problem, StagebookError, Where


class GitReason(enum.Enum):
    """Why git did not answer; each value is the code of the problem."""

    NOT_INSTALLED = "git-not-installed"
    NO_REPOSITORY = "no-repository"
    NO_COMMIT = "no-commit-yet"
    REFUSED = "git-refused"
    BROKEN = "git-broken"


@dataclass(frozen=True, slots=True)
class GitFailure:
    """Why git did not answer.

    Attributes:
        reason: One of the values of ``GitReason``.
        message: What happened, in one sentence.
        hint: What to do next.
    """

    reason: str
    message: str
    hint: str = ""

    @property
    def is_expected(self) -> bool:
        """Whether it may be intended: no repository, or no commit yet."""
        return self.reason in (GitReason.NO_REPOSITORY.value, GitReason.NO_COMMIT.value)


class GitError(StagebookError):
    """Git did not answer.

    Args:
        problem: Why.
    """

    def __init__(self, problem: Problem) -> None:
        here = problem.code == GitReason.NO_REPOSITORY.value
        super().__init__(problem, exit_code=Exit.INVALID if here else Exit.ENVIRONMENT)
        self.failure = GitFailure(problem.code, problem.message, problem.hint)


# These override a person's settings that would run a program or change an answer. They do not
# include `GIT_CONFIG_GLOBAL`: `safe.directory` counts only there, and so do the filters of Git LFS.
_OPTIONS = (
    "--no-pager",
    "--no-optional-locks",
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.quotePath=true"),
    *("-c", "submodule.recurse=false"),
    *("-c", "log.showSignature=false"),
    *("-c", "advice.detachedHead=false"),
)


_OF_A_PERSON = frozenset(
    {
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_SYSTEM",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    }
)
"""The variables that say where a person's configuration is, and no repository."""

_TRUST = "safe.directory"


def inherited() -> dict[str, str]:
    """The variables of this process without those of git that may name another repository.

    A hook, ``rebase --exec`` and a linked worktree set ``GIT_DIR`` and others. What stays
    says where a person's configuration is, and which repositories of other owners git may read.
    """
    variables = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("GIT_") or key in _OF_A_PERSON
    }
    return {**variables, **_trusted(os.environ)}


def _trusted(environ: Mapping[str, str]) -> dict[str, str]:
    """The entries for ``safe.directory`` among the configuration in an environment.

    Images of containers and CI set it so: https://git-scm.com/docs/git-config#ENVIRONMENT
    """
    count = environ.get("GIT_CONFIG_COUNT", "")
    entries = range(min(int(count), _MOST_ENTRIES)) if count.isdecimal() else ()
    folders = [
        environ.get(f"GIT_CONFIG_VALUE_{entry}", "")
        for entry in entries
        if environ.get(f"GIT_CONFIG_KEY_{entry}", "").lower() == _TRUST
    ]
    if not folders:
        return {}
    pairs = {"GIT_CONFIG_COUNT": str(len(folders))}
    for place, folder in enumerate(folders):
        pairs |= {f"GIT_CONFIG_KEY_{place}": _TRUST, f"GIT_CONFIG_VALUE_{place}": folder}
    return pairs


_MOST_ENTRIES = 1000

_ENGLISH = {"LC_ALL": "C", "LANGUAGE": "C", "GIT_TERMINAL_PROMPT": "0"}


def run(
    folder: Path, *arguments: str, stdin: bytes = b"", accepted: Collection[int] = (0,)
) -> tuple[int, bytes]:
    """The exit code and the standard output of one call of git.

    Args:
        folder: The folder that git works in.
        arguments: The command with its arguments.
        stdin: The standard input.
        accepted: The exit codes that are an answer.

    Raises:
        GitError: Git is not installed, found no repository, refused it, or failed.
    """
    try:
        process = subprocess.run(
            ["git", "-C", str(folder), *_OPTIONS, *arguments],
            input=stdin,
            env={**inherited(), **_ENGLISH},
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise GitError(_not_run(folder, error)) from None
    if process.returncode not in accepted:
        raise GitError(_failure(folder, process.stderr.decode(errors="replace")))
    return process.returncode, process.stdout


def _not_run(folder: Path, error: OSError) -> Problem:
    if isinstance(error, FileNotFoundError):
        hint = "Install git, or add it to PATH."
        return _problem(GitReason.NOT_INSTALLED, "Git is not installed.", hint, folder)
    message = f"Cannot start Git: {error.strerror}."
    return _problem(GitReason.BROKEN, message, "Try: git --version", folder)


def _problem(reason: GitReason, message: str, hint: str, folder: Path) -> Problem:
    return Problem(reason.value, message, hint, Where(str(folder)))


def _failure(folder: Path, stderr: str) -> Problem:
    """What git's standard error means.

    Git has one exit code, 128, for all of these. ``run`` makes it speak English.
    """
    words = _fatal(stderr)
    if "dubious ownership" in stderr or "unsafe repository" in stderr:
        hint = _line_after(stderr, "git config") or f"Run there: git -C {folder} status"
        message = f"Git refuses to use the repository: {words}."
        return _problem(GitReason.REFUSED, message, hint, folder)
    if "not a git repository" in stderr and not _has_dot_git(folder):
        message = "The folder is not in a git repository."
        return _problem(GitReason.NO_REPOSITORY, message, "Create one: git init", folder)
    hint = f"Run there: git -C {folder} status"
    return _problem(GitReason.BROKEN, f"Git failed: {words}.", hint, folder)


def _fatal(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    line = (fatal or lines or ["no reason given"])[0]
    return line.removeprefix("fatal: ").removeprefix("error: ").rstrip(".")


def _line_after(stderr: str, start: str) -> str:
    lines = (line.strip() for line in stderr.splitlines() if line.strip().startswith(start))
    return next((f"If you trust its owner: {line}" for line in lines), "")


def _has_dot_git(folder: Path) -> bool:
    """Whether a repository is there that git does not recognise as one."""
    place = folder.resolve()
    return any((parent / ".git").exists() for parent in (place, *place.parents))


def run_with_input(root: Path, lines: Iterable[str], *arguments: str) -> bytes:
    """The output of a command of git that reads these lines."""
    text = "".join(f"{line}\n" for line in lines)
    return run(root, *arguments, stdin=text.encode(errors="surrogateescape"))[1]
