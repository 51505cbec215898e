"""How the present code of a feature service differs from a description of it."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from stagebook.features.description import (
    OnDemandDescription,
    ServiceDescription,
    ViewDescription,
)
from stagebook.features.service import FeatureService
from stagebook.project.errors import Problem, Where, did_you_mean

_HINT = (
    "Use the code that the model was packaged with, or train and package the model again with "
    "this code."
)


def differences(packaged: ServiceDescription, service: FeatureService) -> tuple[Problem, ...]:
    """How a service differs from its description, each problem with the line of the definition.

    Args:
        packaged: The description.
        service: The service, as the code here defines it.

    Raises:
        StagebookError: The source of an on-demand feature cannot be read.
    """
    present = ServiceDescription.of(service, local=packaged.local)
    return (
        *_features(packaged, present, service.where),
        *_service(packaged, present, service.where),
        *_views(packaged, present, service),
        *_on_demand(packaged, present, service),
    )


def differs(message: str, where: Where | None, hint: str = "") -> Problem:
    """The problem that a definition differs from the package."""
    return Problem("features-differ", message, hint or _HINT, where)


def feature_names(
    owner: str, expected: tuple[str, ...], actual: tuple[str, ...], where: Where | None
) -> Iterator[Problem]:
    """Why the features of a service are not those that something expects, in this order.

    Args:
        owner: What expects them, as the start of a sentence that goes on with "expects".
        expected: The features that are expected, in order.
        actual: The features of the service, in order.
        where: Where the service is defined.
    """
    if expected == actual:
        return
    missing = [name for name in expected if name not in actual]
    added = [name for name in actual if name not in expected]
    for name in missing:
        message = f"{owner} expects the feature `{name}`, which the feature service does not have."
        yield differs(message, where, did_you_mean(name, added or actual))
    for name in added:
        message = f"{owner} does not have the feature `{name}` of the feature service."
        yield differs(message, where, did_you_mean(name, missing))
    if not missing and not added:
        place = next(place for place, name in enumerate(expected) if actual[place] != name)
        message = (
            f"{owner} expects the feature `{expected[place]}` in position {place + 1}, where the "
            f"feature service has `{actual[place]}`."
        )
        yield differs(message, where, f"Give the order: {', '.join(expected)}.")


def _features(
    packaged: ServiceDescription, present: ServiceDescription, where: Where | None
) -> Iterator[Problem]:
    yield from feature_names("The package", packaged.features, present.features, where)


def _service(
    packaged: ServiceDescription, present: ServiceDescription, where: Where | None
) -> Iterator[Problem]:
    if packaged.name != present.name:
        message = (
            f"The feature service is `{present.name}` here, and `{packaged.name}` in the package."
        )
        yield differs(message, where)
    if packaged.instant != present.instant:
        message = (
            f"The instant of the feature service is `{present.instant}` here, and "
            f"`{packaged.instant}` in the package."
        )
        yield differs(message, where)
    yield from _dtypes("request column", packaged.request, present.request, where)


def _dtypes(
    noun: str, then: Mapping[str, str], now: Mapping[str, str], where: Where | None
) -> Iterator[Problem]:
    for name in dict.fromkeys((*then, *now)):
        if then.get(name) == now.get(name):
            continue
        old, new = _dtype(then, name), _dtype(now, name)
        yield differs(f"The {noun} `{name}` {new} here, and {old} in the package.", where)


def _dtype(dtypes: Mapping[str, str], name: str) -> str:
    if name not in dtypes:
        return "is missing"
    return f"has the dtype {dtypes[name]}" if dtypes[name] else "has no dtype"


def _views(
    packaged: ServiceDescription, present: ServiceDescription, service: FeatureService
) -> Iterator[Problem]:
    then = {view.name: view for view in packaged.views}
    now = {view.name: view for view in present.views}
    places = {view.name: view.where for view in service.resolution.views}
    for name in dict.fromkeys((*then, *now)):
        if name not in now:
            message = f"The feature service no longer has the feature view `{name}`."
            yield differs(message, service.where, did_you_mean(name, now.keys() - then.keys()))
        elif name not in then:
            message = f"The package does not have the feature view `{name}` of the feature service."
            yield differs(message, places[name])
        elif then[name] != now[name]:
            yield from _view(then[name], now[name], places[name])


def _view(then: ViewDescription, now: ViewDescription, where: Where | None) -> Iterator[Problem]:
    title = f"The feature view `{now.name}`"
    facts = (
        ("ttl", _ttl(then.ttl), _ttl(now.ttl)),
        ("event time", f"`{then.event_time}`", f"`{now.event_time}`"),
        ("known time", f"`{then.known_time}`", f"`{now.known_time}`"),
        ("keys", ", ".join(then.keys), ", ".join(now.keys)),
    )
    problems = [
        differs(f"{title} has the {noun} {new} here, and {old} in the package.", where)
        for noun, old, new in facts
        if old != new
    ]
    problems += _dtypes(f"key of the feature view `{now.name}`", then.keys, now.keys, where)
    noun = f"feature of the feature view `{now.name}`"
    problems += _dtypes(noun, then.features, now.features, where)
    # the order of features, or another format of online stores
    yield from problems or [differs(f"{title} has another definition in the package.", where)]


def _ttl(ttl: int | None) -> str:
    return "None" if ttl is None else str(timedelta(microseconds=ttl))


def _on_demand(
    packaged: ServiceDescription, present: ServiceDescription, service: FeatureService
) -> Iterator[Problem]:
    then = {feature.name: feature for feature in packaged.on_demand}
    now = {feature.name: feature for feature in present.on_demand}
    places = {feature.name: feature.where for feature in service.resolution.on_demand}
    for name in dict.fromkeys((*then, *now)):
        if name not in now:
            message = f"The feature service no longer has the on-demand feature `{name}`."
            yield differs(message, service.where, did_you_mean(name, now.keys() - then.keys()))
        elif name not in then:
            message = f"The package does not have the on-demand feature `{name}`."
            yield differs(message, places[name])
        elif then[name] != now[name]:
            yield differs(_other_function(then[name], now[name]), places[name])


def _other_function(then: OnDemandDescription, now: OnDemandDescription) -> str:
    title = f"The on-demand feature `{now.name}`"
    if then.dtype != now.dtype:
        return f"{title} has the dtype {now.dtype} here, and {then.dtype} in the package."
    changed = [
        path
        for path in sorted({*then.modules, *now.modules})
        if then.modules.get(path) != now.modules.get(path)
    ]
    if changed:
        return f"{title} uses other code than in the package: {', '.join(changed)}."
    return f"{title} has another function than in the package."
