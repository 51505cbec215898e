"""The few rows of each view that some instants depend on, in groups that online stores can hold.

An online store has one row for each key. Two instants of one key with different rows therefore
need two stores: they are in different groups.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stagebook.features import columns, historical, spine
from stagebook.features.definitions import FeatureView
from stagebook.features.materialize import materialize
from stagebook.features.online import OnlineStore
from stagebook.features.resolution import Resolution
from stagebook.features.view_table import ViewTable

GROUPS = 16
"""Groups, and so online stores, at most: each takes some hundredths of a second."""

_STRIDE = 89  # a prime: consecutive rows of the order are far apart in the spine


@dataclass(frozen=True, slots=True)
class HistorySample:
    """Instants, and the rows of the views that count then.

    Attributes:
        places: The n rows of the spine that were chosen, in order.
        groups: The group of each, from 0.
        requests: Their n request columns.
        views: For each view by its name, n rows with its keys, times and features; all values
            are null where nothing was known.
    """

    places: tuple[int, ...]
    groups: tuple[int, ...]
    requests: pd.DataFrame
    views: Mapping[str, pa.Table]

    @classmethod
    def of(cls, resolution: Resolution, rows: pd.DataFrame, tables: Mapping[str, Any]) -> Self:
        """The sample of a spine: all of its rows for which the groups suffice.

        Args:
            resolution: The feature service.
            rows: The spine.
            tables: As for ``FeatureService.historical``.

        Raises:
            StagebookError: The spine or a table lacks a column, or has one of another type.
        """
        historical.require_views(resolution, tables)
        spine.require_columns(resolution, rows)
        instants = spine.instants(resolution, rows)
        taken: dict[str, pa.Table] = {}
        claims: list[dict[Any, int]] = [{} for _ in range(len(rows))]
        for view in resolution.views:
            table = ViewTable.read(view, tables.get(view.name, view.table))
            known, keys = historical.rows_known(table, spine.keys(view, rows), instants)
            taken[view.name] = columns.taken(_as_table(table), known)
            parts = zip(*(key.to_pylist() for key in keys), strict=True)
            for claim, key, position in zip(claims, parts, known.tolist(), strict=True):
                if None not in key:
                    claim[view.name, key] = position
        chosen = _grouped(claims)
        places = tuple(sorted(chosen))
        return cls(
            places,
            tuple(chosen[place] for place in places),
            rows[list(resolution.request)].iloc[list(places)].reset_index(drop=True),
            {name: table.take(pa.array(places, pa.int64())) for name, table in taken.items()},
        )

    def online(self, resolution: Resolution) -> pd.DataFrame:
        """The features that online stores give, which are written from the sample's rows.

        Returns:
            n rows of the features, in the order of the service.

        Raises:
            StagebookError: A store cannot be written or read.
        """
        parts = []
        for group in sorted(set(self.groups)):
            inside = [number for number, own in enumerate(self.groups) if own == group]
            requests = self.requests.iloc[inside]
            with tempfile.TemporaryDirectory(prefix="stagebook-features-") as folder:
                tables = {
                    view.name: self._write(view, inside, Path(folder)) for view in resolution.views
                }
                store = Path(folder) / "online.sqlite"
                materialize(resolution, store, tables)
                with OnlineStore.open(store, resolution) as opened:
                    parts.append(opened.online(requests)[list(resolution.features)])
        return pd.concat(parts).sort_index() if parts else pd.DataFrame()

    def _write(self, view: FeatureView, inside: Sequence[int], folder: Path) -> Path:
        """Writes the rows of a view that a group needs; returns the file."""
        rows = self.views[view.name].take(pa.array(inside, pa.int64()))
        path = folder / f"{view.name}.parquet"
        pq.write_table(rows.filter(pc.is_valid(rows[view.known_time])), path)
        return path


def _as_table(table: ViewTable) -> pa.Table:
    """The rows of a view under the names of its columns."""
    view, time = table.view, pa.timestamp("ns", "UTC")
    named = dict(zip(view.entity.keys, map(columns.plain, table.keys), strict=True))
    named |= {view.event_time: table.event.cast(time), view.known_time: table.known.cast(time)}
    return pa.table(named | {name: columns.plain(table.features[name]) for name in view.features})


def _grouped(claims: Sequence[Mapping[Any, int]]) -> dict[int, int]:
    """The group of each row that has one; rows of a group agree on the position of each key."""
    groups: list[dict[Any, int]] = []
    chosen: dict[int, int] = {}
    for place in sorted(range(len(claims)), key=lambda number: number * _STRIDE % len(claims)):
        claim = claims[place]
        fitting = (
            number
            for number, held in enumerate(groups)
            if all(held.get(key, position) == position for key, position in claim.items())
        )
        number = next(fitting, len(groups))
        if number == GROUPS:
            continue
        if number == len(groups):
            groups.append({})
        groups[number].update(claim)
        chosen[place] = number
    return chosen
