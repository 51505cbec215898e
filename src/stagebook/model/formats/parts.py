"""The estimators that a model is put together from, each with its place in the model."""

from collections.abc import Iterator
from typing import Any

_STEPS = ("steps", "transformers_", "transformer_list", "estimators")
"""Attributes of scikit-learn's compositions that list tuples of name, estimator and maybe more."""


def parts(model: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """A model and all estimators in it, each after the one that holds it.

    Args:
        model: The model.
        place: Its own place; empty for the whole.

    Yields:
        Place, as names of steps with dots between, and estimator.
    """
    yield place, model
    for name, part in _direct_parts(model):
        yield from parts(part, f"{place}.{name}" if place else name)


def _direct_parts(model: Any) -> Iterator[tuple[str, Any]]:
    for attribute in _STEPS:
        for step in getattr(model, attribute, None) or ():
            if isinstance(step, tuple) and len(step) > 1 and hasattr(step[1], "get_params"):
                yield str(step[0]), step[1]
