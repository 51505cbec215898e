"""What git and DVC must not look at in a project: lines for their ignore files."""

from collections.abc import Iterable

from stagebook.pipeline.change import Change
from stagebook.project import STATE, Project

_DVC_LINES = ("__pycache__", ".ipynb_checkpoints")


_ATTESTATIONS = ("*.intoto.json",)


def changes(project: Project, *, packages: bool = False) -> tuple[Change, ...]:
    """What ``.gitignore`` and ``.dvcignore`` are, and are to be.

    Args:
        project: The project.
        packages: Whether a stage packages a model, beside which an attestation will lie.
    """
    left_by_runs: tuple[str, ...] = (
        f"/{STATE}/",
        f"/{project.settings.runs}/",
        "/mlflow.db*",
        "/mlruns/",
    )
    if project.settings.report is not None:
        left_by_runs = (*left_by_runs, f"/{project.settings.report.folder}/")
    if packages:
        left_by_runs = (*left_by_runs, *_ATTESTATIONS)
    wanted = ((".gitignore", left_by_runs), (".dvcignore", _DVC_LINES))
    texts = [(file, lines, _text(project, file)) for file, lines in wanted]
    return tuple(Change(file, text, render(lines, text)) for file, lines, text in texts)


def _text(project: Project, file: str) -> str:
    path = project.root / file
    return path.read_text(encoding="utf-8") if path.exists() else ""


def render(lines: Iterable[str], text: str) -> str:
    """The text of an ignore file with these lines in it; unchanged where it has them all."""
    present = {line.strip().rstrip("/") for line in text.splitlines()}
    missing = [line for line in lines if line.rstrip("/") not in present]
    if not missing:
        return text
    start = text if not text or text.endswith("\n") else f"{text}\n"
    return start + "\n".join(missing) + "\n"
