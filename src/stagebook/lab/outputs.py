"""The places in which an interactive kernel writes a stage's outputs."""

from stagebook.notebook.signature import Role, Signature
from stagebook.notebook.values import Value
from stagebook.project.files import write_whole
from stagebook.project.project import Project

FOLDER = "interactive"
"""The folder for outputs of interactive kernels, below that of the executed notebooks."""

_ROLES = (Role.OUT, Role.METRICS, Role.PLOTS)


def folder_of(project: Project, stage: str) -> str:
    """The folder of a stage's interactive outputs, relative to the project's root."""
    return f"{project.settings.runs}/{FOLDER}/{stage}"


def variables(signature: Signature, below: str) -> dict[str, Value]:
    """The value of each variable that names outputs.

    Args:
        signature: What the notebook declares.
        below: The folder that the declared paths are put below; empty for the root.
    """
    start = f"{below}/" if below else ""
    values: dict[str, Value] = {}
    for declaration in signature.declared:
        if declaration.role in _ROLES:
            paths: list[Value] = [start + path for path in declaration.paths]
            values[declaration.name] = paths if declaration.many else paths[0]
    return values


def make_folders(project: Project, signature: Signature, below: str) -> None:
    """Creates the folders of the outputs, as a build does; git ignores them."""
    home = project.root / project.settings.runs / FOLDER
    for path in signature.outputs:
        (project.root / below / path).parent.mkdir(parents=True, exist_ok=True)
    ignore = home / ".gitignore"
    if home.is_dir() and not ignore.exists():
        write_whole(ignore, "*\n")
