"""What a package says of its model's quality, and of the distributions that it needs."""

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

import pandas as pd

from stagebook.errors import Problem, StagebookError
from stagebook.model.splits import Split
from stagebook.notebook.distributions import Installed

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
            StagebookError: There is no score of the test.
        """
        numbers = [value for value in scores.values() if _is_number(value)]
        if not numbers:
            message = "There is no score of the model on the test split."
            hint = 'Give at least one: stagebook.package(..., scores={"auc": 0.71}).'
            raise StagebookError(Problem("no-test-score", message, hint))
        rows = json.loads(slices.to_json(orient="records")) if slices is not None else []
        return cls({"test": dict(scores), "baseline": dict(baseline or {}), "slices": rows})

    def as_json(self, test: Split) -> dict[str, Any]:
        """The evaluation as plain values, with the data that it was made on."""
        return {"format": FORMAT, "data": {"md5": test.md5, "rows": test.rows}, **self.values}


def _is_number(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value)


def models_distributions(held: Collection[str]) -> tuple[dict[str, str], set[str]]:
    """The distributions that a model needs, with versions, and the critical ones among them.

    Critical are those that provide a class or function that the model holds, NumPy and SciPy:
    another version of them can predict something else.

    Args:
        held: Dotted names of the classes and functions in it.
    """
    installed = Installed.scan()
    modules = {name.partition(".")[0] for name in held}
    critical = {one for module in modules for one in installed.providers.get(module, ())}
    return installed.closure(modules, _TO_LOAD), critical | set(_ALWAYS)
