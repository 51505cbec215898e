"""Feature services: the features that a model takes, in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stagebook.features.checks import caller, invalid, require_name
from stagebook.features.definitions import FeatureView, OnDemandFeature, RequestSource
from stagebook.project.errors import Where, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

Part = FeatureView | OnDemandFeature | RequestSource
"""What a service is made of."""


@dataclass(frozen=True, slots=True)
class FeatureService:
    """The features that a model takes, in order.

    Attributes:
        name: Its name.
        parts: Feature views, request sources and on-demand features. A view or source gives its
            features; ``view["a", "b"]`` gives some.
        instant: The column of a request, or of the spine, that says at which instant the
            features must have been known.
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
    instant: str = field(kw_only=True)
    helpers: Sequence[Part] = field(kw_only=True, default=())
    where: Where | None = field(kw_only=True, default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        where = self.where or caller()
        object.__setattr__(self, "where", where)
        object.__setattr__(self, "parts", tuple(self.parts))
        object.__setattr__(self, "helpers", tuple(self.helpers))
        require_name(self.name, "feature service", where)
        parts: tuple[Any, ...] = (*self.parts, *self.helpers)
        for part in parts:
            if not isinstance(part, Part):
                message = f"The feature service `{self.name}` has a part that is no feature."
                hint = "Parts are feature views, request sources and on-demand features."
                raise invalid(
                    "no-feature", f"{message} It is a {type(part).__name__}.", hint, where
                )
        if not self.parts:
            raise invalid("no-feature", f"The feature service `{self.name}` is empty.", "", where)
        self._require_apart(where)
        self._order(where)

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features that the model takes, in order."""
        return tuple(name for part in self.parts for name in names_of(part))

    @property
    def views(self) -> tuple[FeatureView, ...]:
        """Its feature views, each once, with all of its features that are needed here."""
        found: dict[str, FeatureView] = {}
        for part in (*self.parts, *self.helpers):
            if isinstance(part, FeatureView):
                known = found.get(part.name)
                found[part.name] = part if known is None else known.with_features(part.features)
        return tuple(found.values())

    @property
    def request(self) -> tuple[str, ...]:
        """The columns that a request, or a spine, must have: features, instant and keys."""
        sources = (part for part in (*self.parts, *self.helpers) if isinstance(part, RequestSource))
        names = [name for source in sources for name in source.columns]
        keys = [key for view in self.views for key in view.entity.keys]
        return tuple(dict.fromkeys((*names, self.instant, *keys)))

    @property
    def on_demand(self) -> tuple[OnDemandFeature, ...]:
        """Its on-demand features, each after those that it needs."""
        return self._order(self.where)

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
            StagebookError: The spine or a table lacks a column, or has one of another type.
        """
        from stagebook.features.historical import historical

        return historical(self, spine, tables or {})

    def _require_apart(self, where: Where | None) -> None:
        owners: dict[str, Part] = {}
        for part in (*self.parts, *self.helpers):
            for name in names_of(part):
                other = owners.setdefault(name, part)
                if other is not part:
                    message = (
                        f"Two parts of the feature service `{self.name}` have the feature "
                        f"`{name}`: {title(other)} and {title(part)}."
                    )
                    hint = 'Select the features of one of them: view["a", "b"]'
                    raise invalid("repeated-feature", message, hint, where)

    def _order(self, where: Where | None) -> tuple[OnDemandFeature, ...]:
        """The on-demand features in an order in which each can be computed."""
        parts = (*self.parts, *self.helpers)
        waiting = [part for part in parts if isinstance(part, OnDemandFeature)]
        given = {*self.request, *(name for view in self.views for name in view.features)}
        ordered: list[OnDemandFeature] = []
        while waiting:
            ready = [feature for feature in waiting if given.issuperset(feature.inputs)]
            if not ready:
                raise self._incomplete(waiting, given)
            ordered += ready
            given |= {feature.name for feature in ready}
            waiting = [feature for feature in waiting if feature not in ready]
        return tuple(ordered)

    def _incomplete(self, waiting: Sequence[OnDemandFeature], given: set[str]) -> Exception:
        computed = {feature.name for feature in waiting}
        for feature in waiting:
            for name in feature.inputs:
                if name not in given | computed:
                    message = (
                        f"The on-demand feature `{feature.name}` needs `{name}`, which the feature "
                        f"service `{self.name}` does not give."
                    )
                    hint = did_you_mean(name, given, "Add what has it to the service's helpers.")
                    return invalid("no-column", message, hint, feature.where)
        names = ", ".join(feature.name for feature in waiting)
        message = f"The on-demand features {names} need each other in a circle."
        return invalid("circular-features", message, "", waiting[0].where)


def names_of(part: Part) -> tuple[str, ...]:
    """The features that a part of a service gives."""
    match part:
        case FeatureView():
            return tuple(part.features)
        case RequestSource():
            return tuple(part.columns)
        case OnDemandFeature():
            return (part.name,)


def title(part: Part) -> str:
    """A part in words."""
    match part:
        case FeatureView():
            return f"the feature view `{part.name}`"
        case RequestSource():
            return f"the request source `{part.name}`"
        case OnDemandFeature():
            return f"the on-demand feature `{part.name}`"
