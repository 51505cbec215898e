"""The quick way from the few rows of a request to their features, past Arrow.

Tables of Arrow cost more than a millisecond for a single row. What has to be known of the columns
is worked out once for each combination of names and dtypes. Rows that are in any way unusual are
left to the usual way, which also refuses them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa

from stagebook.features import assembly, columns, feature_arrays, spine
from stagebook.features.definitions import FeatureView
from stagebook.features.feature_arrays import FrameBlocks, Source
from stagebook.features.resolution import Resolution
from stagebook.project.errors import StagebookError

MOST = 100
"""Rows for which this way is quicker."""

_MISSING = np.iinfo(np.int64).min
_NANOSECONDS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_RANGE = np.iinfo(np.int64)

_CACHED = 100
"""Plans that are remembered."""

Read = Callable[[Any], list[Any] | None]
"""Reads the keys in an array as an online store has them; None if only the usual way can."""

LookUp = Callable[[FeatureView, list[tuple[Any, ...]], list[int | None]], Sequence[Any]]
"""Gives the row of a view for each key and instant; None for a key that counts for nothing."""


@dataclass(frozen=True, slots=True)
class RequestPlan:
    """How rows with certain columns are read, and what comes out for them.

    Attributes:
        instant: The place of the column of instants.
        unit: Nanoseconds of the unit of its times.
        keys: For each view by its name, the places of its keys.
        readers: How the keys are read, by place.
        names: Places of the columns by name.
        blocks: How to make the frame that comes out.
    """

    instant: int
    unit: int
    keys: Mapping[str, tuple[int, ...]]
    readers: Mapping[int, Read]
    names: Mapping[str, int]
    blocks: FrameBlocks

    @classmethod
    def of(
        cls,
        resolution: Resolution,
        keys: Mapping[str, pa.Schema],
        features: Mapping[str, pa.Schema],
        frame: pd.DataFrame,
    ) -> Self | None:
        """The plan for rows; None if they are unusual.

        Args:
            resolution: The service.
            keys: Types of the keys of each view, by its name.
            features: Types of all stored features of each view, by its name.
            frame: Some rows.
        """
        try:
            spine.require_columns(resolution, frame)
        except StagebookError:
            return None
        if not all(type(name) is str for name in frame.columns) or frame.columns.nlevels > 1:
            return None
        names = {name: place for place, name in enumerate(frame.columns)}
        dtypes = list(frame.dtypes)
        instant = names[resolution.instant]
        readers: dict[int, Read] = {}
        for view in resolution.views:
            for name, field in zip(view.entity.keys, keys[view.name], strict=True):
                reader = _reader(dtypes[names[name]], field.type)
                if reader is None or readers.setdefault(names[name], reader) is not reader:
                    return None
        blocks = FrameBlocks.of(_sources(resolution, features, names), dtypes, features)
        if not isinstance(dtypes[instant], pd.DatetimeTZDtype) or blocks is None:
            return None
        places = {
            view.name: tuple(names[name] for name in view.entity.keys) for view in resolution.views
        }
        unit = _NANOSECONDS[dtypes[instant].unit]
        return cls(instant, unit, places, readers, names, blocks)

    def instants(self, arrays: Sequence[Any]) -> list[int | None] | None:
        """The instants, nanoseconds since 1970; None if one is out of range."""
        numbers = arrays[self.instant].asi8.tolist()
        instants = [None if number == _MISSING else number * self.unit for number in numbers]
        is_valid = all(
            instant is None or _RANGE.min < instant <= _RANGE.max for instant in instants
        )
        return instants if is_valid else None

    def key_rows(self, arrays: Sequence[Any]) -> dict[str, list[tuple[Any, ...]]] | None:
        """For each view by its name, the key of each row; None if one is unusual."""
        values: dict[int, list[Any]] = {}
        for place, read in self.readers.items():
            keys = read(arrays[place])
            if keys is None:
                return None
            values[place] = keys
        return {
            view: list(zip(*(values[place] for place in places), strict=True))
            for view, places in self.keys.items()
        }


class FewRows:
    """The quick way for the rows of requests.

    Args:
        resolution: The service.
        stored: For each view of a store by its name, the types of its keys and of its features.
    """

    def __init__(
        self, resolution: Resolution, stored: Mapping[str, tuple[pa.Schema, pa.Schema]]
    ) -> None:
        self._resolution = resolution
        self._keys = {name: keys for name, (keys, _) in stored.items()}
        self._features = {name: features for name, (_, features) in stored.items()}
        self._plans: dict[Any, RequestPlan | None] = {}
        views = {name: view for view in resolution.views for name in view.features}
        inputs = dict.fromkeys(name for part in resolution.on_demand for name in part.inputs)
        self._inputs = {
            name: Source(view.name, self._features[view.name].get_field_index(name))
            for name in inputs
            if (view := views.get(name))
        }

    def features(self, rows: pd.DataFrame, look_up: LookUp) -> pd.DataFrame | None:
        """The rows with their features; None if they must go the usual way.

        Args:
            rows: The rows of a request.
            look_up: Looks rows of a view up by their keys and instants.

        Raises:
            StagebookError: An on-demand feature fails, or the store is damaged.
        """
        if not isinstance(rows, pd.DataFrame) or not 0 < len(rows) <= MOST:
            return None
        own: Any = rows
        try:
            arrays = list(own._iter_column_arrays())
        except AttributeError:  # it is pandas' own
            return None
        plan = self._plan(rows, arrays)
        if plan is None:
            return None
        instants, keys = plan.instants(arrays), plan.key_rows(arrays)
        if instants is None or keys is None:
            return None
        stored = {
            view.name: self._columns(view.name, look_up(view, keys[view.name], instants))
            for view in self._resolution.views
        }
        computed = self._computed(plan, rows, stored) if self._resolution.on_demand else {}
        return plan.blocks.frame(arrays, stored, computed, rows.index)

    def _plan(self, rows: pd.DataFrame, arrays: Sequence[Any]) -> RequestPlan | None:
        key = (tuple(rows.columns), tuple(array.dtype for array in arrays))
        if key not in self._plans:
            if len(self._plans) >= _CACHED:
                self._plans.clear()
            self._plans[key] = RequestPlan.of(self._resolution, self._keys, self._features, rows)
        return self._plans[key]

    def _columns(self, view: str, rows: Sequence[Any]) -> list[list[Any]]:
        """The stored values of a view, column by column."""
        missing = (None,) * len(self._features[view])
        values = [missing if row is None else row.values for row in rows]
        return [list(column) for column in zip(*values, strict=True)]

    def _computed(
        self, plan: RequestPlan, rows: pd.DataFrame, stored: Mapping[str, list[list[Any]]]
    ) -> dict[str, pd.Series]:
        """The on-demand features by name, with their inputs."""
        known = {str(name): rows[name] for name in plan.names}
        for name, source in self._inputs.items():
            array = plan.blocks.array(source, stored[source.view][source.place])
            known[name] = pd.Series(array, rows.index, array.dtype, name)
        assembly.compute(self._resolution.on_demand, known, rows.index)
        return known


def _sources(
    resolution: Resolution, features: Mapping[str, pa.Schema], names: Mapping[str, int]
) -> dict[str, Source]:
    """Where each column that comes out is from, by its name."""
    sources: dict[str, Source] = {name: Source("", place) for name, place in names.items()}
    from_views = {
        name: Source(view.name, features[view.name].get_field_index(name))
        for view in resolution.views
        for name in view.features
    }
    for name in resolution.features:
        sources.setdefault(name, from_views.get(name) or Source("", feature_arrays.COMPUTED))
    return sources


def _reader(dtype: Any, own: pa.DataType) -> Read | None:
    """How the keys of a column are read; None if they have another kind than a view's own."""
    kind = columns.key_kind(columns.plain_type(own))
    if kind == "number" and isinstance(dtype, np.dtype) and dtype.kind in "iu":
        return _numbers
    if kind == "boolean" and dtype == np.dtype(bool):
        return _booleans
    if kind == "text" and isinstance(dtype, pd.StringDtype):
        return _texts
    return _objects if kind == "text" and dtype == np.dtype(object) else None


def _numbers(array: Any) -> list[Any] | None:
    values: list[Any] = array.tolist()
    return values if all(value <= _RANGE.max for value in values) else None


def _booleans(array: Any) -> list[Any]:
    return [int(value) for value in array.tolist()]


def _texts(array: Any) -> list[Any] | None:
    values = [value if type(value) is str else None for value in array.tolist()]
    return values if _is_unicode(values) else None


def _objects(array: Any) -> list[Any] | None:
    values = array.tolist()
    return values if all(type(value) is str for value in values) and _is_unicode(values) else None


def _is_unicode(values: Sequence[Any]) -> bool:
    """Whether texts have no half of a surrogate pair."""
    try:
        "".join(value for value in values if value is not None).encode()
    except UnicodeEncodeError:
        return False
    return True
