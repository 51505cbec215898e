"""The page of the features: views with the profiles of their features, services and models."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from stagebook.history.feature_listing import (
    FeatureListing,
    ListedOnDemandFeature,
    ListedService,
    ListedView,
)
from stagebook.history.project_status import DataFile, ProjectStatus
from stagebook.pipeline import nodes
from stagebook.project.errors import StagebookError, Where
from stagebook.project.project import Project
from stagebook.project.text import counted, plain
from stagebook.report import feature_words as words
from stagebook.report import frame as frames
from stagebook.report import profile_page
from stagebook.report.frame import Frame
from stagebook.report.profile_page import Page
from stagebook.report.site import data_page, names, places
from stagebook.report.site.data_page import Link

TITLE = "Features"
_STYLE = ".features h2 .quiet { font-weight: 400; } .features tbody th { min-width: 9rem; }"


@dataclass(frozen=True, slots=True)
class FeatureLink:
    """A feature of a service.

    Attributes:
        name: The feature.
        anchor: Where the page describes it; empty for a column of the request.
    """

    name: str
    anchor: str


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A feature service.

    Attributes:
        anchor: Where a link leads to.
        name: Its name.
        where: Where it is defined.
        features: The features that it gives, in order.
        stages: The stages that import its module.
        models: The packages that these stages write.
        stores: Its online stores, each with the stage that writes it.
    """

    anchor: str
    name: str
    where: str
    features: tuple[FeatureLink, ...]
    stages: tuple[Link, ...]
    models: tuple[Link, ...]
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
        newest: The latest known time in its table, in words.
        count: How many features it has.
        table: Its table.
        maker: The stage that writes its table; None if no stage does.
        services: The services that take features of it.
        stages: The stages that import its module.
        where: Where it is defined.
        profile: The profiles of its features; None if the profile of the table is missing.
        note: Why there is no profile; empty if there is one.
    """

    anchor: str
    name: str
    entity: str
    event_time: str
    known_time: str
    expires: str
    rows: str
    newest: str
    count: int
    table: Link
    maker: Link | None
    services: tuple[FeatureLink, ...]
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
    services: tuple[FeatureLink, ...]
    where: str


def render(project: Project, status: ProjectStatus, frame: Frame) -> str:
    """The page of a project's features; if they cannot be read, the page says why.

    Args:
        project: The project.
        status: What is known of its last build.
        frame: The page's frame.
    """
    try:
        listing = FeatureListing.read(project, [stage.node for stage in status.stages])
    except StagebookError as error:
        trouble = [plain(str(problem), 400) for problem in error.problems]
        return frames.render("site/trouble.html", frame, TITLE, words=trouble)
    site = _Links.of(project, status, listing)
    return frames.render(
        "site/features.html",
        frame,
        TITLE,
        style=_STYLE,
        summary=_summary(listing),
        notes=[plain(str(problem), 300) for problem in listing.unread],
        services=[site.service(item) for item in listing.services],
        views=[site.view(item) for item in listing.views],
        on_demand=[site.on_demand(item) for item in listing.on_demand],
    )


def _summary(listing: FeatureListing) -> str:
    parts = (
        counted(len(listing.services), "feature service"),
        counted(len(listing.views), "feature view"),
        counted(len(listing.on_demand), "on-demand feature"),
    )
    return f"{', '.join(parts)}."


@dataclass(frozen=True, slots=True)
class _Links:
    """The parts of the page, with links to the other pages of the site.

    Attributes:
        project: The project.
        status: What is known of its last build.
        files: The file of the site that is the table of a view, or a folder that holds it, by view.
        profiles: The profiles of the features of a view, by view.
    """

    project: Project
    status: ProjectStatus
    files: Mapping[str, DataFile]
    profiles: Mapping[str, Page]

    @classmethod
    def of(cls, project: Project, status: ProjectStatus, listing: FeatureListing) -> "_Links":
        """The parts of the page of some features."""
        files = {
            listed.view.name: file
            for listed in listing.views
            for file in status.files
            if nodes.meet(file.path, listed.view.table)
        }
        profiles = {
            listed.view.name: page
            for listed in listing.views
            if (page := _profile(project, listed, files.get(listed.view.name))) is not None
        }
        return cls(project, status, files, profiles)

    def service(self, listed: ListedService) -> ServiceRow:
        anchors = self._anchors(listed)
        packages = [file.path for file in self.status.files if file.package]
        short = names.apart(packages)
        return ServiceRow(
            f"service-{listed.service.name}",
            plain(listed.service.name),
            _place(listed.where),
            tuple(
                FeatureLink(plain(name), anchors.get(name, "")) for name in listed.service.features
            ),
            tuple(map(self._stage, listed.stages)),
            tuple(
                Link(plain(short.get(path, path)), places.model(path) if path in short else "")
                for path in listed.packages
            ),
            tuple((plain(store.path), self._stage(store.stage)) for store in listed.stores),
        )

    def view(self, listed: ListedView) -> ViewSection:
        view, profile = listed.view, self.profiles.get(listed.view.name)
        file = self.files.get(view.name)
        return ViewSection(
            f"view-{view.name}",
            plain(view.name),
            plain(words.entity(listed)),
            plain(view.event_time),
            plain(view.known_time),
            words.expiry(view.ttl),
            plain(words.rows(listed.table), 200),
            words.newest(listed.table),
            len(view.features),
            Link(plain(view.table), places.data(file.path) if file is not None else ""),
            self._stage(listed.maker) if listed.maker else None,
            _services(listed.services),
            tuple(map(self._stage, listed.stages)),
            _place(listed.where),
            profile,
            "" if profile is not None else _why_no_profile(listed),
        )

    def on_demand(self, listed: ListedOnDemandFeature) -> OnDemandRow:
        feature = listed.feature
        return OnDemandRow(
            f"feature-{feature.name}",
            plain(feature.name),
            ", ".join(map(plain, feature.inputs)),
            plain(feature.dtype),
            _services(listed.services),
            _place(listed.where),
        )

    def _anchors(self, listed: ListedService) -> Mapping[str, str]:
        """Where the page describes the features that are no columns of the request."""
        anchors: dict[str, str] = {}
        for view in listed.service.resolution.views:
            anchors |= dict.fromkeys(view.features, f"view-{view.name}")
            page = self.profiles.get(view.name)
            cards = {card.name: card.anchor for card in page.cards} if page is not None else {}
            anchors |= {name: cards[name] for name in view.features if name in cards}
        return anchors | {
            item.name: f"feature-{item.name}" for item in listed.service.resolution.on_demand
        }

    def _stage(self, name: str) -> Link:
        is_notebook = name in {stage.name for stage in self.status.notebooks}
        return Link(plain(name), places.notebook(name) if is_notebook else "")


def _profile(project: Project, listed: ListedView, file: DataFile | None) -> Page | None:
    """The profiles of a view's features, whose anchors no other view has; None without any."""
    if file is None or file.path != listed.view.table:
        return None
    profile = data_page.read_profile(project, file)
    if profile is None:
        return None
    profiled = map(profile.column, listed.view.features)
    columns = tuple(column for column in profiled if column is not None)
    page = profile_page.shown(replace(profile, columns=columns), file.path)
    prefix = f"view-{listed.view.name}"
    cards = tuple(replace(card, anchor=f"{prefix}-{card.anchor}") for card in page.cards)
    return replace(page, cards=cards)


def _why_no_profile(listed: ListedView) -> str:
    if not listed.table.exists:
        return "The table is not built yet, so its features have no profile."
    return "No profile of the table is here: no execution wrote or read it as a table."


def _services(services: Iterable[str]) -> tuple[FeatureLink, ...]:
    return tuple(FeatureLink(plain(name), f"service-{name}") for name in services)


def _place(where: Where | None) -> str:
    return "" if where is None else plain(str(where), 200)
