"""Stagebook makes a Jupyter notebook a reproducible build step."""

from stagebook import interruption  # noqa: I001, F401  # before the slow imports

import sys
from typing import Any

from stagebook.project.markers import In, Metrics, Out, Plots

__all__ = ["Costs", "In", "Metrics", "Out", "Plots", "backtest", "decide", "load", "package"]


def __getattr__(name: str) -> Any:
    """Imports what is slow to import when it is used."""
    if name == "package":
        from stagebook.model.package import package

        return package
    if name == "load":
        from stagebook.model.load import load

        return load
    if name == "Costs":
        from stagebook.monitoring.decision.costs import Costs

        return Costs
    if name == "decide":
        from stagebook.monitoring.decision.deciding import decide

        return decide
    if name == "backtest":
        from stagebook.monitoring.decision.backtest import backtest

        return backtest
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
