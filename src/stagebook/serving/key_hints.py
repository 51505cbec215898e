"""Hints for requests that mix up the columns of a request and the model's features."""

from collections.abc import Sequence
from dataclasses import replace

from stagebook.serving.refusal import Refusal, RequestProblem


def keys_in_place_of_features(
    refusal: Refusal, request: Sequence[str], features: Sequence[str], *, has_store: bool
) -> Refusal:
    """The same refusal, which says where the keys of entities can be sent.

    Args:
        refusal: Why the features of a request are refused.
        request: The columns of a request by keys; empty if the package has no feature service.
        features: The model's features.
        has_store: Whether the server has an online store.
    """
    hint = "The columns of a request by keys are taken by `/predict`"
    if not has_store:
        hint = f"{hint} if the server has an online store: `stagebook serve PACKAGE --online STORE`"
    keys = frozenset(request).difference(features)
    problems = [
        replace(problem, hint=f"{hint}.")
        if problem.code == "unknown-column" and problem.column in keys
        else problem
        for problem in refusal.problems
    ]
    return Refusal(refusal.status, *problems, headers=refusal.headers)


def features_beside_keys(
    refusal: Refusal, request: Sequence[str], features: Sequence[str]
) -> Refusal:
    """The same refusal, which says that features cannot be sent beside keys.

    Args:
        refusal: Why the columns of a request by keys are refused.
        request: These columns.
        features: The model's features.
    """
    return Refusal(
        refusal.status,
        *(_beside(problem, request, features) for problem in refusal.problems),
        headers=refusal.headers,
    )


def _beside(
    problem: RequestProblem, request: Sequence[str], features: Sequence[str]
) -> RequestProblem:
    if problem.code != "unknown-column":
        return problem
    listed = ", ".join(f"`{name}`" for name in request)
    if problem.column not in features:
        message = f"A request by keys has no column `{problem.column}`."
        return replace(problem, message=message, hint=problem.hint or f"It has {listed}.")
    message = f"`{problem.column}` is a feature, but other features of the model are not sent."
    hint = f"Send either the columns of a request by keys, {listed}, or all features of the model."
    return replace(problem, message=message, hint=hint)
