"""Metrics files: JSON that differs only where a number does."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_metrics(path: str, metrics: Mapping[str, Any]) -> None:
    """Writes metrics as JSON: keys sorted, indented, a line's end at the end.

    Args:
        path: The file, whose folder exists.
        metrics: Numbers, under names or nested names; what is not a number (NaN) is left out.
    """
    text = json.dumps(_known(metrics), indent=2, sort_keys=True, allow_nan=False)
    Path(path).write_text(text + "\n", encoding="utf-8")


def _known(metrics: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _known(value) if isinstance(value, Mapping) else value
        for name, value in metrics.items()
        if not (isinstance(value, float) and math.isnan(value))
    }
