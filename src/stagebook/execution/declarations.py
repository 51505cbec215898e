"""Holds what a run did to files against what its notebook declares."""

import re
from pathlib import Path

from stagebook.errors import Problem, Where
from stagebook.execution.outcome import Ending, Outcome
from stagebook.execution.sandbox import Sandbox, journal
from stagebook.notebook.signature import Signature

_PATH_IN_TEXT = re.compile(r"[^\s'\"`:,()\[\]<>]*[/.][^\s'\"`:,()\[\]<>]*")


def check(ending: Ending, sandbox: Sandbox, signature: Signature) -> Ending:
    """The ending, with what the run did beyond its declaration.

    A run that touched an undeclared file fails even where the notebook caught the error. A run
    that failed because such a file was out of its reach gets the line to add.

    Args:
        ending: How the execution ended.
        sandbox: Its sandbox.
        signature: What the notebook declares.
    """
    if ending.outcome not in (Outcome.DONE, Outcome.FAILED):
        return ending
    found = _touched(ending, sandbox)
    at = _Lines(signature, ending.cell)
    problems = [
        *(at.changed(path) for path in _ordered(found, "changed")),
        *(at.read(path) for path in _ordered(found, "read")),
        *(at.wrote(path) for path in _ordered(found, "wrote")),
    ]
    if ending.outcome is Outcome.DONE:
        problems += [at.missing(path) for path in sandbox.missing()]
    if not problems:
        return ending
    return Ending(Outcome.UNDECLARED, (*ending.problems, *problems), ending.cell)


def _ordered(found: set[tuple[str, str]], kind: str) -> list[str]:
    return sorted(path for one, path in found if one == kind)


def _touched(ending: Ending, sandbox: Sandbox) -> set[tuple[str, str]]:
    """Pairs of a kind (``read``, ``wrote``, ``changed``) and a path relative to the root."""
    found = {(kind, path) for kind, path in journal(sandbox) if kind != "missed"}
    found |= {("wrote", path) for path in sandbox.undeclared()}
    found |= {("changed", path) for path in sandbox.changed_inputs()}
    if ending.outcome is Outcome.FAILED:
        found |= {("read", path) for kind, path in journal(sandbox) if kind == "missed"}
        text = " ".join(problem.message for problem in ending.problems)
        found |= set(_named(text, sandbox))
    return {
        (kind, _declared_as(path, sandbox) if kind == "changed" else path) for kind, path in found
    }


def _named(text: str, sandbox: Sandbox) -> set[tuple[str, str]]:
    """Files of the project that an error's text names though the stage cannot see them.

    Native readers and writers tell of a refusal by their error only.
    """
    named = set()
    for word in _PATH_IN_TEXT.findall(text):
        path = _in_project(Path(word), sandbox)
        if path is None or any(Path(path).is_relative_to(one) for one in sandbox.outputs):
            continue
        if path in sandbox.inputs:
            if "denied" in text.lower() or "errno 13" in text.lower():
                named.add(("changed", path))
        elif (sandbox.root / path).is_file():
            named.add(("read", path))
        elif "denied" in text.lower() or "errno 13" in text.lower():
            named.add(("wrote", path))
    return named


def _in_project(path: Path, sandbox: Sandbox) -> str | None:
    """A path as the project has it: one in the sandbox stands for the same one in the root."""
    absolute = sandbox.files / path
    for base in (sandbox.files, sandbox.root):
        if absolute.is_relative_to(base) and absolute != base:
            return absolute.relative_to(base).as_posix()
    return None


def _declared_as(path: str, sandbox: Sandbox) -> str:
    """The declared input that is, or holds, a path."""
    return next((one for one in sandbox.inputs if Path(path).is_relative_to(one)), path)


class _Lines:
    """The problems, each with the line to add to the parameters cell."""

    def __init__(self, signature: Signature, cell: int | None) -> None:
        self.signature = signature
        self.where = Where(signature.where.file, cell)

    def read(self, path: str) -> Problem:
        if path.endswith(".py"):
            return Problem(
                "unseen-module",
                f"The notebook loads `{path}`, which no import statement names.",
                "Import it by name, so that its changes count.",
                self.where,
            )
        return Problem(
            "undeclared-read",
            f"The notebook reads `{path}`, which it does not declare.",
            self._line(path, "In"),
            self.where,
        )

    def wrote(self, path: str) -> Problem:
        return Problem(
            "undeclared-write",
            f"The notebook writes `{path}`, which it does not declare.",
            self._line(path, "Out"),
            self.where,
        )

    def changed(self, path: str) -> Problem:
        return Problem(
            "input-changed",
            f"The notebook writes to its input `{path}`; the input is as it was.",
            "Write the result to an output of its own.",
            self.where,
        )

    def missing(self, path: str) -> Problem:
        line = next(one.line for one in self.signature.declared if path in one.paths)
        return Problem(
            "no-output",
            f"The notebook declares the output `{path}` and did not write it.",
            "Write it, or take the line out of the parameters cell.",
            Where(self.signature.where.file, self.signature.where.cell, line),
        )

    def _line(self, path: str, role: str) -> str:
        taken = {one.name for one in self.signature.declared}
        taken |= {one.name for one in self.signature.parameters}
        name = re.sub(r"\W+", "_", Path(path).stem).strip("_").lower() or "file"
        while name in taken or name[0].isdigit():
            name = f"the_{name}"
        cell = self.signature.where.cell
        return f'Add to cell {cell}, then run `stagebook sync`:  {name}: {role} = "{path}"'
