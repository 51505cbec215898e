"""What a kernel's probe notes, as entries of the kernel's journal."""

import hashlib
import json
import pickle
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stagebook.execution.probe.conditions import Influence

QUESTION = "probe question"
VARIABLES = "probe variables"
_LARGEST = 200


@dataclass(frozen=True, slots=True)
class Question:
    """Something that a cell asked for and that can differ between two runs.

    Attributes:
        influence: The kind of influence.
        cell: The execution count of the cell.
        line: The line in the cell; None if unknown.
        words: What it asked for, such as ``time.time()``.
    """

    influence: Influence
    cell: int | None
    line: int | None
    words: str


def of_question(
    influence: Influence, cell: int | None, line: int | None, words: str
) -> tuple[str, str]:
    """A question as an entry of the journal."""
    return QUESTION, json.dumps([influence.value, cell, line, words[:_LARGEST]])


def of_variables(cell: int | None, variables: Mapping[str, Any]) -> tuple[str, str]:
    """The digests of a cell's variables as an entry of the journal."""
    digests = {
        name: digest
        for name, value in list(variables.items())
        if not name.startswith("_")
        and name not in ("In", "Out", "exit", "quit", "get_ipython")
        and (digest := _digest(value))
    }
    return VARIABLES, json.dumps([cell, digests], sort_keys=True)


def questions(entries: Iterable[tuple[str, str]]) -> tuple[Question, ...]:
    """The questions in a journal."""
    values = (json.loads(text) for kind, text in entries if kind == QUESTION)
    return tuple(Question(Influence(name), cell, line, words) for name, cell, line, words in values)


def variables(entries: Iterable[tuple[str, str]]) -> dict[int, dict[str, str]]:
    """The digests of the variables after each cell in a journal."""
    values = (json.loads(text) for kind, text in entries if kind == VARIABLES)
    return {cell: digests for cell, digests in values if cell is not None}


def _digest(value: Any) -> str:
    """A digest of a value, without the order of a set; empty for code and what has none."""
    if isinstance(value, (types.ModuleType, types.FunctionType, type, types.BuiltinFunctionType)):
        return ""
    try:
        if isinstance(value, (set, frozenset)):
            value = sorted(map(repr, value))
        data = pickle.dumps(value, protocol=5)
    except Exception:  # the value's own code may do anything
        return ""
    return hashlib.blake2b(data, digest_size=8).hexdigest()
