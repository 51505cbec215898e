"""Stagebook makes a Jupyter notebook a reproducible build step."""

from stagebook import interruption  # noqa: I001, F401  # before the slow imports

import sys
from typing import Any

from stagebook.project.markers import In, Metrics, Out, Plots

__all__ = ["In", "Metrics", "Out", "Plots", "load", "package"]


def __getattr__(name: str) -> Any:
    """Imports ``package`` and ``load``, which import pandas, when they are used."""
    if name == "package":
        from stagebook.model.package import package

        return package
    if name == "load":
        from stagebook.model.load import load

        return load
    raise AttributeError(f"module 'stagebook' has no attribute {name!r}")


def load_ipython_extension(shell: Any) -> None:
    """Called by IPython for ``%load_ext stagebook``."""
    from stagebook.lab.extension import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Called by IPython for ``%unload_ext stagebook``."""
    from stagebook.lab import activation, extension

    activation.unwatch(shell)
    extension.unload(shell)


if "IPython" in sys.modules:  # perhaps a person's kernel, which has to be watched from this cell on
    from stagebook.lab.activation import watch_this_kernel

    watch_this_kernel()
