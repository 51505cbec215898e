"""The nbformat node of a notebook's text."""

import json
import re
import shlex
from collections.abc import Iterable
from typing import Any

from stagebook.notebook.lean import lean_import
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.files import is_lfs_pointer, lfs_pointer

_CELL_KEYS = {
    "code": {"cell_type", "id", "metadata", "source", "outputs", "execution_count"},
    "markdown": {"cell_type", "id", "metadata", "source", "attachments"},
    "raw": {"cell_type", "id", "metadata", "source", "attachments"},
}
_LONG = 200
_OF_OLD = ("name", "signature")
_RESTORE = "Open the notebook in JupyterLab and save it again, or restore it from git."


def parse_node(text: str, path: str) -> Any:
    """The nbformat node of a notebook's text, valid in nbformat 4 and without outputs.

    Older formats are converted. Parts that a build does not use are repaired as by nbformat: cells
    without ids, outputs without a field, unknown keys.

    Args:
        text: The notebook's text.
        path: Its path, for messages; its suffix says how to read the text.

    Raises:
        StagebookError: It is not a valid notebook; the error names an invalid cell.
    """
    if is_lfs_pointer(text):
        raise StagebookError(lfs_pointer(path, "notebook"))
    try:
        document = _parse_percent(text, path) if path.endswith(".py") else _parse_json(text, path)
        _repair(document)
        return _validated(document, path)
    except RecursionError:
        message = "The file is nested too deeply to be a notebook."
        raise _error("bad-notebook", message, _RESTORE, Where(path)) from None


def _parse_percent(text: str, path: str) -> dict[str, Any]:
    try:
        document: dict[str, Any] = lean_import("jupytext").reads(text, fmt="py:percent")
        return document
    except Exception as error:  # its parsers of headers and cell marks raise various errors
        message = f"jupytext cannot read the file: {str(error).splitlines()[0]}."
        hint = "Correct the header of the file, or restore it from git."
        raise _error("bad-notebook", message, hint, Where(path)) from error


def _parse_json(text: str, path: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise _not_json(text, path, error) from None
    major = document.get("nbformat") if isinstance(document, dict) else None
    if isinstance(major, bool) or not isinstance(major, int):
        hint = "Restore the notebook from git, or create it again in JupyterLab."
        raise _error("bad-notebook", "The file is JSON, but not a notebook.", hint, Where(path))
    if major > 4:
        message = f"Unsupported nbformat version {major}."
        raise _error("bad-notebook", message, "Stagebook reads nbformat 4.", Where(path))
    if major < 4:
        return _converted(document, path)
    parsed: dict[str, Any] = document
    return parsed


def _converted(document: dict[str, Any], path: str) -> dict[str, Any]:
    """A notebook of nbformat 1, 2 or 3 in nbformat 4.4, in which cells have no ids."""
    nbformat = lean_import("nbformat")
    try:
        for sheet in document.get("worksheets", [document]):
            for cell in sheet["cells"]:
                cell |= {"outputs": []} if cell["cell_type"] == "code" else {}
        version = nbformat.versions[document["nbformat"]]
        node = version.to_notebook_json(document, minor=document.get("nbformat_minor", 0))
        node = nbformat.convert(node, 3)
        upgrade = nbformat.v4.convert.upgrade_cell
        cells = [upgrade(cell) for sheet in node.worksheets for cell in sheet.cells]
    except (AttributeError, KeyError, TypeError, ValueError, nbformat.ValidationError) as error:
        message = (
            f"nbformat cannot convert the file from nbformat {document['nbformat']}: {error!r}."
        )
        hint = (
            "Try: pip install nbconvert && "
            "jupyter nbconvert --to notebook --nbformat 4 --inplace "
            f"{shlex.quote(path)}   or restore the file from git."
        )
        raise _error("old-notebook", message, hint, Where(path)) from None
    for cell in cells:
        cell.pop("id", None)
    metadata = {
        key: node.metadata[key] for key in node.metadata if key not in ("name", "signature")
    }
    if isinstance(language := metadata.pop("language", None), str):
        metadata.setdefault("language_info", {"name": language})
    return {"nbformat": 4, "nbformat_minor": 4, "metadata": metadata, "cells": cells}


def _repair(document: dict[str, Any]) -> None:
    """Repairs the parts that a build does not use, to fit the schema of nbformat 4."""
    minor = document.get("nbformat_minor")
    if isinstance(minor, bool) or not isinstance(minor, int) or minor < 0:
        document["nbformat_minor"] = 4
    _repair_metadata(document.setdefault("metadata", {}))
    cells = document.get("cells")
    objects = [cell for cell in cells if isinstance(cell, dict)] if isinstance(cells, list) else []
    for cell in objects:
        _repair_cell(cell)
    ids = [cell.get("id") for cell in objects]
    if not all(map(_is_id, ids)) or len(set(ids)) < len(ids):
        document["nbformat_minor"] = min(document["nbformat_minor"], 4)
    if document["nbformat_minor"] < 5:
        for cell in objects:
            cell.pop("id", None)


def _is_id(text: object) -> bool:
    return isinstance(text, str) and re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", text) is not None


def _repair_metadata(metadata: Any) -> None:
    if not isinstance(metadata, dict):
        return
    kernelspec = metadata.get("kernelspec")
    if isinstance(kernelspec, dict) and isinstance(kernelspec.get("name"), str):
        kernelspec.setdefault("display_name", kernelspec["name"])
    for key in ("kernelspec", "language_info"):
        value = metadata.get(key, {})
        if value is None or (isinstance(value, dict) and not isinstance(value.get("name"), str)):
            metadata.pop(key, None)


def _repair_cell(cell: dict[str, Any]) -> None:
    kind = cell.get("cell_type")
    if not isinstance(kind, str) or kind not in _CELL_KEYS:
        return
    cell.setdefault("metadata", {})
    cell.setdefault("source", cell.get("input", ""))
    if kind == "code":
        if isinstance(cell.setdefault("outputs", []), list):
            cell["outputs"] = []
        cell["execution_count"] = None
    tags = cell["metadata"].get("tags") if isinstance(cell["metadata"], dict) else None
    if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags):
        cell["metadata"]["tags"] = list(dict.fromkeys(tags))
    for key in cell.keys() - _CELL_KEYS[kind]:
        del cell[key]


