"""Parses the cell tagged ``parameters`` into a signature, without running it."""

import ast
import io
import tokenize
from collections.abc import Mapping
from pathlib import PurePosixPath

from stagebook.notebook import code, literals, paths
from stagebook.notebook.cells import Cell, Notebook
from stagebook.notebook.imported_names import ImportedNames
from stagebook.notebook.signature import Declared, Parameter, Role, Signature
from stagebook.notebook.values import MismatchError, Value, fit, parse_type, type_of
from stagebook.project.errors import Problem, StagebookError, Where

TAG = "parameters"


def parse(notebook: Notebook) -> Signature:
    """The signature of a notebook.

    Raises:
        StagebookError: There is not exactly one code cell tagged ``parameters``, or statements in
            it are not declarations; all problems at once.
    """
    cell = tagged_cell(notebook)
    return parse_cell(cell.text, Where(notebook.path, cell.position))


def tagged_cell(notebook: Notebook) -> Cell:
    """The one code cell tagged ``parameters``.

    Raises:
        StagebookError: No cell is tagged, or more than one.
    """
    cells = [cell for cell in notebook.code_cells if TAG in cell.tags]
    if not cells:
        raise StagebookError(
            Problem(
                "no-parameters-cell",
                "No code cell is tagged `parameters`, so the notebook declares nothing.",
                "Tag the cell that names its files and parameters: in JupyterLab, select it and "
                "add `parameters` under Property Inspector (the gears) → Cell Tags. Notebooks "
                "that are not stages belong in another folder.",
                Where(notebook.path),
            )
        )
    if len(cells) > 1:
        positions = " and ".join(str(cell.position) for cell in cells)
        raise StagebookError(
            Problem(
                "two-parameters-cells",
                f"Cells {positions} are both tagged `parameters`.",
                "Keep the tag on one of them; papermill would use the first only.",
                Where(notebook.path, cells[1].position),
            )
        )
    return cells[0]


def parse_cell(text: str, where: Where) -> Signature:
    """The signature in a cell's text.

    Raises:
        StagebookError: The text contains statements that are not declarations; all at once.
    """
    try:
        tree = code.parse(text)
    except (SyntaxError, ValueError) as error:
        reason, line = (
            (error.msg, error.lineno) if isinstance(error, SyntaxError) else (error, None)
        )
        raise StagebookError(
            Problem(
                "bad-python",
                f"The parameters cell is not valid Python: {reason}.",
                "The cell may contain imports, assignments of literals and comments; magics belong "
                "in another cell.",
                Where(where.file, where.cell, line),
            )
        ) from None
    reader = _Reader(where, _comments(text))
    for statement in tree.body:
        reader.read(statement)
    if reader.problems:
        raise StagebookError(*reader.problems)
    return Signature(where, tuple(reader.declared), tuple(reader.parameters))


