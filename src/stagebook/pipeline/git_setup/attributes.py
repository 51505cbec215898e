"""The lines of ``.gitattributes`` that say which files the drivers are for."""

from collections.abc import Iterator

from stagebook.pipeline.change import FileChange
from stagebook.pipeline.git_command import run
from stagebook.pipeline.git_setup import marked_lines
from stagebook.pipeline.git_setup.places import GitPlaces

FILE = ".gitattributes"
NOTEBOOK = "stagebook-notebook"
LOCK = "stagebook-lock"

_DRIVERS = {"*.ipynb": {"filter": NOTEBOOK, "diff": NOTEBOOK}, "dvc.lock": {"merge": LOCK}}
_UNSET = ("unspecified", NOTEBOOK, LOCK)


def change(places: GitPlaces) -> FileChange:
    """The lines at the start of the project's file, so that a person's own lines override them.

    What a file of a folder above sets for the same files stays in force.
    """
    text = _text(places)
    comments = (
        "# Notebooks are committed without outputs and compared as code; dvc.lock is merged stage",
        "# by stage. Lines below override these. In each clone, run: stagebook setup-git",
    )
    after = marked_lines.insert(text, marked_lines.TITLE, (*comments, *_lines(places)))
    return FileChange(FILE, text, after)


def removal(places: GitPlaces) -> FileChange:
    """The file without these lines."""
    text = _text(places)
    return FileChange(FILE, text, marked_lines.remove(text, marked_lines.TITLE))


def are_set(text: str) -> bool:
    """Whether the text of a ``.gitattributes`` has these lines."""
    return marked_lines.has(text, marked_lines.TITLE)


def of_other_projects(places: GitPlaces) -> bool:
    """Whether another project of the repository has these lines."""
    _, output = run(
        places.top,
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "--",
        FILE,
        f"**/{FILE}",
    )
    own = places.root.resolve() / FILE
    files = (
        places.top.resolve() / name.decode("utf-8", "surrogateescape")
        for name in output.split(b"\0")
        if name
    )
    return any(
        are_set(file.read_text(encoding="utf-8", errors="replace"))
        for file in files
        if file != own and file.is_file()
    )


def _text(places: GitPlaces) -> str:
    path = places.root / FILE
    return path.read_bytes().decode("utf-8", "surrogateescape") if path.is_file() else ""


def _lines(places: GitPlaces) -> Iterator[str]:
    for pattern, drivers in _DRIVERS.items():
        above = _set_above(places, pattern.replace("*", "notebook"), tuple(drivers))
        chosen = [f"{name}={driver}" for name, driver in drivers.items() if name not in above]
        if chosen:
            yield " ".join((pattern, *chosen))


def _set_above(places: GitPlaces, name: str, attributes: tuple[str, ...]) -> frozenset[str]:
    """The attributes that files above the project set for a file of this name."""
    if places.folder == ".":
        return frozenset()
    beside = places.root.resolve().parent
    _, output = run(beside, "check-attr", "-z", *attributes, "--", name)
    parts = output.decode("utf-8", "surrogateescape").split("\0")
    values = zip(parts[1::3], parts[2::3], strict=False)
    return frozenset(attribute for attribute, value in values if value not in _UNSET)
