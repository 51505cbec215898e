"""Valid notebooks in the usual JSON, read without nbformat.

Importing nbformat takes longer than reading all notebooks of a project. By test, both give the
same result. In case of doubt, nbformat reads, repairs or refuses the notebook.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

_KINDS = ("code", "markdown", "raw")
_IDS_SINCE = 5  # the minor format in which cells have ids
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_ID = re.compile(r"[a-zA-Z0-9-_]{1,64}")


def read(text: str) -> dict[str, Any] | None:
    """The notebook in a JSON text, with the source of each cell in one piece.

    Returns:
        The document; None if nbformat has to read it.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not _is_plain(document):
        return None
    for cell in document["cells"]:
        source = cell["source"]
        cell["source"] = source if isinstance(source, str) else "".join(source)
    return document


def without_outputs(document: dict[str, Any]) -> str:
    """The text of a document that ``read`` returned, as if none of its cells had been run."""
    return json.dumps({**document, "cells": list(map(_unrun, document["cells"]))})


def _unrun(cell: dict[str, Any]) -> dict[str, Any]:
    if cell["cell_type"] != "code":
        return cell
    return {**cell, "outputs": [], "execution_count": None}


def _is_plain(document: dict[str, Any]) -> bool:
    minor, cells = document.get("nbformat_minor"), document.get("cells")
    if document.get("nbformat") != 4 or type(minor) is not int or not 0 <= minor <= _IDS_SINCE:
        return False
    if set(document) - {"nbformat", "nbformat_minor", "metadata", "cells"}:
        return False
    if not isinstance(cells, list) or not _is_metadata(document.get("metadata")):
        return False
    return all(map(_is_cell, cells)) and _ids_fit([cell.get("id") for cell in cells], minor)


def _is_metadata(metadata: object) -> bool:
    if not isinstance(metadata, dict):
        return False
    kernelspec = metadata.get("kernelspec", {"name": "", "display_name": ""})
    language = metadata.get("language_info", {"name": ""})
    return _has_texts(kernelspec, "name", "display_name") and _has_texts(language, "name")


def _has_texts(values: object, *keys: str) -> bool:
    return isinstance(values, dict) and all(isinstance(values.get(key), str) for key in keys)


def _is_cell(cell: object) -> bool:
    if not isinstance(cell, dict) or cell.get("cell_type") not in _KINDS:
        return False
    metadata, source = cell.get("metadata"), cell.get("source")
    if not isinstance(metadata, dict) or not _are_tags(metadata.get("tags", [])):
        return False
    if cell["cell_type"] == "code":
        outputs = cell.get("outputs")
        if not isinstance(outputs, list) or not isinstance(
            cell.get("execution_count", ""), int | None
        ):
            return False
    if isinstance(source, list) and _are_texts(source):
        source = "".join(source)
    return isinstance(source, str) and not _HALF_PAIR.search(source)


def _are_tags(tags: object) -> bool:
    if not isinstance(tags, list) or not _are_texts(tags) or len(tags) > len(set(tags)):
        return False
    return all(tag and "," not in tag for tag in tags)


def _are_texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _ids_fit(ids: list[object], minor: int) -> bool:
    if minor < _IDS_SINCE:
        return all(id_ is None for id_ in ids)
    texts = [id_ for id_ in ids if isinstance(id_, str) and _ID.fullmatch(id_)]
    return len(set(texts)) == len(ids)
