"""The lines that are missing in parameters cells, added to the files of the notebooks."""

import keyword
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from stagebook.execution.advice import Advice
from stagebook.history.history import History
from stagebook.notebook import cells, declaration_lines, parameters_cell
from stagebook.notebook.cell_edit import NewLine, insert
from stagebook.notebook.cells import Notebook
from stagebook.notebook.literals import as_python
from stagebook.notebook.signature import Signature
from stagebook.notebook.values import MismatchError, plain, type_of
from stagebook.pipeline import notebooks, params_file
from stagebook.pipeline.change import FileChange
from stagebook.pipeline.params_file import ParamsFile
from stagebook.project.errors import StagebookError, Undeclared, did_you_mean
from stagebook.project.masks import MASK
from stagebook.project.project import Project
from stagebook.record.record import Record


def fixes(project: Project) -> tuple[FileChange, ...]:
    """The changes that declare what is reported as undeclared; nothing is written.

    Files are those that the last execution of each stage used, parameters those of its params
    file. A parameter with a name like a declared one is a mistake of its params file, and stays.

    Raises:
        StagebookError: The line cannot be added to a notebook's file.
    """
    with History.open(project.state) as history:
        last = {stage: history.last(stage, 1) for stage in notebooks.stages(project)}
    changes = (
        _fix(project, path, last[stage]) for stage, path in notebooks.stages(project).items()
    )
    return tuple(change for change in changes if change and change.needed)


def _fix(project: Project, path: str, records: Iterable[Record]) -> FileChange | None:
    """The change of one notebook; None if its parameters cell is not valid, which sync reports."""
    try:
        notebook = cells.read(path, project.root)
        cell = parameters_cell.tagged_cell(notebook)
        lines = _lines(project, notebook, cell.text, records)
    except (StagebookError, SyntaxError, ValueError):
        return None
    text = (project.root / path).read_bytes().decode("utf-8")
    return FileChange(path, text, insert(text, path, cell.position, lines) if lines else text)


def _lines(
    project: Project, notebook: Notebook, text: str, records: Iterable[Record]
) -> tuple[NewLine, ...]:
    if imports := declaration_lines.missing_imports(text):
        return imports
    signature = parameters_cell.parse(notebook)
    declarations = _Declarations.of(notebook, signature)
    for files in _undeclared(records):
        declarations = declarations.with_files(files)
    params = params_file.read(params_file.locate(notebook.path, project), project.root)
    return declaration_lines.place(
        text, signature, declarations.files, list(_parameters(params, signature, declarations))
    )


def _undeclared(records: Iterable[Record]) -> list[Undeclared]:
    """The files that executions used and did not declare; what was also written is an output."""
    problems = (problem for record in records for problem in record.problems)
    files = [problem.undeclared for problem in problems if problem.undeclared]
    written = {path for item in files if item.role != "In" for path in item.paths}
    return [
        replace(item, paths=tuple(path for path in item.paths if path not in written))
        if item.role == "In"
        else item
        for item in files
        if MASK not in "".join(item.paths)
    ]


@dataclass(frozen=True, slots=True)
class _Declarations:
    """New declarations of files, each after its role, and the advice that knows their names."""

    advice: Advice
    files: tuple[tuple[str, str], ...] = ()
    paths: frozenset[str] = frozenset()

    @classmethod
    def of(cls, notebook: Notebook, signature: Signature) -> "_Declarations":
        return cls(Advice.of(notebook, signature, None))

    def with_files(self, files: Undeclared) -> "_Declarations":
        """With one more declaration, if the files are not declared yet and can be."""
        missing = self.advice.without_declared(files)
        if missing is None or self.paths.issuperset(missing.paths):
            return self
        if self.advice.unfit_declaration(missing):
            return self
        line = self.advice.line(missing)
        names = self.advice.used_names | {line.partition(":")[0]}
        return _Declarations(
            replace(self.advice, used_names=names),
            (*self.files, (missing.role, line)),
            self.paths.union(missing.paths),
        )


def _parameters(
    params: ParamsFile, signature: Signature, declarations: _Declarations
) -> Iterator[str]:
    """The line of each parameter that only the params file has."""
    known = [parameter.name for parameter in signature.parameters]
    for name, value in params.values.items():
        taken = name in declarations.advice.used_names or keyword.iskeyword(name)
        if taken or not name.isidentifier() or did_you_mean(name, known):
            continue
        try:
            literal = plain(value)
            kind = str(type_of(literal))
        except MismatchError:
            continue
        annotation = "" if "Any" in kind else f": {kind}"
        yield f"{name}{annotation} = {as_python(literal)}"
