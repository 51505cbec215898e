"""Each ``dvc.lock`` of a project in git: those below its root, in one commit and in all."""

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from stagebook.pipeline import git, git_contents
from stagebook.pipeline.dvc_file import LOCK
from stagebook.pipeline.git_command import run

_BELOW = f":(glob)*/**/{LOCK}"
_SETTINGS = ".dvc/config"


def below(root: Path) -> tuple[str, ...]:
    """The path of every ``dvc.lock`` below the root that some commit has, or had.

    Args:
        root: The project's root, which may lie below the repository's.
    """
    if git.tips(root) is None:
        return ()
    _, commits = run(root, "rev-list", "--all", "HEAD", "--", _BELOW)
    if not commits:
        return ()
    options = ("--stdin", "-r", "-m", "--root", "--no-renames", "--no-commit-id", "--relative")
    _, names = run(root, "diff-tree", *options, "--name-only", "-z", "--", _BELOW, stdin=commits)
    paths = tuple(_decoded(names))
    folders = {parent.as_posix() for path in paths for parent in PurePosixPath(path).parents}
    others = [folder for folder in folders - {"."} if (root / folder / _SETTINGS).is_file()]
    return tuple(sorted(_of_project(paths, others)))


def at(root: Path, commit: str, file: str = LOCK) -> dict[str, str]:
    """The text of every ``dvc.lock`` below the root in a commit, by path.

    Args:
        root: The project's root.
        commit: Hash of the commit.
        file: The name of the files; that of ``dvc.yaml`` for these.
    """
    _, listed = run(root, "ls-tree", "-r", "-z", "--name-only", commit)
    names = tuple(_decoded(listed))
    others = [name.removesuffix(f"/{_SETTINGS}") for name in names if name.endswith(_SETTINGS)]
    locks = (name for name in names if name.endswith(f"/{file}"))
    paths = {f"{commit}:./{name}": name for name in _of_project(locks, others)}
    return {paths[revision]: text for revision, text in git_contents.texts(root, paths).items()}


def _of_project(paths: Iterable[str], projects: Iterable[str]) -> Iterator[str]:
    """Those of some paths that are in no other DVC project below the root, nor hidden."""
    others = frozenset(projects)
    for path in dict.fromkeys(paths):
        folders = PurePosixPath(path).parents
        hidden = any(folder.name.startswith(".") for folder in folders)
        if not hidden and others.isdisjoint(folder.as_posix() for folder in folders):
            yield path


def _decoded(names: bytes) -> Iterator[str]:
    yield from (name.decode("utf-8", "surrogateescape") for name in names.split(b"\0") if name)
