"""The four annotations with which a notebook's parameters cell names its files."""

from typing import Generic, TypeVar

Schema = TypeVar("Schema")


class In(Generic[Schema]):
    """An input: a file, a folder, or a list of either, relative to the project's root.

    ``trips: In = "data/trips.parquet"`` makes the path a dependency of the stage;
    ``In[Schema]`` names the pandera schema that the file must satisfy.
    The variable itself is plain ``str`` (or ``list[str]``).

    Example:
        >>> from stagebook import In
        >>> trips: In = "data/trips.parquet"  # every trip of one month
        >>> trips
        'data/trips.parquet'

        A schema in brackets is the contract of the input:

        >>> import pandera.pandas as pa
        >>> class Trips(pa.DataFrameModel):
        ...     minutes: float = pa.Field(ge=0)
        >>> trips: In[Trips] = "data/trips.parquet"
    """


class Out(Generic[Schema]):
    """An output: a file, a folder, or a list of either, cached by DVC.

    ``Out[Schema]`` names the pandera schema that the file must satisfy.

    Example:
        >>> from stagebook import Out
        >>> features: Out = "data/features.parquet"  # one row for each trip
        >>> features
        'data/features.parquet'
    """


class Metrics:
    """A JSON, YAML or TOML file of numbers, shown by ``dvc metrics`` and kept in git.

    Example:
        >>> from stagebook import Metrics
        >>> scores: Metrics = "metrics/train.json"  # scores on the test split
        >>> scores
        'metrics/train.json'
    """


class Plots:
    """A file or folder of figures or series, shown by ``dvc plots``.

    Example:
        >>> from stagebook import Plots
        >>> curve: Plots = "plots/calibration.csv"  # predicted and observed frequency
        >>> curve
        'plots/calibration.csv'
    """
