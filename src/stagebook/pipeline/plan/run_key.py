"""The key of a run in DVC's run cache: a digest of command, inputs, parameters and output paths."""

import hashlib
import json
import posixpath
from collections.abc import Callable, Mapping
from typing import Any

from stagebook.pipeline.nodes import Node

_NOT_COUNTED = ("size", "nfiles")


def of(
    node: Node,
    deps: Mapping[str, str],
    params: Mapping[str, Mapping[str, Any]],
    is_executable: Callable[[str], bool],
) -> str:
    """The key under which DVC keeps the runs of a stage with these inputs.

    It is that of ``dvc.stage.cache.StageCache`` in DVC 3: the SHA-256 of what ``dvc.lock`` would
    have for the stage, with the paths of the outputs in place of their hashes.

    Args:
        node: The stage.
        deps: The hash of each input.
        params: The values in each params file.
        is_executable: Whether an input may be executed.

    Returns:
        The key; empty if a value of a parameter has no JSON, so that DVC fails.
    """
    content: dict[str, Any] = {"cmd": list(node.commands) or node.cmd}
    if deps:
        content["deps"] = [
            {"path": path, "hash": "md5", "md5": md5} | ({"isexec": True} if executable else {})
            for path, md5, executable in sorted(
                (inside(node, path), md5, is_executable(path)) for path, md5 in deps.items()
            )
        ]
    if params:
        content["params"] = {inside(node, file): dict(values) for file, values in params.items()}
    content["outs"] = sorted(inside(node, path) for path in node.outs)
    try:
        text = json.dumps(_counted(content), sort_keys=True)
    except TypeError:
        return ""
    return hashlib.sha256(text.encode()).hexdigest()


def inside(node: Node, path: str) -> str:
    """A path as ``dvc.yaml`` has it, relative to the folder of the stage."""
    if path in node.written:
        return node.written[path]
    return posixpath.relpath(path, node.folder) if node.folder else path


def _counted(value: Any) -> Any:
    """A value without the keys that DVC leaves out, at any depth."""
    if isinstance(value, list):
        return [_counted(item) for item in value]
    if isinstance(value, dict):
        return {key: _counted(item) for key, item in value.items() if key not in _NOT_COUNTED}
    return value
