"""Notices, inside the kernel, questions for files that the sandbox lacks; no audit event does."""

import functools
import os
from collections.abc import Callable
from typing import Any

from stagebook.execution.audit import Auditor

_RAISING = ("stat", "lstat")


def install(auditor: Auditor) -> None:
    """From here on, a question for a missing file reaches the auditor.

    ``os.path`` and ``pathlib`` ask through these functions of ``os``. For an existing file this
    costs one more call. Python's import asks in another way and is not seen.
    """
    for name in _RAISING:
        replace_function(name, _watch_error(getattr(os, name), auditor))
    replace_function("access", _watch_answer(os.access, auditor))


def _watch_error(function: Callable[..., Any], auditor: Auditor) -> Callable[..., Any]:
    @functools.wraps(function)
    def watched(path: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return function(path, *args, **kwargs)
        except (FileNotFoundError, NotADirectoryError):
            auditor.absent(path, kwargs.get("dir_fd"))
            raise

    return watched


def _watch_answer(function: Callable[..., bool], auditor: Auditor) -> Callable[..., bool]:
    @functools.wraps(function)
    def watched(path: Any, *args: Any, **kwargs: Any) -> bool:
        answer = function(path, *args, **kwargs)
        if not answer:
            auditor.absent(path, kwargs.get("dir_fd"))
        return answer

    return watched


def replace_function(name: str, watched: Callable[..., Any]) -> None:
    """Replaces a function of ``os``, also in the groups of functions that ``os`` lists.

    Args:
        name: Its name.
        watched: The function that takes its place.
    """
    function = getattr(os, name)
    watched.__module__ = os.__name__  # where pickle finds it
    for group in (
        os.supports_dir_fd,
        os.supports_effective_ids,
        os.supports_fd,
        os.supports_follow_symlinks,
    ):
        if function in group:
            group.add(watched)
    setattr(os, name, watched)
