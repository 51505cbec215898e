"""The outputs of two executions of a notebook, compared by the rules of nbval.

nbval's rules: https://nbval.readthedocs.io/en/latest/
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# what nbval leaves out by default
_LEFT_OUT = frozenset(
    {"text/latex", "application/vnd.jupyter.widget-view+json", "stagebook", "traceback"}
)
_UNCOMPARED = frozenset({"nbval-ignore-output", "nbval-skip", "injected-parameters"})
_CHECKED = "nbval-check-output"


@dataclass(frozen=True, slots=True)
class CellOutputDifference:
    """A cell whose outputs differ.

    Attributes:
        cell: The cell's position among all cells of the notebook without injected ones.
        kinds: What differs, such as ``text/plain`` or ``stdout``.
        checked: Whether the cell has the tag ``nbval-check-output``.
    """

    cell: int
    kinds: tuple[str, ...]
    checked: bool


def compare(before: str, now: str) -> tuple[CellOutputDifference, ...]:
    """The cells whose outputs differ; cells that nbval ignores are left out.

    Args:
        before: The text of the earlier executed notebook.
        now: The text of the later one.
    """
    return tuple(_differences(_cells(before), _cells(now)))


def _differences(
    before: list[Mapping[str, Any]], now: list[Mapping[str, Any]]
) -> Iterator[CellOutputDifference]:
    # the earlier notebook ends with the colophon
    for position, (then, this) in enumerate(zip(before, now, strict=False), start=1):
        tags = set(this.get("metadata", {}).get("tags", ()))
        if this.get("cell_type") != "code" or tags & _UNCOMPARED:
            continue
        old, new = _outputs(then), _outputs(this)
        kinds = sorted(kind for kind in old.keys() | new.keys() if old.get(kind) != new.get(kind))
        if kinds:
            yield CellOutputDifference(position, tuple(kinds), _CHECKED in tags)


def _cells(text: str) -> list[Mapping[str, Any]]:
    try:
        cells = json.loads(text)["cells"]
    except (ValueError, KeyError, RecursionError):
        return []
    return [
        cell
        for cell in cells
        if "injected-parameters" not in cell.get("metadata", {}).get("tags", ())
    ]


def _outputs(cell: Mapping[str, Any]) -> dict[str, list[str]]:
    """The outputs of a cell by kind; pieces of a stream are joined, as nbval does."""
    outputs: dict[str, list[str]] = defaultdict(list)
    for output in cell.get("outputs", ()):
        if output["output_type"] == "stream":
            outputs[output["name"]] = [_joined(outputs, output)]
        elif output["output_type"] == "error":
            outputs["error"].append(f"{output['ename']}: {output['evalue']}")
        else:
            for kind, value in output.get("data", {}).items():
                if kind not in _LEFT_OUT:
                    outputs[kind].append(_text(value))
    return dict(outputs)


def _joined(outputs: Mapping[str, list[str]], output: Mapping[str, Any]) -> str:
    return "".join(outputs[output["name"]]) + _text(output["text"])


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
