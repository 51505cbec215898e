"""What a person reads of a project's features, in the terminal and on the site."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from stagebook.features.table_state import TableState
from stagebook.history.feature_listing import ListedOnDemandFeature, ListedService, ListedView
from stagebook.history.service_packages import ServicePackage
from stagebook.project.text import counted, plain

Fact = tuple[str, str]
"""A label and what it is the label of."""

TROUBLE = "trouble"
"""The label of what needs attention."""

_UNITS = (
    (timedelta(days=1), "day"),
    (timedelta(hours=1), "hour"),
    (timedelta(minutes=1), "minute"),
    (timedelta(seconds=1), "second"),
)


def expiry(ttl: timedelta | None) -> str:
    """When values expire, in the largest unit that the ttl is a whole number of."""
    if ttl is None:
        return "never"
    for unit, noun in _UNITS:
        if ttl % unit == timedelta(0):
            return f"after {counted(ttl // unit, noun)}"
    return f"after {ttl.total_seconds():g} seconds"


def rows(table: TableState) -> str:
    """How many rows the table of a view has, or why that is not known."""
    if not table.exists:
        return "not built yet"
    if table.trouble and table.rows is None:
        return f"cannot be read: {table.trouble}"
    return "not known" if table.rows is None else f"{table.rows:,}"


def misfit(table: TableState) -> str:
    """Where a table that can be read differs from its view's schema; empty if nowhere."""
    # `plain` shows an empty text as quotes
    return plain(table.trouble, 400) if table.trouble and table.rows is not None else ""


def difference(package: ServicePackage) -> str:
    """The first thing that differs from the definitions that a package was built from."""
    more = len(package.differences) - 1
    first = plain(package.differences[0].message, 300) if package.differences else ""
    return f"{first} And {counted(more, 'other difference')}." if more > 0 else first


def newest(table: TableState) -> str:
    """The latest known time in the table of a view; a time without a zone stays so."""
    if not table.exists or (table.trouble and table.newest is None):
        return "not known"
    return (
        "none" if table.newest is None else table.newest.replace("T", " ").replace("+00:00", " UTC")
    )


def entity(listed: ListedView) -> str:
    """The entity of a view with its keys."""
    return f"{listed.view.entity.name}, by {_names(listed.view.entity.keys)}"


def view_facts(listed: ListedView) -> Iterator[Fact]:
    """The facts of a feature view, in the terminal."""
    view, table = listed.view, listed.table
    yield "entity", entity(listed)
    yield "features", _names(view.features)
    yield "times", f"event {view.event_time}, known {view.known_time}"
    yield "expires", expiry(view.ttl)
    yield "table", f"{view.table}, {made_by(listed.maker)}"
    yield "rows", rows(table)
    if misfit(table):
        yield TROUBLE, misfit(table)
    if table.exists and newest(table) != "not known":
        yield "known", f"until {newest(table)}"
    yield "used by", _users(("service", listed.services), ("stage", listed.stages))
    yield "defined", str(listed.where)


def on_demand_facts(listed: ListedOnDemandFeature) -> Iterator[Fact]:
    """The facts of an on-demand feature, in the terminal."""
    yield "computed", f"from {_names(listed.feature.inputs) or 'nothing'}"
    yield "dtype", listed.feature.dtype
    yield "used by", _users(("service", listed.services))
    yield "defined", str(listed.where)


def service_facts(listed: ListedService) -> Iterator[Fact]:
    """The facts of a feature service, in the terminal."""
    yield "features", _names(listed.service.features)
    yield "request", _names(listed.service.request)
    yield (
        "used by",
        _users(
            ("stage", listed.stages), ("package", (package.path for package in listed.packages))
        ),
    )
    for package in listed.packages:
        if package.stale:
            yield TROUBLE, f"{plain(package.path)} is stale: {difference(package)}"
    for store in listed.stores:
        yield "store", f"{store.path}, {made_by(store.stage)}"
    yield "defined", str(listed.where)


def made_by(stage: str) -> str:
    """The stage that writes a file."""
    return f"written by the stage {stage}" if stage else "written by no stage"


def _users(*kinds: tuple[str, Iterable[str]]) -> str:
    """The users of a definition, kind by kind."""
    parts = []
    for noun, names in kinds:
        listed = tuple(names)
        if listed:
            parts.append(f"{noun}{'s' if len(listed) > 1 else ''} {_names(listed)}")
    return "; ".join(parts) or "nobody yet"


def _names(names: Iterable[str]) -> str:
    return ", ".join(names)
