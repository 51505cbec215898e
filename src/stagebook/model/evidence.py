"""What a package says of its model's quality, and of the distributions that it needs."""

import json
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

import pandas as pd

from stagebook.model import json_text, monitoring_reference
from stagebook.model.splits import Split
from stagebook.notebook.distributions import Installed
from stagebook.project.errors import Problem, StagebookError

FORMAT = 1
_ALWAYS = ("numpy", "scipy")
_TO_LOAD = ("pandas", "pyarrow", "skops")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How good a model is.

    Attributes:
        values: ``test``, ``baseline`` and ``slices``, as plain values.
    """

    values: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        scores: Mapping[str, Any],
        baseline: Mapping[str, Any] | None,
        slices: pd.DataFrame | None,
    ) -> Self:
        """The evaluation in what a notebook has.

        Raises:
            StagebookError: A score of the test split is missing.
        """
        numbers = [value for value in scores.values() if _is_number(value)]
        if not numbers:
            message = "The package has no numeric score of the model on the test split."
            hint = 'Give at least one score: stagebook.package(..., scores={"auc": 0.71}).'
            raise StagebookError(Problem("no-test-score", message, hint))
        rows = json.loads(slices.to_json(orient="records")) if slices is not None else []
        return cls({"test": dict(scores), "baseline": dict(baseline or {}), "slices": rows})

    def as_json(self, test: Split) -> dict[str, Any]:
        """The evaluation as plain values, with the data that it was made on."""
        return {"format": FORMAT, "data": {"md5": test.md5, "rows": test.rows}, **self.values}


def require_readable(text: Callable[[str], str]) -> None:
    """Raises if a file with evidence of a model is not as ``stagebook.package`` writes it.

    Whoever registers, exports or shows a package reads these files.

    Args:
        text: Gives the text of a file of the package by its name.

    Raises:
        ValueError: A file is not what its name says.
        StagebookError: The reference of monitoring has another format.
    """
    text("MODEL_CARD.md")
    for name in _OF_JSON:
        values = json_text.load(text(name))
        if not isinstance(values, dict):
            raise ValueError(f"{name} is not a JSON object")
        for path, kind in _WITHIN.get(name, {}).items():
            _require(values, path, kind, name)
    try:
        monitoring = text(monitoring_reference.FILE)
    except KeyError:  # not every package has it
        return
    monitoring_reference.parse(monitoring)


_OF_JSON = (
    "evaluation.json",
    "input_example.json",
    "profile.input.json",
    "profile.output.json",
    "splits.json",
)
_WITHIN: Mapping[str, Mapping[str, type]] = {
    "evaluation.json": {"data.md5": str, "test": dict, "baseline": dict, "slices": list},
    "splits.json": {"parts.*.name": str, "parts.*.path": str, "parts.*.md5": str},
}
"""What others read in these files, by its place, with ``*`` for each item of a list."""


def _require(value: Any, path: str, kind: type, name: str) -> None:
    """Raises a ValueError where a place in a value holds another kind of value."""
    key, _, rest = path.partition(".")
    if not path:
        if not isinstance(value, kind):
            raise ValueError(f"{name} has {value!r:.40} instead of a {kind.__name__}")
    elif key == "*" and isinstance(value, list):
        for item in value:
            _require(item, rest, kind, name)
    elif isinstance(value, dict) and key in value:
        _require(value[key], rest, kind, name)
    else:
        raise ValueError(f"{name} lacks {key}")


def _is_number(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value)


def models_distributions(names: Collection[str]) -> tuple[dict[str, str], set[str]]:
    """The distributions that a model needs, with versions, and the critical ones among them.

    Critical are those that provide a class or function that the model holds, NumPy and SciPy:
    another version of them can predict something else.

    Args:
        names: Dotted names of the classes and functions in it.
    """
    installed = Installed.scan()
    modules = {name.partition(".")[0] for name in names}
    critical = {item for module in modules for item in installed.providers.get(module, ())}
    return installed.closure(modules, _TO_LOAD), critical | set(_ALWAYS)
