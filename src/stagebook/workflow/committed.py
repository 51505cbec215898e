"""What one commit declares and built: the stages of its ``dvc.yaml`` and ``dvc.lock`` files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from stagebook.history import git_locks
from stagebook.pipeline import dvc_file, git, git_contents, lock, nodes, repository
from stagebook.pipeline.lock import Lock, LockEntry
from stagebook.pipeline.nodes import Node
from stagebook.pipeline.plan.findings import hashes, lock_path
from stagebook.project.errors import Exit, Problem, StagebookError, Where
from stagebook.project.project import Project

_RANGE = ".."


@dataclass(frozen=True, slots=True)
class Revisions:
    """What is compared.

    Attributes:
        before: The earlier commit.
        after: The later one; empty for the working tree.
        words: Both, as a person reads them.
    """

    before: str
    after: str
    words: str


@dataclass(frozen=True, slots=True)
class CommittedBuild:
    """One commit.

    Attributes:
        nodes: The stages of every ``dvc.yaml``; those with templates are not resolved.
        lock: What was built of them. DVC keeps entries of stages that are gone; they are left out.
        templated: The files with templates.
    """

    nodes: tuple[Node, ...]
    lock: Lock
    templated: tuple[str, ...]

    def removed(self, present: tuple[Node, ...]) -> tuple[str, ...]:
        """The stages that were built in this commit and are not among others."""
        names = {node.name for node in present}
        groups = {name.partition("@")[0] for name in names if "@" in name}
        gone = (name for name in self.lock.entries if name.partition("@")[0] not in groups)
        return tuple(sorted(set(gone) - names))

    def built(self) -> tuple[Node, ...]:
        """The stages as they were when they were built; those never built have no inputs.

        Raises:
            StagebookError: A file has templates, which DVC resolves only in a working tree.
        """
        if self.templated:
            raise StagebookError(
                Problem(
                    "templates-of-commit",
                    "The later commit has templates (`foreach`, `matrix`, `${…}`), which DVC "
                    "resolves only in the working tree.",
                    "Check that commit out, then run: stagebook plan --since REV",
                    Where(self.templated[0]),
                )
            )
        return tuple(_as_built(node, self.lock.entries.get(node.name)) for node in self.nodes)


def revisions(project: Project, text: str) -> Revisions:
    """The commits that a text names.

    Args:
        project: The project.
        text: A commit, branch or tag; or two of them, as ``A..B``.

    Raises:
        StagebookError: The text has another form, or git knows no such commit.
    """
    first, separator, second = text.partition(_RANGE)
    if not first.strip() or second.startswith("."):
        raise StagebookError(
            Problem(
                "bad-revisions",
                f"`{text}` names no commits to compare.",
                "Give a commit, branch or tag, or two of them as A..B; A.. stands for A..HEAD.",
            ),
            exit_code=Exit.USAGE,
        )
    before = git.require_commit(project.root, first)
    if not separator:
        return Revisions(before, "", f"since {first}")
    after = git.require_commit(project.root, second or "HEAD")
    return Revisions(before, after, f"{first}..{second or 'HEAD'}")


def read(project: Project, commit: str) -> CommittedBuild:
    """What a commit declares and built.

    Raises:
        StagebookError: A file of it is not valid.
    """
    files = _texts(project, commit, dvc_file.FILE)
    declared = tuple(node for file, text in files.items() for node in nodes.parse(text, file))
    templated = tuple(file for file, text in files.items() if repository.is_templated(text))
    entries: dict[str, LockEntry] = {}
    for file, text in _texts(project, commit, dvc_file.LOCK).items():
        entries |= lock.parse(text, lock.folder_of(file)).entries
    return CommittedBuild(
        declared, Lock(dict(_of_stages(entries, declared, is_exact=not templated))), templated
    )


def _texts(project: Project, commit: str, name: str) -> dict[str, str]:
    """The text of each file with a name in a commit, by path; the root's comes first."""
    own = git_contents.texts(project.root, [f"{commit}:./{name}"])
    below = git_locks.at(project.root, commit, name)
    return {**dict.fromkeys([name] if own else [], next(iter(own.values()), "")), **below}


def _of_stages(
    entries: Mapping[str, LockEntry], declared: tuple[Node, ...], *, is_exact: bool
) -> Iterator[tuple[str, LockEntry]]:
    names = {node.name for node in declared}
    for name, entry in entries.items():
        # with `foreach` and `matrix`, the name before the @ stands for all
        if name in names or (not is_exact and name.partition("@")[0] in names):
            yield name, entry


def _as_built(node: Node, entry: LockEntry | None) -> Node:
    read = hashes(entry.deps) if entry else {}
    params = (entry.params or {}) if entry else {}
    values = {file: params.get(lock_path(node, file)) or {} for file in node.keys}
    return replace(
        node,
        cmd=entry.cmd if entry else node.cmd,
        deps=tuple(path for path in node.deps if lock_path(node, path) in read),
        keys={
            file: tuple(key for key in keys if key in values[file])
            for file, keys in node.keys.items()
            if values[file]
        },
    )
