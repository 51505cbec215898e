"""A feature service, resolved: its views, its request columns, the order of its computations."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from stagebook.features.checks import invalid
from stagebook.features.definitions import FeatureView, OnDemandFeature, RequestSource
from stagebook.project.errors import Where, did_you_mean

Part = FeatureView | OnDemandFeature | RequestSource
"""What a feature service is made of."""

_PARTS = "A part is a feature view, a request source or an on-demand feature."


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a feature service needs and gives.

    Attributes:
        service: Name of the service.
        features: Names of the features that the model takes, in order.
        views: The feature views, each once, with all of its features that are needed.
        request: The columns that a request, or a spine, must have: features, instant and keys.
        on_demand: The on-demand features, each after those that it needs.
        instant: The column with the instant of each row.
        where: Where the service is defined.
        sources: The request sources, as parts and helpers name them.
    """

    service: str
    features: tuple[str, ...]
    views: tuple[FeatureView, ...]
    request: tuple[str, ...]
    on_demand: tuple[OnDemandFeature, ...]
    instant: str
    where: Where | None
    sources: tuple[RequestSource, ...] = ()

    @classmethod
    def of(
        cls,
        service: str,
        parts: Sequence[Part],
        helpers: Sequence[Part],
        instant: str,
        where: Where | None,
    ) -> Self:
        """The resolution of a service; see ``FeatureService`` for the arguments.

        Raises:
            StagebookError: Something is no part of a service, two different views have one name,
                two parts have a feature of one name, or an on-demand feature needs a column that
                nothing gives.
        """
        if not isinstance(instant, str) or not instant:
            message = f"The feature service `{service}` does not name its column of instants."
            hint = 'Name the column with the time of each row: instant="..."'
            raise invalid("no-instant", message, hint, where)
        every = (*parts, *helpers)
        for part in every:
            _require_part(service, part, where)
        if not parts:
            raise invalid(
                "no-feature", f"The feature service `{service}` has no parts.", _PARTS, where
            )
        _require_same_views(every)
        _require_apart(service, parts, helpers, where)
        views = tuple(_views(every))
        sources = tuple(part for part in every if isinstance(part, RequestSource))
        columns = [name for source in sources for name in source.columns]
        keys = [key for view in views for key in view.entity.keys]
        _require_own_names(service, every, {instant, *keys}, where)
        request = tuple(dict.fromkeys((*columns, instant, *keys)))
        available = {*request, *(name for view in views for name in view.features)}
        waiting = [part for part in every if isinstance(part, OnDemandFeature)]
        features = tuple(name for part in parts for name in _names(part))
        ordered = _in_order(service, waiting, available)
        return cls(service, features, views, request, ordered, instant, where, sources)


def as_parts(parts: Any) -> tuple[Any, ...]:
    """The parts of a service; one alone, or something else, is a part as it is."""
    return tuple(parts) if isinstance(parts, Iterable) and not isinstance(parts, str) else (parts,)


def _require_part(service: str, part: Any, where: Where | None) -> None:
    if not isinstance(part, Part):
        kind = type(part).__name__
        message = f"The feature service `{service}` cannot have a part of the type {kind}."
        raise invalid("no-feature", message, _PARTS, where)


def _require_same_views(parts: Sequence[Part]) -> None:
    """Raises a StagebookError if two views of one name differ in more than their features."""
    first: dict[str, FeatureView] = {}
    for part in parts:
        if isinstance(part, FeatureView):
            other = first.setdefault(part.name, part)
            if replace(part, features=other.features, schema=other.schema) != other or (
                part.schema is not other.schema and part.pandera != other.pandera
            ):
                message = (
                    f"Two different feature views have the name `{part.name}`; the first is in "
                    f"{other.where}."
                )
                hint = "Give one of them another name, or use the same definition twice."
                raise invalid("repeated-definition", message, hint, part.where)


def _require_apart(
    service: str, parts: Sequence[Part], helpers: Sequence[Part], where: Where | None
) -> None:
    """Raises a StagebookError if a feature is repeated; a part may also be its own helper."""
    owners: dict[str, Part] = {}
    for place, part in enumerate((*parts, *helpers)):
        for name in _names(part):
            other = owners.get(name)
            if other is not None and (other is not part or place < len(parts)):
                owner = (
                    f"{_title(part)} is named twice"
                    if other is part
                    else f"{_title(other)} and {_title(part)}"
                )
                message = (
                    f"Two parts of the feature service `{service}` have the feature `{name}`: "
                    f"{owner}."
                )
                hint = (
                    'Leave the feature out of one of them: view["a", "b"] selects other features.'
                )
                raise invalid("repeated-feature", message, hint, where)
            owners[name] = part


def _require_own_names(
    service: str, parts: Sequence[Part], taken: set[str], where: Where | None
) -> None:
    """Raises a StagebookError if a feature has the name of a key or of the instant."""
    for part in parts:
        names = () if isinstance(part, RequestSource) else _names(part)
        if name := next((name for name in names if name in taken), None):
            message = (
                f"The feature `{name}` of {_title(part)} has the name of a key or of the instant "
                f"of the feature service `{service}`."
            )
            hint = "Give the feature another name, or leave it out."
            raise invalid("repeated-feature", message, hint, where)


def _views(parts: Sequence[Part]) -> list[FeatureView]:
    views: dict[str, FeatureView] = {}
    for part in parts:
        if isinstance(part, FeatureView):
            other = views.get(part.name)
            views[part.name] = part if other is None else other.with_features(part.features)
    return list(views.values())


def _in_order(
    service: str, waiting: Sequence[OnDemandFeature], available: set[str]
) -> tuple[OnDemandFeature, ...]:
    """The on-demand features in an order in which each can be computed."""
    available, ordered = set(available), list[OnDemandFeature]()
    while waiting:
        ready = [feature for feature in waiting if available.issuperset(feature.inputs)]
        if not ready:
            _require_inputs(service, waiting, available)
        ordered += ready
        available |= {feature.name for feature in ready}
        waiting = [feature for feature in waiting if feature not in ready]
    return tuple(ordered)


def _require_inputs(service: str, waiting: Sequence[OnDemandFeature], available: set[str]) -> None:
    """Raises a StagebookError that says why none of these features can be computed."""
    computed = {feature.name for feature in waiting}
    for feature in waiting:
        for name in feature.inputs:
            if name not in available | computed:
                message = (
                    f"The on-demand feature `{feature.name}` needs `{name}`, which the feature "
                    f"service `{service}` does not have."
                )
                hint = did_you_mean(
                    name, available, f"Add the part that has `{name}` to `helpers`."
                )
                raise invalid("no-column", message, hint, feature.where)
    names = ", ".join(feature.name for feature in waiting)
    message = f"The on-demand features {names} depend on each other in a cycle."
    hint = "Remove one of these features from the parameters of another."
    raise invalid("circular-features", message, hint, waiting[0].where)


def _names(part: Part) -> tuple[str, ...]:
    """The features that a part gives."""
    match part:
        case FeatureView():
            return tuple(part.features)
        case RequestSource():
            return tuple(part.columns)
        case OnDemandFeature():
            return (part.name,)


def _title(part: Part) -> str:
    """A part in words."""
    match part:
        case FeatureView():
            return f"the feature view `{part.name}`"
        case RequestSource():
            return f"the request source `{part.name}`"
        case OnDemandFeature():
            return f"the on-demand feature `{part.name}`"
