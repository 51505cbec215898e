"""What a plan finds out about one stage, in the words of DVC's files."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import PurePosixPath
from typing import Any

from stagebook.pipeline.dvc import HashedPath
from stagebook.pipeline.nodes import Node
from stagebook.pipeline.plan.plan import Change, StaleReason
from stagebook.pipeline.stage import is_source
from stagebook.project.errors import Problem, StagebookError, Where

_LONGEST = 60
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")

ABSENT = object()
"""The value of a parameter that does not exist."""


@dataclass(slots=True)
class Findings:
    """What was found out about one stage.

    Attributes:
        changed: What differs from ``dvc.lock`` before the stage runs, apart from its outputs.
        outputs: What is wrong with its outputs.
        unknown: The stages whose outputs are not known before they run.
        deps: The present hash of each input.
    """

    changed: list[StaleReason] = field(default_factory=list)
    outputs: list[StaleReason] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    deps: dict[str, str] = field(default_factory=dict)


def in_order(nodes: tuple[Node, ...], makers: Mapping[str, tuple[Node, ...]]) -> Iterator[Node]:
    """The stages, each after those whose outputs it reads.

    Raises:
        StagebookError: Stages depend on each other in a cycle.
    """
    by_name = {node.name: node for node in nodes}
    names = {node.name: [maker.name for maker in makers[node.name]] for node in nodes}
    try:
        yield from (by_name[name] for name in TopologicalSorter(names).static_order())
    except CycleError as error:
        links = " → ".join(reversed(error.args[1]))
        message = f"These stages depend on each other in a cycle: {links}."
        hint = "Remove one of the inputs, or let another stage write it."
        raise StagebookError(Problem("cycle", message, hint, Where("dvc.yaml"))) from None


def by_makers(findings: Findings, makers: tuple[Node, ...]) -> Findings:
    """The findings, in which inputs that other stages write differ because of these."""
    written = {path: maker.name for maker in makers for path in maker.outs}
    own = []
    for reason in findings.changed:
        above = map(str, (PurePosixPath(reason.subject), *PurePosixPath(reason.subject).parents))
        maker = next((written[path] for path in above if path in written), None)
        is_input = reason.change in (Change.INPUT, Change.INPUT_MISSING)
        if not is_input or maker is None or is_source(reason.subject):
            own.append(reason)
        else:
            findings.unknown.append(maker)
    findings.changed = own
    return findings


def hashes(files: Iterable[HashedPath]) -> dict[str, str]:
    """The hash of each file by its normal path."""
    return {posixpath.normpath(file.path): file.md5 for file in files}


def lock_path(node: Node, path: str) -> str:
    """The path by which ``dvc.lock`` names a file, which is relative to the stage's folder."""
    file, separator, _ = node.name.rpartition(":")
    above = posixpath.dirname(file) if separator else ""
    if path in node.written:
        return posixpath.normpath(posixpath.join(above, node.written[path]))
    if node.folder == above:
        return path
    return posixpath.normpath(posixpath.join(above, posixpath.relpath(path, node.folder or ".")))


def is_remote(path: str) -> bool:
    """Whether a path is an address, so that DVC asks the network."""
    return _ADDRESS.match(path) is not None


def text_of(value: Any) -> str | None:
    """The value of a parameter as a text; None if it does not exist."""
    return None if value is ABSENT else str(value)


def shown(value: Any) -> str:
    """The value of a parameter in a line."""
    if value is ABSENT:
        return "not set"
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
