"""The features of a project in the terminal."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from stagebook.cli import screen
from stagebook.cli.printed import Screen
from stagebook.data.profiles.moment import instant
from stagebook.project.text import counted
from stagebook.report import feature_words as words

if TYPE_CHECKING:
    from stagebook.features.stored_rows import StoredView
    from stagebook.history.feature_listing import FeatureListing

_out = Screen()
_LABEL = 10


def show(listing: "FeatureListing") -> None:
    """Prints all features, with problems of notebooks on standard error."""
    screen.problems(listing.unread, warning=True)
    for number, block in enumerate(_blocks(listing)):
        if number:
            _out.print()
        for line in block:
            _out.print(line)
    if not (listing.views or listing.on_demand or listing.services):
        _out.print("The modules define no features.")


def _blocks(listing: "FeatureListing") -> Iterator[Iterator[Text]]:
    for view in listing.views:
        yield _block(view.view.name, "feature view", words.view_facts(view))
    for feature in listing.on_demand:
        yield _block(feature.feature.name, "on-demand feature", words.on_demand_facts(feature))
    for service in listing.services:
        yield _block(service.service.name, "feature service", words.service_facts(service))


def _block(name: str, noun: str, facts: Iterable[words.Fact]) -> Iterator[Text]:
    yield Text.assemble((name, "bold"), f"  {noun}")
    for label, text in facts:
        style = "yellow" if label == words.TROUBLE else ""
        yield Text.assemble((f"  {label:<{_LABEL}}", style or "dim"), (text, style))


def stored(path: Path, views: Iterable["StoredView"]) -> None:
    """Prints what an online store has."""
    for view in views:
        known = f", known until {_known(view)}" if view.known is not None else ""
        _out.print(f"{view.name}: {counted(view.rows, 'key')}{known}", markup=False)
    _out.print(f"Written: {path}", markup=False)


def stored_as_json(path: Path, views: Iterable["StoredView"]) -> dict[str, Any]:
    """What an online store has, as plain values."""
    return {
        "store": str(path),
        "views": [
            {"name": view.name, "keys": view.rows, "newest_known_time": _known(view)}
            for view in views
        ],
    }


def _known(view: "StoredView") -> str | None:
    """The latest known time of a stored view, in ISO 8601 in UTC."""
    return None if view.known is None else f"{instant(view.known // 1000)}Z"
