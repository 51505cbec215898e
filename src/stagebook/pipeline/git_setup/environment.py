"""The Python that git's drivers and hook call."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

MODULE = "stagebook.cli.git_driver"


def own_python() -> str:
    """This environment's Python, by the same name however this process was started."""
    path = Path(sys.prefix, "bin", "python")
    return str(path) if path.exists() else sys.executable


@cache
def has_stagebook(python: str) -> bool:
    """Whether a Python, perhaps of another worktree's environment, can import Stagebook."""
    if not os.access(python, os.X_OK):
        return False
    # -P: a module of the project with the name of one of Python's is not imported
    command = [python, "-P", "-c", f"import {MODULE}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
