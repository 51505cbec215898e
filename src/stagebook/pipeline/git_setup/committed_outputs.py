"""Notebooks whose outputs are in git, although they are to be committed without."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path

from stagebook.pipeline.git_command import run
from stagebook.pipeline.git_contents import texts
from stagebook.pipeline.git_setup.attributes import NOTEBOOK
from stagebook.project.errors import Problem

_SHOWN = 3


def problem(root: Path) -> Problem | None:
    """The problem with notebooks that were committed before their outputs were stripped."""
    paths = list(_with_outputs(root))
    if not paths:
        return None
    shown = ", ".join(f"`{path}`" for path in paths[:_SHOWN])
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    message = f"Git keeps the outputs of {shown}{more}."
    files = " ".join(map(shlex.quote, paths)) if len(paths) <= _SHOWN else "."
    hint = f"Run: git add --renormalize {files} && git commit"
    return Problem("outputs-in-git", message, hint)


def _with_outputs(root: Path) -> Iterator[str]:
    _, output = run(root, "ls-files", "-z", "--", "*.ipynb")
    if not output:
        return
    _, output = run(root, "check-attr", "-z", "--stdin", "filter", stdin=output)
    parts = output.decode("utf-8", "surrogateescape").split("\0")
    paths = [
        path for path, driver in zip(parts[::3], parts[2::3], strict=False) if driver == NOTEBOOK
    ]
    names = {f":./{path}": path for path in paths}
    for name, text in texts(root, names).items():
        if _has_outputs(text):
            yield names[name]


def _has_outputs(text: str) -> bool:
    try:
        cells = json.loads(text)["cells"]
        return any(cell.get("outputs") for cell in cells)
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return False  # no notebook, so git keeps it as it is
