"""Definitions of features: entities, feature views, request columns and on-demand features.

They are made once, in a project's own code, and imported by its notebooks and by the server.
Making one reads no file. Importing this module imports neither pandas nor pandera.
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Self

from stagebook.features.checks import (
    NO_TTL,
    as_schema,
    caller,
    invalid,
    require_dtype,
    require_encodable,
    require_name,
    require_times,
    require_ttl,
    require_unique,
    schema_columns,
)
from stagebook.project.errors import Where, did_you_mean


@dataclass(frozen=True, slots=True)
class Entity:
    """What features describe, such as an airport.

    Attributes:
        name: Its name.
        keys: The columns that tell one from another; one name is one key.

    Raises:
        StagebookError: The name is not an identifier, or a key is missing or repeated.

    Example:
        >>> from stagebook.features import Entity
        >>> Entity("airport", keys=["origin"])
        Entity(name='airport', keys=('origin',))
    """

    name: str
    keys: str | Sequence[str]

    def __post_init__(self) -> None:
        where = caller()
        require_name(self.name, "feature entity", where)
        keys = _texts(self.keys)
        if not all(keys) or not keys:
            raise invalid("no-key", f"The entity `{self.name}` has no key column.", "", where)
        require_encodable(keys, f"a key of the entity `{self.name}`", where)
        require_unique(keys, f"the keys of the entity `{self.name}`", where)
        object.__setattr__(self, "keys", keys)


@dataclass(frozen=True, slots=True)
class FeatureView:
    """A table of values of an entity over time, which a stage writes.

    Each row says what was so at its event time, and is used from its known time on.

    Attributes:
        name: Its name.
        entity: What its rows describe.
        table: Path of the table, relative to the project's root.
        schema: The pandera schema of the table.
        event_time: The column that says when something happened.
        known_time: The column that says when it could be known. The same column as the event
            time if a row is known when it happens.
        ttl: The age at which a value expires, counted from its event time; None for never. It
            must be set.
        features: The columns that are features, in this order; by default all columns of the
            schema but keys and times.

    Raises:
        StagebookError: The definition is not complete, names a column that the schema lacks, or
            names a column of times that the schema says are something else.

    Example:
        >>> from datetime import timedelta
        >>> import pandera.pandas as pa
        >>> from stagebook.features import Entity, FeatureView
        >>> class Weather(pa.DataFrameModel):
        ...     origin: str
        ...     hour: pa.DateTime
        ...     hour_end: pa.DateTime
        ...     wind_mph: float
        >>> weather = FeatureView(
        ...     "weather",
        ...     Entity("airport", keys=["origin"]),
        ...     table="data/weather.parquet",
        ...     schema=Weather,
        ...     event_time="hour",
        ...     known_time="hour_end",
        ...     ttl=timedelta(hours=3),
        ... )
        >>> weather.features
        ('wind_mph',)
    """

    name: str
    entity: Entity
    table: str = field(kw_only=True, default="")
    schema: Any = field(kw_only=True, default=None, repr=False, compare=False)
    event_time: str = field(kw_only=True, default="")
    known_time: str = field(kw_only=True, default="")
    ttl: timedelta | None = field(kw_only=True, default=NO_TTL)
    features: Sequence[str] = field(kw_only=True, default=())
    where: Where | None = field(kw_only=True, default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        where = self.where or caller()
        object.__setattr__(self, "where", where)
        title = f"The feature view `{self.name}`"
        require_name(self.name, "feature view", where)
        if not isinstance(self.entity, Entity):
            raise invalid(
                "no-entity", f"{title} has no entity.", "Set `entity` to an Entity.", where
            )
        if not isinstance(self.table, str) or not self.table:
            hint = 'Set it to the path of a table in the project: table="data/weather.parquet"'
            message = f"{title} has no table: its `table` is {self.table!r}."
            raise invalid("no-table", message, hint, where)
        if not self.event_time:
            hint = 'Name the column that says when something happened: event_time="..."'
            raise invalid("no-event-time", f"{title} has no event time.", hint, where)
        if not self.known_time:
            hint = (
                'Name the column that says when a row could be known: known_time="...". '
                f'If a row is known when it happens: known_time="{self.event_time}"'
            )
            raise invalid("no-known-time", f"{title} has no known time.", hint, where)
        require_ttl(self.ttl, title, where)
        columns = schema_columns(self.schema, title, where)
        for column in (*self.entity.keys, self.event_time, self.known_time, *_texts(self.features)):
            if column not in columns:
                hint = did_you_mean(column, columns, f"The columns are: {', '.join(columns)}.")
                message = f"{title} needs the column `{column}`, which its schema does not have."
                raise invalid("no-column", message, hint, where)
        require_times((self.event_time, self.known_time), self.pandera, title, where)
        apart = (*self.entity.keys, self.event_time, self.known_time)
        features = _texts(self.features) or tuple(name for name in columns if name not in apart)
        require_unique(features, f"the features of `{self.name}`", where)
        if not features:
            raise invalid("no-feature", f"{title} has no feature.", "", where)
        object.__setattr__(self, "features", features)

    def __getitem__(self, names: str | tuple[str, ...]) -> Self:
        """The same view with some of its features: ``weather["wind_mph", "rain_in"]``."""
        names, where = _texts(names), caller()
        for name in names:
            if name not in self.features:
                known = f"The features are: {', '.join(self.features)}."
                hint = did_you_mean(name, self.features, known)
                message = f"The feature view `{self.name}` has no feature `{name}`."
                raise invalid("no-feature", message, hint, where)
        return replace(self, features=names)

    @property
    def pandera(self) -> Any:
        """The schema, as pandera's DataFrameSchema."""
        return as_schema(self.schema)

    def with_features(self, names: Iterable[str]) -> Self:
        """The same view with these features besides its own."""
        return replace(self, features=tuple(dict.fromkeys((*self.features, *names))))


