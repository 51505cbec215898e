"""The four annotations with which a notebook's parameters cell names its files."""

from typing import Generic, TypeVar

Schema = TypeVar("Schema")


class In(Generic[Schema]):
    """An input: a file, a folder, or a list of either, relative to the project's root.

    ``trips: In = "data/trips.parquet"`` makes the path a dependency of the stage;
    ``In[Schema]`` names the pandera schema that the file has to satisfy.
    The variable itself is plain ``str`` (or ``list[str]``).
    """


class Out(Generic[Schema]):
    """An output: a file, a folder, or a list of either, cached by DVC.

    ``Out[Schema]`` names the pandera schema that the file has to satisfy.
    """


class Metrics:
    """A JSON, YAML or TOML file of numbers, shown by ``dvc metrics`` and kept in git."""


class Plots:
    """A file or folder of figures or series, shown by ``dvc plots``."""
