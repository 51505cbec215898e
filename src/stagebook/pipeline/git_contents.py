"""Contents that git keeps, read many at a time."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from stagebook.pipeline.git_command import run_with_input


def blobs(root: Path, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The texts of some contents; what the repository does not hold is left out.

    Args:
        root: The project's root.
        names: Git's names of them, or any that git takes, such as ``HEAD:./dvc.lock``.

    Yields:
        Git's name of a content, and the content.
    """
    yield from filter(None, _answers(root, names))


def texts(root: Path, names: Iterable[str]) -> dict[str, str]:
    """The texts of some contents, by the names in ``names``.

    Args:
        root: The project's root.
        names: Any that git takes, such as ``HEAD:./dvc.lock``; unknown ones are left out.
    """
    queries = [name for name in names if "\n" not in name]  # that would be two queries
    return {
        name: item[1] for name, item in zip(queries, _answers(root, queries), strict=False) if item
    }


def _answers(root: Path, names: Iterable[str]) -> Iterator[tuple[str, str] | None]:
    """Git's own name and the content for each name; None for an unknown one."""
    rest = run_with_input(root, names, "cat-file", "--batch")
    while rest:
        head, _, rest = rest.partition(b"\n")
        words = head.decode(errors="replace").split(" ")
        if len(words) == 3 and words[2].isdigit():
            size = int(words[2])
            yield words[0], rest[:size].decode(errors="replace")
            rest = rest[size + 1 :]
        else:
            yield None
