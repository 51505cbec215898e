"""The problems for which a call is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from stagebook.project.errors import Problem, StagebookError


def problems(call: Callable[..., Any], *arguments: Any, **options: Any) -> tuple[Problem, ...]:
    """All problems of the error that a call raises."""
    with pytest.raises(StagebookError) as caught:
        call(*arguments, **options)
    return caught.value.problems


def problem(call: Callable[..., Any], *arguments: Any, **options: Any) -> Problem:
    """The only problem of the error that a call raises."""
    (only,) = problems(call, *arguments, **options)
    return only
