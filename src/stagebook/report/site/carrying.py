"""What the site's stage gives DVC to carry, so that a clone also has articles and profiles."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from stagebook.execution.markers import MEMORY
from stagebook.history import carried
from stagebook.history.carried import CarriedArticle
from stagebook.history.past_notebooks import PastNotebooks
from stagebook.history.project_status import ProjectStatus
from stagebook.project.project import Project
from stagebook.record.record import Record
from stagebook.record.spool import Spool
from stagebook.report import colophon
from stagebook.report.comparison import sandbox_paths

_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,16}\b")
_MEASURED = ("papermill", "execution", "ExecuteTime", MEMORY)


def write(project: Project, status: ProjectStatus) -> None:
    """Writes what DVC carries of the stages that are built.

    Args:
        project: The project.
        status: What is known of its last build.
    """
    notebooks = PastNotebooks(project)
    records = {stage.name: stage.record for stage in status.built if stage.record is not None}
    stages = {
        name: _of(record, project, notebooks)
        for name, record in records.items()
        if not carried.is_carried(record)
    }
    carried.write(project.root, stages, (name for name in records if name not in stages))


def _of(record: Record, project: Project, notebooks: PastNotebooks) -> CarriedArticle:
    text = notebooks.of(record).text
    profiles = dict(carried.profiles(record, Spool(project.state).profiles))
    return CarriedArticle(record, normalised(text) if text else None, profiles)


def normalised(notebook: str) -> str | None:
    """The text of an executed notebook without what differs from one execution to the next.

    These are times and memory, the colophon, ids of cells, addresses in memory, paths of the
    sandbox, what went to standard error, and the pieces in which a stream happens to arrive. Times
    that a notebook prints itself stay.

    Args:
        notebook: Its text.

    Returns:
        The text; None if it is not a notebook.
    """
    try:
        document = json.loads(notebook)
        cells = [
            _cell(cell, f"cell-{place}")
            for place, cell in enumerate(document["cells"], start=1)
            if colophon.TAG not in cell["metadata"].get("tags", [])
        ]
        facts = {key: item for key, item in document["metadata"].items() if key not in _MEASURED}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    cleaned = {**document, "metadata": facts, "cells": cells}
    text = json.dumps(cleaned, ensure_ascii=False, indent=1, sort_keys=True)
    return text.encode("utf-8", "replace").decode() + "\n"


def _cell(cell: Mapping[str, Any], name: str) -> dict[str, Any]:
    facts = {key: item for key, item in cell["metadata"].items() if key not in _MEASURED}
    cleaned = {**cell, "metadata": facts}
    if "id" in cell:  # papermill gives the cells that it adds another id each time
        cleaned["id"] = name
    if isinstance(cell.get("outputs"), list):
        cleaned["outputs"] = [_output(item) for item in _merged(cell["outputs"])]
    return cleaned


def _merged(outputs: list[Any]) -> Iterator[dict[str, Any]]:
    """Outputs in which what was printed without a display in between is in one piece.

    What went to standard error is left out: logs, warnings and progress bars tell of times.
    """
    printed = ""
    for output in outputs:
        if output.get("output_type") == "stream":
            text = output.get("text", "") if output.get("name") == "stdout" else ""
            printed += "".join(text) if isinstance(text, list) else str(text)
            continue
        yield from _stream(printed)
        printed = ""
        yield output
    yield from _stream(printed)


def _stream(text: str) -> Iterator[dict[str, Any]]:
    if text:
        lines = text.splitlines(keepends=True)
        yield {"name": "stdout", "output_type": "stream", "text": lines}


def _output(value: Any) -> Any:
    """An output whose texts have no addresses and no paths of the sandbox."""
    if isinstance(value, str):
        return _ADDRESS.sub("0x…", sandbox_paths.without(value)) if len(value) < 10**6 else value
    if isinstance(value, list):
        return [_output(item) for item in value]
    if isinstance(value, dict):
        return {
            key: item if key.startswith("image/") else _output(item) for key, item in value.items()
        }
    return value
