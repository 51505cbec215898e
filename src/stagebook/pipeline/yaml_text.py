"""YAML texts, read with errors that name the line."""

import io
import re
import shlex
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from stagebook.project.errors import Problem, StagebookError, Where


def load(text: str, file: str, *, plain: bool = False) -> Any:
    """What a YAML text holds.

    Args:
        text: The text.
        file: Its path, for messages.
        plain: Whether to return plain values; otherwise mappings and lists that know their lines.

    Raises:
        StagebookError: It is not valid YAML, has the markers of a merge, or has a tag that plain
            values cannot hold.
    """
    if (conflict := merge_conflict(text, file)) is not None:
        raise StagebookError(conflict)
    try:
        return YAML(typ="safe" if plain else "rt").load(io.StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        raise _bad_yaml(error.problem, Where(file, line=mark.line + 1 if mark else None)) from None
    except YAMLError as error:
        raise _bad_yaml(str(error).splitlines()[0], Where(file)) from None


_CONFLICT = re.compile(r"^<{7}( .*)?$.*?^={7}\r?$.*?^>{7}( .*)?$", re.MULTILINE | re.DOTALL)


def merge_conflict(text: str, file: str) -> Problem | None:
    """The problem of a text with the markers of a merge conflict; None without them.

    Args:
        text: The text of a file.
        file: Its path.
    """
    match = _CONFLICT.search(text)
    if match is None:
        return None
    line = text.count("\n", 0, match.start()) + 1
    message = "The file has the markers of a merge conflict (<<<<<<<, =======, >>>>>>>)."
    hint = f"Resolve the conflict, remove the markers, then run: git add {shlex.quote(file)}"
    return Problem("merge-conflict", message, hint, Where(file, line=line))


def _bad_yaml(reason: object, where: Where) -> StagebookError:
    return StagebookError(Problem("bad-yaml", f"The file is not valid YAML: {reason}.", "", where))
