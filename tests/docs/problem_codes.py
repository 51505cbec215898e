"""Every code that a problem of the project or of a request can have, read from the source."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from stagebook.execution.outcome import Outcome
from stagebook.pipeline.git_command import GitReason

_KINDS: dict[str, type[Enum]] = {"Outcome": Outcome, "GitReason": GitReason}
_CARRIERS = ("Problem", "RequestProblem", "RowWarning")
Function = ast.FunctionDef | ast.AsyncFunctionDef


class UnreadableError(AssertionError):
    """The code of a problem cannot be told from the source."""


@dataclass(frozen=True)
class Call:
    """A call, and the function that it stands in."""

    node: ast.Call
    function: Function | None
    file: str

    @property
    def name(self) -> str:
        match self.node.func:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                return name
        return ""


@dataclass(frozen=True)
class Codes:
    """The calls of some modules."""

    calls: tuple[Call, ...]

    @classmethod
    def of(cls, folder: Path) -> "Codes":
        files = sorted(folder.rglob("*.py"))
        texts = [(path.as_posix(), path.read_text(encoding="utf-8")) for path in files]
        return cls(tuple(call for file, text in texts for call in _calls(ast.parse(text), file)))

    def all(self) -> set[str]:
        """The codes of all problems.

        Raises:
            UnreadableError: One is computed in a way that this does not follow.
        """
        made = (call for call in self.calls if call.name in _CARRIERS)
        return {code for call in made for code in self._values(_argument(call, 0, "code"), call)}

    def _values(self, node: ast.expr | None, at: Call) -> set[str]:
        match node:
            case ast.Constant(value=str() as text):
                return {text}
            case ast.IfExp(body=body, orelse=other):
                return self._values(body, at) | self._values(other, at)
            case ast.Attribute(value=ast.Name(id=kind), attr=name) if kind in _KINDS:
                return {str(_KINDS[kind][name].value)}
            case ast.Attribute(value=value, attr="value"):
                return self._values(value, at)
            case ast.Name(id=name) if at.function:
                assigned = list(_assigned(at.function, name))
                if assigned:
                    return {code for one in assigned for code in self._values(one, at)}
                return self._passed(name, at)
        raise UnreadableError(f"{at.file}:{at.node.lineno}: {ast.unparse(at.node)[:60]}")

    def _passed(self, name: str, at: Call) -> set[str]:
        """The values that the callers of a function pass for one of its arguments."""
        assert at.function is not None
        names = [one.arg for one in at.function.args.args]
        everywhere = [one for one in self.calls if one.name == at.function.name]
        callers = [one for one in everywhere if one.file == at.file] or everywhere
        if name not in names or not callers:
            raise UnreadableError(f"{at.file}:{at.node.lineno}: {name}")
        place = names.index(name) - (names[0] in ("self", "cls"))
        return {code for one in callers for code in self._values(_argument(one, place, name), one)}


def _argument(call: Call, place: int, name: str) -> ast.expr | None:
    named = (one.value for one in call.node.keywords if one.arg == name)
    return call.node.args[place] if len(call.node.args) > place else next(named, None)


def _assigned(function: Function, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            match target, node.value:
                case ast.Name(id=one), value if one == name:
                    yield value
                case ast.Tuple(elts=names), ast.Tuple(elts=values):
                    pairs = zip(names, values, strict=True)
                    yield from (value for one, value in pairs if _is(one, name))


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _calls(node: ast.AST, file: str, function: Function | None = None) -> Iterator[Call]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield Call(child, function, file)
        yield from _calls(child, file, child if isinstance(child, Function) else function)
