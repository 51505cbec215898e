"""Problems with what a stage did beyond its declaration, each with the line to add."""

import ast
import builtins
import json
import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from stagebook.execution.listings import IncompleteListing
from stagebook.notebook import paths
from stagebook.notebook.cells import Notebook
from stagebook.notebook.parameters_cell import tagged_cell
from stagebook.notebook.signature import Declared, Signature
from stagebook.project.errors import Problem, StagebookError, Undeclared, Where

_MANY = 3


@dataclass(frozen=True, slots=True)
class Advice:
    """Creates the problems with what one notebook did.

    Attributes:
        signature: What it declares.
        used_names: Names that its parameters cell uses.
        where: The notebook, and the cell that the run ended in, if it ended in one.
    """

    signature: Signature
    used_names: frozenset[str]
    where: Where

    @classmethod
    def of(cls, notebook: Notebook, signature: Signature, cell: int | None) -> "Advice":
        """The advice for a notebook.

        Args:
            notebook: The notebook.
            signature: Its signature.
            cell: The position of the cell that the run ended in.
        """
        try:
            text = tagged_cell(notebook).text
        except StagebookError:
            text = ""
        return cls.of_cell(text, signature, cell)

    @classmethod
    def of_cell(cls, text: str, signature: Signature, cell: int | None) -> "Advice":
        """The advice for a notebook of which only the parameters cell is known.

        Args:
            text: The parameters cell as plain Python.
            signature: The signature that it declares.
            cell: The position of the cell that the run ended in.
        """
        return cls(signature, _names(text), Where(signature.where.file, cell))

    def read(self, path: str) -> Problem:
        """The notebook read a file of the project."""
        if declared := self._declaration(path):
            return self._elsewhere("reads", path, declared)
        if path.endswith(".py"):
            return Problem(
                "unseen-module",
                f"The notebook loads `{path}`, which no import statement names.",
                "Import the module by name, so that its changes count.",
                self.where,
            )
        message = f"The notebook reads `{path}`, which it does not declare."
        return self._undeclared("undeclared-read", message, Undeclared("In", (path,)))

    def beside(self, path: str) -> Problem:
        """The notebook read a file by a path from its own folder."""
        message = (
            f"The notebook reads `{path}` by a path from its own folder, but the working folder "
            "of a stage is the project's root."
        )
        if declared := self._declaration(path):
            return self._elsewhere("reads", path, declared)
        files = Undeclared("In", (path,))
        then = "  Then read the file by that name."
        return self._undeclared("undeclared-read", message, files, then)

    def listed(self, lacking: IncompleteListing) -> Problem:
        """The notebook listed files, and some that it does not declare were not in the list."""
        files = lacking.files
        shown = ", ".join(f"`{file}`" for file in files[:_MANY])
        more = f" and {len(files) - _MANY} more" if len(files) > _MANY else ""
        message = (
            f"The notebook lists `{lacking.listed}`. The list lacks {shown}{more}, because a stage "
            "sees only the files that it declares."
        )
        undeclared = Undeclared("In", tuple(self._common_folder(files)))
        return self._undeclared("undeclared-read", message, undeclared)

    def unseen(self, lacking: IncompleteListing) -> Problem:
        """The code names a pattern that matches more in the project than in the sandbox."""
        files = lacking.files
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        message = (
            f"The code names the pattern `{lacking.listed}`. In the project it also matches "
            f"`{files[0]}`{more}, which the stage does not declare and so does not see."
        )
        undeclared = Undeclared("In", tuple(self._common_folder(files)))
        return Problem("unseen-files", message, self._hint(undeclared), self.where)

    def wrote(self, path: str) -> Problem:
        """The notebook wrote a file of the project."""
        if declared := self._declaration(path):
            return self._elsewhere("writes", path, declared)
        message = f"The notebook writes `{path}`, which it does not declare."
        return self._undeclared("undeclared-write", message, Undeclared("Out", (path,)))

    def wrote_into(self, folder: str) -> Problem:
        """The notebook wrote a file, whose name is not known, into a folder of the project."""
        message = f"The notebook writes a file into `{folder}`, which it does not declare."
        hint = self._hint(Undeclared("Out", (f"{folder}/NAME",)))
        hint = f"{hint}  Replace NAME with the file's name."
        return Problem("undeclared-write", message, hint, self.where)

    def changed(self, path: str) -> Problem:
        """The notebook wrote to an input."""
        return Problem(
            "input-changed",
            f"The notebook writes to its input `{path}`; the input is unchanged.",
            "Write the result to a separate output.",
            self.where,
        )

    def edited(self, path: str) -> Problem:
        """Somebody else wrote to an input while the stage ran."""
        return Problem(
            "input-edited",
            f"Another program changed the input `{path}` while the stage ran.",
            "Run the stage again when no other program writes to the input.",
            Where(self.signature.where.file),
        )

    def unfit(self, path: str, kind: str) -> Problem:
        """Something in an output is neither file nor folder."""
        return Problem(
            "unfit-output",
            f"The output `{path}` is {kind}; an output is a file, or a folder of files.",
            "Write the file itself.",
            self.where,
        )

    def missing(self, path: str) -> Problem:
        """The notebook did not write an output."""
        declared = self._declaration(path)
        line = declared.line if declared else None
        return Problem(
            "no-output",
            f"The notebook declares the output `{path}` but did not write it.",
            "Write the output, or remove the line from the parameters cell.",
            Where(self.signature.where.file, self.signature.where.cell, line),
        )

    def closed(self, path: str) -> Problem:
        """The notebook searched a folder above the project."""
        return Problem(
            "closed-folder",
            f"The notebook searches `{path}`, which a stage cannot list, because this folder "
            "contains the project.",
            "Name the files, or search a subfolder.",
            self.where,
        )

    def _elsewhere(self, verb: str, path: str, declared: Declared) -> Problem:
        return Problem(
            "path-elsewhere",
            f"The notebook declares `{path}` and {verb} it by a path outside the stage's folder.",
            f"Use the declared `{declared.name}`, or the path relative to the project's root, "
            "which is the working folder of a stage.",
            self.where,
        )

    def _declaration(self, path: str) -> Declared | None:
        for declared in self.signature.declared:
            if any(PurePosixPath(path).is_relative_to(item) for item in declared.paths):
                return declared
        return None

    def _common_folder(self, files: Sequence[str]) -> Sequence[str]:
        """The folder of many files, if it can be an input; otherwise the files."""
        folders = {PurePosixPath(file).parent for file in files}
        if len(files) <= _MANY or len(folders) > 1:
            return files
        (folder,) = folders
        holds_output = any(
            PurePosixPath(out).is_relative_to(folder) for out in self.signature.outputs
        )
        return files if holds_output or not folder.name else (folder.as_posix(),)

    def _undeclared(self, code: str, message: str, files: Undeclared, then: str = "") -> Problem:
        hint = self._hint(files) + then
        return Problem(code, message, hint, self.where, files)

    def _hint(self, files: Undeclared) -> str:
        """The line to add to the parameters cell, if the path can be declared."""
        if problem := self.unfit_declaration(files):
            return problem.hint or f"A stage cannot declare {files.paths[0]!r}."
        role = files.role
        needed = "" if role in self.used_names else f" (with `from stagebook import {role}`)"
        cell = self.signature.where.cell
        return f"Add to cell {cell}{needed}, then run `stagebook sync`:  {self.line(files)}"

    def unfit_declaration(self, files: Undeclared) -> Problem | None:
        """The problem with a declaration of some files; None if a stage can declare them."""
        name, written = self._variable(files), files.role != "In"
        checked = (paths.check(name, path, self.where, written=written) for path in files.paths)
        return next((problem for problem in checked if problem), None)

    def without_declared(self, files: Undeclared) -> Undeclared | None:
        """The files that are not declared yet; None if there are none."""
        paths = tuple(path for path in files.paths if self._declaration(path) is None)
        return Undeclared(files.role, paths) if paths else None

    def line(self, files: Undeclared) -> str:
        """The line of the parameters cell that declares some files."""
        listed = list(files.paths)
        value = json.dumps(listed[0] if len(listed) == 1 else listed, ensure_ascii=False)
        return f"{self._variable(files)}: {files.role} = {value}"

    def _variable(self, files: Undeclared) -> str:
        """A free name: of one file its own, of several that of their folder."""
        first = files.paths[0]
        return self._free_name(first if len(files.paths) == 1 else Path(first).parent.name)

    def _free_name(self, path: str) -> str:
        name = re.sub(r"\W+", "_", Path(path).stem).strip("_").lower() or "file"
        while (
            not name.isidentifier()
            or keyword.iskeyword(name)
            or name in self.used_names
            or hasattr(builtins, name)
        ):
            name = f"the_{name}"
        return name


def _names(text: str) -> frozenset[str]:
    """Every name that a cell binds or uses."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return frozenset()
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    aliases = (node for node in ast.walk(tree) if isinstance(node, ast.alias))
    return frozenset(names | {(alias.asname or alias.name).partition(".")[0] for alias in aliases})