def _validated(document: dict[str, Any], path: str) -> Any:
    nbformat = lean_import("nbformat")
    try:
        while error := next(nbformat.validator.iter_validate(document), None):
            if not _drop_unused(document, list(error.relative_path)):
                raise _invalid(error.message, _where(error.relative_path, path))
        node = nbformat.versions[4].to_notebook_json(document)
        for position, cell in enumerate(node.cells, start=1):
            if any("\ud800" <= char <= "\udfff" for char in cell.source):
                raise _invalid(
                    "a half of a surrogate pair is not a character", Where(path, position)
                )
    except (AttributeError, KeyError, TypeError) as error:
        raise _invalid(repr(error), Where(path)) from error
    return node


def _invalid(reason: str, where: Where) -> StagebookError:
    shown = reason if len(reason) < _LONG else f"{reason[:_LONG]}…"
    return _error("bad-notebook", f"The file is not a valid notebook: {shown}.", _RESTORE, where)


def _drop_unused(document: dict[str, Any], place: list[Any]) -> bool:
    """Removes an invalid part of the document; returns False if a build uses it."""
    match place:
        case ["metadata", str(key), *_] if key not in ("kernelspec", "language_info"):
            del document["metadata"][key]
        case ["cells", int(position), "metadata", str(key), *_] if key != "tags":
            del document["cells"][position]["metadata"][key]
        case ["cells", int(position), "attachments", *_]:
            del document["cells"][position]["attachments"]
        case _:
            return False
    return True


def _where(place: Iterable[Any], path: str) -> Where:
    match list(place):
        case ["cells", int(position), *_]:
            return Where(path, position + 1)
    return Where(path)


def _not_json(text: str, path: str, error: ValueError) -> StagebookError:
    line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
    hint = f"Restore the notebook: git checkout {shlex.quote(path)}"
    if "<<<<<<<" in text:
        hint = "Resolve the merge conflict in the notebook."
    message = "The notebook is not valid JSON." if text.strip() else "The notebook's file is empty."
    return _error("not-json", message, hint, Where(path, line=line))


def _error(code: str, message: str, hint: str, where: Where) -> StagebookError:
    return StagebookError(Problem(code, message, hint, where))