class _Reader:
    """Reads statement by statement, and collects declarations and problems."""

    def __init__(self, where: Where, comments: Mapping[int, str]) -> None:
        self.where = where
        self.comments = comments
        self.imported = ImportedNames()
        self.declared: list[Declared] = []
        self.parameters: list[Parameter] = []
        self.problems: list[Problem] = []
        self.lines: dict[str, int] = {}

    def read(self, statement: ast.stmt) -> None:
        """Adds the declaration of one statement, or a problem."""
        match statement:
            case ast.Import() | ast.ImportFrom(level=0):
                self.imported.add(statement)
            case ast.Expr(value=ast.Constant(value=str())) | ast.Pass():
                pass
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                self._name(statement, name, annotation, value)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self._name(statement, name, None, value)
            case _:
                self._problem(
                    "not-a-declaration",
                    f"`{_first_line(statement)}` is not an import or an assignment to one name.",
                    statement,
                    "Move this line to the cell below; the parameters cell only declares.",
                )

    def _name(
        self, at: ast.stmt, name: str, annotation: ast.expr | None, value: ast.expr | None
    ) -> None:
        if name in self.lines:
            self._problem(
                "declared-twice",
                f"`{name}` is declared twice, first on line {self.lines[name]} of this cell.",
                at,
                "Keep one of them.",
            )
            return
        self.lines[name] = at.lineno
        marker = self.imported.marker(annotation)
        unknown = self.imported.unknown_marker(annotation)
        try:
            if marker:
                role, schema = marker
                self._file(at, name, role, schema, value)
            elif unknown:
                self._problem(
                    "marker-not-imported",
                    f"`{unknown}` is used but not imported in this cell.",
                    at,
                    f"Add a first line: from stagebook import {unknown}",
                )
            else:
                self._parameter(at, name, annotation, value)
        except MismatchError as error:
            self._problem("bad-type", f"`{name}`: {error}.", at, "")

    def _file(
        self, at: ast.stmt, name: str, role: Role, schema: ast.expr | None, value: ast.expr | None
    ) -> None:
        literal = self._literal(at, name, value)
        if literal is _WRONG:
            return
        listed = literal if isinstance(literal, list) else [literal]
        texts = [path for path in listed if isinstance(path, str) and path]
        if not texts or len(texts) < len(listed):
            self._problem(
                "not-a-path",
                f"`{name}` is {role.value}, so it must be a path or a list of paths, "
                f"not {literal!r}.",
                at,
                f'Write it like this: {name}: {role.value} = "data/{name}.parquet"',
            )
            return
        clean = [self._path(at, name, role, path) for path in texts]
        origin = self._schema(at, name, role, schema) if schema is not None else None
        self.declared.append(
            Declared(
                name,
                role,
                tuple(clean),
                isinstance(literal, list),
                origin,
                self._help(at),
                at.lineno,
            )
        )

    def _schema(self, at: ast.stmt, name: str, role: Role, schema: ast.expr) -> str:
        origin, text = self.imported.origin(schema), ast.unparse(schema)
        if role not in (Role.IN, Role.OUT):
            self._problem(
                "no-schema-here",
                f"`{name}` is {role.value}, which cannot have a schema.",
                at,
                f"Remove [{text}].",
            )
        elif ":" not in origin:
            fault = "a module, not a schema" if origin else "not imported in this cell"
            self._problem(
                "schema-not-imported",
                f"The schema `{text}` of `{name}` is {fault}.",
                at,
                "Import the schema in this cell: "
                f"from my_package.contracts import {text.split('.')[-1]}",
            )
        return origin

    def _path(self, at: ast.stmt, name: str, role: Role, path: str) -> str:
        problem = paths.check(name, path, self._where(at), written=role is not Role.IN)
        self.problems.extend([problem] if problem else [])
        return PurePosixPath(path).as_posix()

    def _parameter(
        self, at: ast.stmt, name: str, annotation: ast.expr | None, value: ast.expr | None
    ) -> None:
        type_ = parse_type(annotation) if annotation is not None else None
        if value is None:
            assert type_ is not None
            required = Parameter(name, type_, None, True, self._help(at), at.lineno)
            self.parameters.append(required)
            return
        literal = self._literal(at, name, value)
        if literal is _WRONG:
            return
        type_ = type_ or type_of(literal)
        default = fit(literal, type_)
        self.parameters.append(Parameter(name, type_, default, False, self._help(at), at.lineno))

    def _literal(self, at: ast.stmt, name: str, value: ast.expr | None) -> "Value":
        try:
            if value is not None:
                return literals.read(value)
            fault = "has no value"
        except MismatchError:
            fault = f"is `{ast.unparse(value) if value else ''}`, which is not a literal"
        self._problem(
            "not-a-literal",
            f"`{name}` {fault}.",
            at,
            "Write the value itself (a number, a text, a list or a dict of these); compute in "
            "a cell below.",
        )
        return _WRONG

    def _help(self, at: ast.stmt) -> str:
        """The comment after the statement, or after its first line."""
        return self.comments.get(at.end_lineno or at.lineno) or self.comments.get(at.lineno, "")

    def _problem(self, code: str, message: str, at: ast.stmt, hint: str) -> None:
        self.problems.append(Problem(code, message, hint, self._where(at)))

    def _where(self, at: ast.stmt) -> Where:
        return Where(self.where.file, self.where.cell, at.lineno)


_WRONG: Value = "\0not a literal"


def _comments(text: str) -> dict[int, str]:
    """The comment in each line, without its mark; by line, counted from 1."""
    return {
        token.start[0]: token.string.lstrip("#").strip()
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
    }


def _first_line(statement: ast.stmt) -> str:
    return ast.unparse(statement).splitlines()[0]
