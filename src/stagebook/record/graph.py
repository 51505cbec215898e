"""The stages of ``dvc.yaml`` as names and edges, whoever wrote them."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stagebook.pipeline import yaml_text
from stagebook.pipeline.dvc_file import FILE
from stagebook.pipeline.stage import SITE, SOURCES


@dataclass(frozen=True, slots=True)
class Node:
    """One stage.

    Attributes:
        name: DVC's name of it.
        deps: Paths that it reads.
        outs: Paths that it writes.
        measures: Those of them that are metrics or plots.
        notebook: Whether it is a notebook's, so that each of its executions has a record.
        metrics: The paths of its metrics.
    """

    name: str
    deps: tuple[str, ...] = ()
    outs: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    notebook: bool = True
    metrics: tuple[str, ...] = ()


def parse(text: str) -> tuple[Node, ...]:
    """The stages in the text of a ``dvc.yaml``, in its order.

    Raises:
        StagebookError: It is no YAML.
    """
    document = yaml_text.load(text, FILE, plain=True)
    stages = document.get("stages") if isinstance(document, Mapping) else None
    entries = stages if isinstance(stages, Mapping) else {}
    return tuple(
        Node(
            str(name),
            tuple(_paths(entry, "deps")),
            tuple(_paths(entry, "outs", "metrics", "plots")),
            tuple(_paths(entry, "metrics", "plots")),
            _of(entry) not in (None, SOURCES, SITE),
            tuple(_paths(entry, "metrics")),
        )
        for name, entry in entries.items()
        if isinstance(entry, Mapping)
    )


def _of(entry: Mapping[str, Any]) -> Any:
    """What a stage of ours is of; None if it is not ours."""
    meta = entry.get("meta")
    return meta.get("stagebook") if isinstance(meta, Mapping) else None


def _paths(entry: Mapping[str, Any], *keys: str) -> Iterator[str]:
    folder = str(entry.get("wdir", ""))
    for one in (one for key in keys for one in entry.get(key) or ()):
        path = next(iter(one), "") if isinstance(one, Mapping) else one
        yield posixpath.normpath(posixpath.join(folder, str(path)))
