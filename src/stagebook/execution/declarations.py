"""Holds what a run did to files against what its notebook declares."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from stagebook.errors import Problem, Where
from stagebook.execution.outcome import Ending, Outcome
from stagebook.execution.sandbox import Sandbox, journal
from stagebook.notebook.signature import Signature

_ABOUT_A_FILE = re.compile(
    r"denied|no such file|not ?found|does not exist|errno|non-existent|cannot open|failed to open",
    re.IGNORECASE,
)
_END = re.compile(r"['\"`\n]")
_QUOTED = re.compile(r"['\"`]([^'\"`\n]+)['\"`]")
_BARE = re.compile(r"[^\s'\"`:,()\[\]<>]+/[^\s'\"`:,()\[\]<>]+")
_PAUSE = re.compile(r"[\s.,;:)\]]")


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
        return _explained(ending, sandbox)
    return Ending(Outcome.UNDECLARED, (*problems, *ending.problems), ending.cell)


def _explained(ending: Ending, sandbox: Sandbox) -> Ending:
    """The ending, with a hint where the cell failed at the wall and not at the disk.

    Landlock has no exceptions below a granted folder, so the folders above the project are
    closed to new entries and to listing.
    """
    text = " ".join(problem.message for problem in ending.problems)
    folders = [
        Path(one) for quoted in _QUOTED.findall(text) for one in (quoted, Path(quoted).parent)
    ]
    closed = [one for one in folders if one.is_absolute() and sandbox.root.is_relative_to(one)]
    if "denied" not in text.lower() or not closed:
        return ending
    hint = (
        f"In a stage, {closed[0]} is closed to listing and to new entries, since it holds the "
        "project: make the folder before, or use another place."
    )
    return replace(ending, problems=tuple(replace(one, hint=hint) for one in ending.problems))


def _ordered(found: set[tuple[str, str]], kind: str) -> list[str]:
    return sorted(path for one, path in found if one == kind)


def _touched(ending: Ending, sandbox: Sandbox) -> set[tuple[str, str]]:
    """Pairs of a kind (``read``, ``wrote``, ``changed``) and a path relative to the root."""
    # A file that is in the project and not in the sandbox counts as read even where the code took
    # it for absent: it would have done something else in JupyterLab.
    found = {("read" if kind == "missed" else kind, path) for kind, path in journal(sandbox)}
    found |= {("wrote", path) for path in sandbox.undeclared()}
    found |= {("changed", path) for path in sandbox.changed_inputs()}
    if ending.outcome is Outcome.FAILED:
        text = " ".join(problem.message for problem in ending.problems)
        found |= set(_named(text, sandbox))
    return {
        (kind, _declared_as(path, sandbox) if kind == "changed" else path) for kind, path in found
    }


def _named(text: str, sandbox: Sandbox) -> Iterator[tuple[str, str]]:
    """Files of the project that an error's text names though the stage cannot see them.

    Native readers and writers tell of a refusal by their error only.
    """
    if not _ABOUT_A_FILE.search(text):
        return
    denied = "denied" in text.lower() or "errno 13" in text.lower()
    for path in _paths_in(text, sandbox):
        if any(Path(path).is_relative_to(one) for one in sandbox.outputs):
            continue
        if _declared_as(path, sandbox) in sandbox.inputs:
            if denied:
                yield "changed", path
        elif (sandbox.root / path).exists():
            yield "read", path
        elif denied:
            yield "wrote", path


def _paths_in(text: str, sandbox: Sandbox) -> Iterator[str]:
    """The paths in a text, relative to the project's root; those in the sandbox stand for them."""
    for base in (f"{sandbox.files}/", f"{sandbox.root}/"):
        pieces = text.split(base)
        text = pieces[0] + "".join(_END.split(piece, maxsplit=1)[-1] for piece in pieces[1:])
        for piece in pieces[1:]:
            yield _longest(_END.split(piece, maxsplit=1)[0], sandbox.root)
    for quoted in _QUOTED.findall(text):
        text = text.replace(quoted, " ")
        if not Path(quoted).is_absolute() and "/" in quoted:
            yield quoted
    yield from (word for word in _BARE.findall(text) if (sandbox.root / word).exists())


def _longest(rest: str, root: Path) -> str:
    """The longest beginning of a text that is there as a file; all of it if none is."""
    cuts = [len(rest), *(one.start() for one in reversed(list(_PAUSE.finditer(rest))))]
    return next((rest[:cut] for cut in cuts if (root / rest[:cut]).is_file()), rest)


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
