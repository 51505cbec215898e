"""Stagebook makes a Jupyter notebook a reproducible build step."""

from typing import Any

from stagebook.markers import In, Metrics, Out, Plots

__all__ = ["In", "Metrics", "Out", "Plots", "load", "package"]


def __getattr__(name: str) -> Any:
    """``package`` and ``load``, which bring pandas along, are imported when they are used."""
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
    from stagebook.lab.extension import unload

    unload(shell)
