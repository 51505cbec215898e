"""The values of the params files that stages depend on, as DVC reads them."""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from stagebook.pipeline import yaml_block
from stagebook.pipeline.nodes import Node
from stagebook.pipeline.plan.present import ParamsState
from stagebook.project.errors import StagebookError

_PATTERN = frozenset("*?[]")


def read(root: Path, nodes: Iterable[Node]) -> dict[tuple[str, str], ParamsState]:
    """The values that count for each stage, by stage and params file.

    Args:
        root: The project's root.
        nodes: The stages.
    """
    files: dict[str, ParamsState] = {}
    states = {}
    for node in nodes:
        for file, keys in node.keys.items():
            if file.endswith(".py") or any(map(_PATTERN.intersection, keys)):
                states[node.name, file] = _read_as_dvc(root / file, keys)
                continue
            if file not in files:
                files[file] = _read(root, file)
            states[node.name, file] = _chosen(files[file], keys)
    return states


def _read(root: Path, file: str) -> ParamsState:
    try:
        values = _parsed((root / file).read_text(encoding="utf-8"), file)
    except FileNotFoundError:
        return ParamsState()
    except StagebookError as error:
        return ParamsState(None, error.problems[0].message)
    except (OSError, ValueError, RecursionError) as error:
        return ParamsState(None, str(error) or type(error).__name__)
    if not isinstance(values, Mapping):
        return ParamsState(None, "it is not a mapping of names to values")
    return ParamsState(values)


def _parsed(text: str, file: str) -> Any:
    if file.endswith(".toml"):
        return tomllib.loads(text)
    if file.endswith(".json"):
        return json.loads(text)
    values = yaml_block.read(text)
    if values is None and text.strip():
        from stagebook.pipeline import yaml_text  # imports ruamel.yaml, which takes long

        values = yaml_text.load(text, file, plain=True)
    return {} if values is None else values


def _chosen(state: ParamsState, keys: tuple[str, ...]) -> ParamsState:
    if state.values is None or not keys:
        return state
    return ParamsState(dict(_found(state.values, keys)))


def _found(values: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for key in keys:
        value: Any = values
        try:
            for part in key.split("."):
                value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, TypeError, ValueError):
            continue
        yield key, value


def _read_as_dvc(file: Path, keys: tuple[str, ...]) -> ParamsState:
    """A params file in Python, or keys with patterns, which only DVC reads."""
    from dvc.dependency.param import read_param_file
    from dvc.fs import localfs

    try:
        return ParamsState(read_param_file(localfs, str(file), list(keys) or None, flatten=True))
    except FileNotFoundError:
        return ParamsState()
    except Exception as error:  # DVC's own errors, and those of its parsers
        return ParamsState(None, str(error))
