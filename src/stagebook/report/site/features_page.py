"""The page of the features: views with the profiles of their features, services and models."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from stagebook.features.definitions import FeatureView
from stagebook.history.feature_listing import (
    FeatureListing,
    ListedOnDemandFeature,
    ListedService,
    ListedView,
)
from stagebook.history.project_status import DataFile, ProjectStatus
from stagebook.pipeline import nodes
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.project import Project
from stagebook.project.text import counted, plain
from stagebook.report import feature_words as words
from stagebook.report import frame as frames
from stagebook.report import profile_page
from stagebook.report.frame import Frame
from stagebook.report.profile_page import Page
from stagebook.report.site import data_page, names, places
from stagebook.report.site.data_page import Link
from stagebook.report.site.feature_rows import (
    ModelUse,
    OnDemandRow,
    PlaceLink,
    ServiceRow,
    ViewSection,
)

TITLE = "Features"
_STYLE = """
.features h2 .quiet { font-weight: 400; }
@media screen and (min-width: 40rem) { .features .where { white-space: nowrap; } }
"""


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
        notes=[_note(problem) for problem in listing.unread],
        services=[site.service(item) for item in listing.services],
        views=[site.view(item) for item in listing.views],
        on_demand=[site.on_demand(item) for item in listing.on_demand],
    )


def _note(problem: Problem) -> str:
    """A problem in one line: where, and what happened."""
    place = f"{problem.where}: " if problem.where is not None else ""
    return plain(f"{place}{problem.message}", 300)


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
                PlaceLink(plain(name), anchors.get(name, "")) for name in listed.service.features
            ),
            tuple(map(self._stage, listed.stages)),
            tuple(
                ModelUse(
                    Link(
                        plain(short.get(package.path, package.path)),
                        places.model(package.path) if package.path in short else "",
                    ),
                    plain(words.difference(package), 400) if package.stale else "",
                )
                for package in listed.packages
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
            words.misfit(listed.table),
            words.newest(listed.table),
            self._features(view),
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
            anchors |= self._cards(view)
        return anchors | {
            item.name: f"feature-{item.name}" for item in listed.service.resolution.on_demand
        }

    def _features(self, view: FeatureView) -> tuple[PlaceLink, ...]:
        cards = self._cards(view)
        return tuple(PlaceLink(plain(name), cards.get(name, "")) for name in view.features)

    def _cards(self, view: FeatureView) -> Mapping[str, str]:
        """The places of the profiles of a view's features, by feature."""
        page = self.profiles.get(view.name)
        cards = {card.name: card.anchor for card in page.cards} if page is not None else {}
        shown = {name: cards.get(plain(name, 200)) for name in view.features}
        return {name: anchor for name, anchor in shown.items() if anchor is not None}

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


def _services(services: Iterable[str]) -> tuple[PlaceLink, ...]:
    return tuple(PlaceLink(plain(name), f"service-{name}") for name in services)


def _place(where: Where | None) -> str:
    return "" if where is None else plain(str(where), 200)
