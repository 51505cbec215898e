"""What git and DVC must ignore in a project: lines for their ignore files."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from stagebook.pipeline.change import FileChange
from stagebook.pipeline.resolved import DvcOutput
from stagebook.project.project import STATE, Project

_GIT = ".gitignore"
_DVC_LINES = ("__pycache__", ".ipynb_checkpoints")
_GIT_LINES = ("__pycache__/", ".ipynb_checkpoints/")
_ATTESTATIONS = ("*.intoto.json",)
_SPECIAL = frozenset("[]!*#?")


def changes(
    project: Project, outputs: Iterable[DvcOutput] = (), *, packages: bool = False
) -> tuple[FileChange, ...]:
    """The present and the new text of each ``.gitignore`` and ``.dvcignore``.

    Each cached output has the line that DVC itself would write when the output's stage is done,
    since DVC removes those lines when a later stage of the same build fails.

    Args:
        project: The project.
        outputs: What all stages write.
        packages: Whether a stage packages a model, which will have an attestation beside it.
    """
    folders = _own_folders(project)
    lines: dict[str, list[str]] = {
        _GIT: [*(f"/{folder}/" for folder in folders), "/mlflow.db*", "/mlruns/", *_GIT_LINES],
        ".dvcignore": [*_DVC_LINES],
    }
    if packages:
        lines[_GIT].extend(_ATTESTATIONS)
    for output in outputs:
        path = PurePosixPath(output.path)
        if output.unignored and not any(path.is_relative_to(folder) for folder in folders):
            lines.setdefault((path.parent / _GIT).as_posix(), []).append(_line(path.name))
    texts = {file: _text(project, file) for file in lines}
    return tuple(FileChange(file, texts[file], render(lines[file], texts[file])) for file in lines)


def _own_folders(project: Project) -> tuple[str, ...]:
    """The folders that are ignored as a whole."""
    report = project.settings.report
    return (STATE, project.settings.runs, *([report.folder] if report else []))


def _line(name: str) -> str:
    """The line for a file or folder beside the ignore file, with special characters as DVC has."""
    return "/" + "".join(f"\\{char}" if char in _SPECIAL else char for char in name)


def _text(project: Project, file: str) -> str:
    path = project.root / file
    return path.read_bytes().decode("utf-8", "surrogateescape") if path.is_file() else ""


def render(lines: Iterable[str], text: str) -> str:
    """The text of an ignore file with these lines in it; unchanged if it has them all.

    Present lines keep their bytes, and new ones get the line ends of the file.
    """
    present = {line.strip("\ufeff \t\r\n").rstrip("/") for line in text.splitlines()}
    missing = [
        line
        for line in dict.fromkeys(lines)
        if present.isdisjoint((line.rstrip("/"), line.strip("/")))  # without `/`, in all folders
    ]
    if not missing:
        return text
    end = "\r\n" if "\r\n" in text else "\n"
    start = text if not text or text.endswith("\n") else f"{text}{end}"
    return start + "".join(f"{line}{end}" for line in missing)
