"""Stagebook makes a Jupyter notebook a reproducible build step."""

from stagebook import interruption  # noqa: I001, F401  # before the slow imports

import importlib
import sys
from typing import Any

from stagebook.project.markers import In, Metrics, Out, Plots

__all__ = [
    "Costs",
    "In",
    "Metrics",
    "Out",
    "Plots",
    "backtest",
    "decide",
    "load",
    "log_batch",
    "monitor",
    "package",
]

_HOMES = {
    "Costs": "stagebook.monitoring.decision.costs",
    "backtest": "stagebook.monitoring.decision.backtest",
    "decide": "stagebook.monitoring.decision.deciding",
    "load": "stagebook.model.load",
    "log_batch": "stagebook.serving.batch",
    "monitor": "stagebook.workflow.monitor_in_code",
    "package": "stagebook.model.package",
}
"""The modules of what is slow to import."""


def __getattr__(name: str) -> Any:
    """Imports what is slow to import when it is used."""
    if home := _HOMES.get(name):
        return getattr(importlib.import_module(home), name)
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
