"""Stagebook makes a Jupyter notebook a reproducible build step."""

from typing import Any

from stagebook.markers import In, Metrics, Out, Plots

__all__ = ["In", "Metrics", "Out", "Plots"]


def load_ipython_extension(shell: Any) -> None:
    """Called by IPython for ``%load_ext stagebook``."""
    from stagebook.lab.extension import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Called by IPython for ``%unload_ext stagebook``."""
    from stagebook.lab.extension import unload

    unload(shell)
