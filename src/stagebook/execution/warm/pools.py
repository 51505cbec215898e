"""Generators of random numbers and pools of threads: made anew in each fork."""

import contextlib
import ctypes
import os
from pathlib import Path
from typing import TYPE_CHECKING

from stagebook.project import ancestry

if TYPE_CHECKING:
    from stagebook.execution.warm.hidden import Hidden

_SETTERS = (
    "scipy_openblas_set_num_threads64_",
    "scipy_openblas_set_num_threads",
    "openblas_set_num_threads64_",
    "openblas_set_num_threads",
)


def reseed(hidden: "Hidden") -> None:
    """Gives the global generators new seeds, as a new process has.

    Args:
        hidden: What the zygote has imported.
    """
    for name in ("random", "numpy.random"):
        if (module := hidden.module(name)) is not None:
            module.seed()
    if (tempfile := hidden.module("tempfile")) is not None:
        vars(tempfile)["tempdir"] = None  # that of another `TMPDIR`


def restore_threads() -> None:
    """Gives each OpenBLAS that is loaded the threads that the environment names.

    To be called after the last fork, and in a sandbox: threads that exist before are not in it.
    """
    if not ancestry.is_fork():
        return  # they have been read already
    wanted = os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS")
    count = int(wanted) if wanted and wanted.isdigit() else len(os.sched_getaffinity(0))
    for path in _loaded("openblas"):
        library = ctypes.CDLL(path)
        for name in _SETTERS:
            with contextlib.suppress(AttributeError):
                getattr(library, name)(count)
                break


def _loaded(part: str) -> set[str]:
    """The native libraries of this process with a word in their name."""
    with contextlib.suppress(OSError):
        lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
        paths = {line.split(maxsplit=5)[5] for line in lines if line.count(" ") > 5 and "/" in line}
        return {path for path in paths if part in path.rpartition("/")[2] and ".so" in path}
    return set()
