"""The test that what compiled code reads without looking stays within its bounds."""

from typing import Any


class OutOfBoundsError(ValueError):
    """A part of a model points outside of itself."""


def require(holds: Any, what: str) -> None:
    """Raises an OutOfBoundsError where something does not hold."""
    if not holds:
        raise OutOfBoundsError(f"invalid value for {what}")


def is_fitted(model: Any, attribute: str) -> bool:
    """Whether an estimator has learned; one that has not cannot predict.

    Args:
        model: The estimator.
        attribute: An attribute that only fitting sets.
    """
    return attribute in vars(model)


def require_features(model: Any, count: int) -> None:
    """Raises an OutOfBoundsError where a model is given another number of features than it reads.

    scikit-learn compares rows with ``n_features_in_`` alone, and not at all where that is missing.

    Args:
        model: The estimator.
        count: The features that its compiled code reads.
    """
    require(vars(model).get("n_features_in_") == count, "a feature")
