"""What the page of the features shows of each service, view and on-demand feature."""

from dataclasses import dataclass

from stagebook.report.profile_page import Page
from stagebook.report.site.data_page import Link


@dataclass(frozen=True, slots=True)
class PlaceLink:
    """A word that leads to a place on the same page.

    Attributes:
        name: The word, such as a feature or a service.
        anchor: The place; empty for none, as of a column of the request.
    """

    name: str
    anchor: str


@dataclass(frozen=True, slots=True)
class ModelUse:
    """A package that uses a service.

    Attributes:
        link: The package.
        trouble: What differs from the definitions that it was built from; empty if nothing does.
    """

    link: Link
    trouble: str


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A feature service.

    Attributes:
        anchor: Where a link leads to.
        name: Its name.
        where: Where it is defined.
        features: The features that it gives, in order.
        stages: The stages that import its module.
        models: The packages that use it.
        stores: Its online stores, each with the stage that writes it.
    """

    anchor: str
    name: str
    where: str
    features: tuple[PlaceLink, ...]
    stages: tuple[Link, ...]
    models: tuple[ModelUse, ...]
    stores: tuple[tuple[str, Link], ...]


@dataclass(frozen=True, slots=True)
class ViewSection:
    """A feature view.

    Attributes:
        anchor: Where a link leads to.
        name: Its name.
        entity: Its entity, with the keys.
        event_time: The column of its event times.
        known_time: The column of its known times.
        expires: When its values expire, in words.
        rows: How many rows its table has, in words.
        trouble: Where its table differs from its schema; empty if nowhere.
        newest: The latest known time in its table, in words.
        features: Its features, in order, each with the place of its profile.
        table: Its table.
        maker: The stage that writes its table; None if no stage does.
        services: The services that take features of it.
        stages: The stages that import its module.
        where: Where it is defined.
        profile: The profiles of its features; None if the profile of the table is missing.
        note: The reason if there is no profile; otherwise empty.
    """

    anchor: str
    name: str
    entity: str
    event_time: str
    known_time: str
    expires: str
    rows: str
    trouble: str
    newest: str
    features: tuple[PlaceLink, ...]
    table: Link
    maker: Link | None
    services: tuple[PlaceLink, ...]
    stages: tuple[Link, ...]
    where: str
    profile: Page | None
    note: str


@dataclass(frozen=True, slots=True)
class OnDemandRow:
    """An on-demand feature.

    Attributes:
        anchor: Where a link leads to.
        name: Its name.
        inputs: The columns that it is computed from.
        dtype: The dtype of its values.
        services: The services that compute it.
        where: Where it is defined.
    """

    anchor: str
    name: str
    inputs: str
    dtype: str
    services: tuple[PlaceLink, ...]
    where: str
