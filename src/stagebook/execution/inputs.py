"""Inputs with which a stage cannot start: missing ones, and special files."""

import shlex
from collections.abc import Iterator, Sequence

from stagebook.execution.declared_files import DeclaredFiles
from stagebook.execution.stamps import special_files
from stagebook.notebook.signature import Signature
from stagebook.pipeline import notebooks
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.files import holds_lfs_pointer, lfs_pointer
from stagebook.project.project import Project


def missing(paths: Sequence[str], maker: str | None, where: Where | None = None) -> Problem:
    """The problem of missing inputs, in a build and in a person's kernel.

    Args:
        paths: The inputs, at least one.
        maker: The stage that writes them; None if none does.
        where: Where they are declared, if the problem is to say it.
    """
    them = "them" if paths[1:] else "it"
    hint = (
        f"Build {them}: dvc repro {shlex.quote(maker)}"
        if maker
        else f"No stage writes {them}. Copy {them} there, or get {them} with `dvc pull`."
    )
    names = ", ".join(f"`{path}`" for path in paths)
    message = f"The inputs {names} are missing." if paths[1:] else f"The input {names} is missing."
    return Problem("no-input", message, hint, where)


def require(project: Project, signature: Signature, files: DeclaredFiles) -> None:
    """Checks that each input exists and is a file or a folder of files.

    Args:
        project: The project.
        signature: What the notebook declares.
        files: Where the declared files are.

    Raises:
        StagebookError: An input is missing, a pointer of Git LFS, or has a link or a pipe in it.
    """
    pointers = [path for path in signature.inputs if holds_lfs_pointer(files.input_file(path))]
    unfit = [
        *(lfs_pointer(path, "data") for path in pointers),
        *_special(project, signature, files),
    ]
    if problems := unfit or list(_missing(project, signature, files)):
        raise StagebookError(*problems)


def _special(project: Project, signature: Signature, files: DeclaredFiles) -> Iterator[Problem]:
    for path in signature.inputs:
        for file, kind in special_files(files.input_file(path)):
            name = file.relative_to(project.root).as_posix()
            yield Problem(
                "unfit-input",
                f"The input `{path}` contains {kind}: `{name}`.",
                "Declare regular files, or folders of regular files.",
                Where(signature.where.file, signature.where.cell),
            )


def _missing(project: Project, signature: Signature, files: DeclaredFiles) -> Iterator[Problem]:
    """The inputs that do not exist, each with the stage to build for it."""
    absent = {path for path in signature.inputs if not files.input_file(path).exists()}
    if not absent:
        return
    graph = notebooks.pipeline(project, notebooks.read_all(project))
    for declaration in signature.declared:
        for path in declaration.paths:
            if path in absent:
                maker = graph.producer(path)
                where = Where(signature.where.file, signature.where.cell, declaration.line)
                yield missing((path,), maker.name if maker else None, where)
