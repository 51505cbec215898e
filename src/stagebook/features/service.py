"""Feature services: the features that a model takes, in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stagebook.features.checks import caller, require_name
from stagebook.features.resolution import Part, Resolution, as_parts
from stagebook.project.errors import Where

if TYPE_CHECKING:
    import pandas as pd

    from stagebook.features.online import OnlineStore


@dataclass(frozen=True, slots=True)
class FeatureService:
    """The features that a model takes, in order.

    Attributes:
        name: Its name.
        parts: Feature views, request sources and on-demand features. A view or source gives its
            features; ``view["a", "b"]`` gives some.
        instant: The column of a request, or of the spine, that says at which instant the
            features must have been known. It must be set.
        helpers: Views, sources and on-demand features that on-demand features need, and the
            model does not take.

    Raises:
        StagebookError: Two parts have a feature of one name, or an on-demand feature needs a
            column that nothing gives.

    Example:
        >>> import pandas as pd
        >>> import pandera.pandas as pa
        >>> from stagebook.features import FeatureService, RequestSource, on_demand
        >>> class Timetable(pa.DataFrameModel):
        ...     departure: pd.DatetimeTZDtype = pa.Field(dtype_kwargs={"unit": "us", "tz": "UTC"})
        ...     distance: float
        >>> timetable = RequestSource("timetable", schema=Timetable)
        >>> @on_demand("float64")
        ... def departure_hour(departure: pd.Series) -> pd.Series:
        ...     return departure.dt.hour
        >>> service = FeatureService(
        ...     "late_arrival",
        ...     [timetable["distance"], departure_hour],
        ...     instant="departure",
        ...     helpers=[timetable["departure"]],
        ... )
        >>> service.features
        ('distance', 'departure_hour')
    """

    name: str
    parts: Sequence[Part]
    instant: str = field(kw_only=True, default="")
    helpers: Sequence[Part] = field(kw_only=True, default=())
    where: Where | None = field(kw_only=True, default=None, repr=False, compare=False)
    resolution: Resolution = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        where = self.where or caller()
        require_name(self.name, "feature service", where)
        parts, helpers = as_parts(self.parts), as_parts(self.helpers)
        resolution = Resolution.of(self.name, parts, helpers, self.instant, where)
        object.__setattr__(self, "where", where)
        object.__setattr__(self, "parts", parts)
        object.__setattr__(self, "helpers", helpers)
        object.__setattr__(self, "resolution", resolution)

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features that the model takes, in order."""
        return self.resolution.features

    @property
    def request(self) -> tuple[str, ...]:
        """The columns that a request, or a spine, must have: features, instant and keys."""
        return self.resolution.request

    def materialize(
        self,
        store: "str | Path",
        tables: Mapping[str, Any] | None = None,
        *,
        incremental: bool = False,
    ) -> None:
        """Writes an online store: the last row of each key of each view, in one file.

        The store is written beside its place and renamed. The same tables give the same bytes.

        Args:
            store: Path of the store.
            tables: As for ``historical``.
            incremental: Whether an existing store gets the rows that became known since.

        Raises:
            StagebookError: A table cannot be read, or the existing store is of other definitions.
        """
        from stagebook.features.materialize import materialize

        materialize(
            self.resolution, Path(store), {} if tables is None else tables, incremental=incremental
        )

    def open_online(self, store: "str | Path") -> "OnlineStore":
        """An online store, open for reading.

        Args:
            store: Path of the store.

        Raises:
            StagebookError: It does not exist, cannot be read, or is of other definitions.
        """
        from stagebook.features.online import OnlineStore

        return OnlineStore.open(Path(store), self.resolution)

    def historical(
        self, spine: "pd.DataFrame", tables: Mapping[str, Any] | None = None
    ) -> "pd.DataFrame":
        """The features as they were known at each row's instant: a point-in-time join.

        Args:
            spine: The rows to know features of, with the columns that ``request`` names. The
                instant is a timestamp with a time zone.
            tables: For each feature view by its name, a path or a DataFrame in place of its
                table.

        Returns:
            The spine, under its index, with the features that it does not have already. Of a
            value that was not known, or had expired, the feature is missing.

        Raises:
            StagebookError: The spine or a table lacks a column, or has one of another type; or the
                spine breaks the schema of a request source.
        """
        from stagebook.features.historical import historical

        return historical(self.resolution, spine, {} if tables is None else tables)