@dataclass(frozen=True, slots=True)
class RequestSource:
    """Columns that a request brings along, such as those of a timetable.

    Attributes:
        name: Its name.
        schema: The pandera schema of these columns.
        columns: The columns that are features, in this order; by default all of the schema.

    Example:
        >>> import pandera.pandas as pa
        >>> from stagebook.features import RequestSource
        >>> class Timetable(pa.DataFrameModel):
        ...     carrier: str
        ...     distance: float
        >>> RequestSource("timetable", schema=Timetable)["carrier"].columns
        ('carrier',)
    """

    name: str
    schema: Any = field(kw_only=True, repr=False, compare=False)
    columns: Sequence[str] = field(kw_only=True, default=())
    where: Where | None = field(kw_only=True, default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        where = self.where or caller()
        object.__setattr__(self, "where", where)
        require_name(self.name, "request source", where)
        title = f"The request source `{self.name}`"
        columns = schema_columns(self.schema, title, where)
        chosen = _texts(self.columns) or tuple(columns)
        require_unique(chosen, f"the columns of `{self.name}`", where)
        for column in chosen:
            if column not in columns:
                hint = did_you_mean(column, columns, f"The columns are: {', '.join(columns)}.")
                raise invalid("no-column", f"{title} has no column `{column}`.", hint, where)
        object.__setattr__(self, "columns", chosen)

    def __getitem__(self, names: str | tuple[str, ...]) -> Self:
        """The same source with some of its columns."""
        return replace(self, columns=_texts(names), where=caller())


@dataclass(frozen=True, slots=True)
class OnDemandFeature:
    """A feature that a pure function computes of request columns and other features.

    Attributes:
        function: The function. Its parameters are the columns that it needs.
        dtype: The pandas dtype of its values.
        where: Where it is defined.
    """

    function: Callable[..., Any]
    dtype: str
    where: Where | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """Its name, which is that of the function."""
        return self.function.__name__

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns that it needs."""
        return tuple(inspect.signature(self.function).parameters)

    def __call__(self, *values: Any, **named: Any) -> Any:
        """The function's values, as for any function."""
        return self.function(*values, **named)


def on_demand(dtype: str) -> Callable[[Callable[..., Any]], OnDemandFeature]:
    """Makes a function an on-demand feature of the same name.

    The function takes pandas Series of one length, named after columns of the request or
    features, and returns a Series of that length. It must be pure: the same rows give the same
    values, whatever other rows are beside them.

    Args:
        dtype: The pandas dtype of its values, such as ``"float64"``.

    Raises:
        StagebookError: It is no function with a name, a parameter has no name, such as
            ``*columns``, or a default, or the dtype is unknown or depends on the values.

    Example:
        >>> import pandas as pd
        >>> from stagebook.features import on_demand
        >>> @on_demand("float64")
        ... def departure_minute(scheduled_departure: pd.Series) -> pd.Series:
        ...     return scheduled_departure.dt.hour * 60 + scheduled_departure.dt.minute
        >>> departure_minute.inputs
        ('scheduled_departure',)
    """
    require_dtype(dtype, caller())

    def define(function: Callable[..., Any]) -> OnDemandFeature:
        code = getattr(function, "__code__", None)
        if code is None or not function.__name__.isidentifier():
            message = f"The on-demand feature {function!r} is not a function with a name."
            hint = "Define it with `def`: the feature gets the name of the function."
            raise invalid("bad-on-demand-feature", message, hint, caller())
        where = Where(code.co_filename, line=code.co_firstlineno)
        for parameter in inspect.signature(function).parameters.values():
            is_plain = parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
            if not is_plain or parameter.default is not parameter.empty:
                message = (
                    f"The on-demand feature `{function.__name__}` has the parameter `{parameter}`, "
                    "which is not a plain column name."
                )
                hint = "Use the name of a column for each parameter, and no default values."
                raise invalid("bad-on-demand-feature", message, hint, where)
        return OnDemandFeature(function, dtype, where)

    return define


def _texts(names: str | Sequence[str]) -> tuple[str, ...]:
    """Names, one or several; anything else is, as a text, a name that nothing has."""
    several = isinstance(names, Iterable) and not isinstance(names, str)
    return tuple(map(str, names)) if several else (str(names),)
