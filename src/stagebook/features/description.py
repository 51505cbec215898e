"""A feature service as values that can be kept: what a model's features depend on."""

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from types import ModuleType
from typing import Any, Self

from stagebook.features import function_source, online
from stagebook.features.checks import as_schema, invalid
from stagebook.features.definitions import FeatureView, OnDemandFeature, RequestSource
from stagebook.features.resolution import Resolution
from stagebook.features.service import FeatureService
from stagebook.notebook.modules import SearchPath
from stagebook.project import typed_json
from stagebook.project.typed_json import ShapeError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class ViewDescription:
    """A feature view.

    Attributes:
        name: Its name.
        keys: Dtype of each key, by name in order.
        event_time: The column of event times.
        known_time: The column of known times.
        ttl: Microseconds after which a value expires; None for never.
        features: Dtype of each feature that is used, by name in order.
        digest: The digest by which an online store knows the view.
    """

    name: str
    keys: dict[str, str]
    event_time: str
    known_time: str
    ttl: int | None
    features: dict[str, str]
    digest: str

    @classmethod
    def of(cls, view: FeatureView) -> Self:
        """The description of a view."""
        dtypes = {name: str(column.dtype) for name, column in view.pandera.columns.items()}
        return cls(
            view.name,
            {name: dtypes[name] for name in view.entity.keys},
            view.event_time,
            view.known_time,
            view.ttl // timedelta(microseconds=1) if view.ttl is not None else None,
            {name: dtypes[name] for name in view.features},
            online.digest_of(view),
        )


@dataclass(frozen=True, slots=True)
class OnDemandDescription:
    """An on-demand feature.

    Attributes:
        name: Its name.
        dtype: The dtype of its values.
        inputs: The columns that it needs.
        digest: SHA-256 of its source, with the local code that it uses.
        modules: The digest of each local module that it uses, by path.
    """

    name: str
    dtype: str
    inputs: tuple[str, ...]
    digest: str
    modules: dict[str, str]

    @classmethod
    def of(cls, feature: OnDemandFeature, local: SearchPath) -> Self:
        """The description of a feature; see ``function_source.digest_of``."""
        digest, modules = function_source.digest_of(feature, local)
        return cls(
            feature.name, feature.dtype, feature.inputs, digest, dict(sorted(modules.items()))
        )


@dataclass(frozen=True, slots=True)
class ServiceDescription:
    """A feature service.

    Attributes:
        module: The module that it is imported from.
        variable: Its name in this module.
        name: Its own name.
        features: The features that the model takes, in order.
        instant: The column with the instant of each row.
        request: Dtype of each column of a request, by name in order; empty if no schema has one.
        views: Its feature views.
        on_demand: Its on-demand features, in the order of their computation.
        local: The top-level modules whose code counts by its content.
        request_schema: What is asked of the columns of a request, in the form of a package's
            ``schema.input.json``; None if that is not known.
    """

    module: str
    variable: str
    name: str
    features: tuple[str, ...]
    instant: str
    request: dict[str, str]
    views: tuple[ViewDescription, ...]
    on_demand: tuple[OnDemandDescription, ...]
    local: tuple[str, ...]
    request_schema: dict[str, Any] | None = None

    @property
    def address(self) -> str:
        """Where it is imported from, as ``module:name``."""
        return f"{self.module}:{self.variable}"

    @classmethod
    def of(cls, service: FeatureService, *, local: Iterable[str] | None = None) -> Self:
        """The description of a service.

        Args:
            service: The service.
            local: The top-level modules whose code counts; None for all that are not installed.

        Raises:
            StagebookError: The service is not in a module, or the source of an on-demand feature
                cannot be read.
        """
        resolution = service.resolution
        module, variable = _address(service)
        own = {function_source.top_module(feature) for feature in resolution.on_demand}
        search = function_source.search(own, None if local is None else frozenset(local))
        on_demand = tuple(OnDemandDescription.of(item, search) for item in resolution.on_demand)
        tops = {path.partition("/")[0] for item in on_demand for path in item.modules}
        return cls(
            module,
            variable,
            service.name,
            resolution.features,
            resolution.instant,
            _request(service, resolution),
            tuple(map(ViewDescription.of, resolution.views)),
            on_demand,
            tuple(sorted(own | {top.partition(".")[0] for top in tops})),
        )


def render(description: ServiceDescription) -> str:
    """The text of a description: the same bytes for the same service."""
    values = {"format": FORMAT, **asdict(description)}
    if description.request_schema is None:
        del values["request_schema"]
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def parse(text: str | bytes) -> ServiceDescription:
    """The description in a text.

    Raises:
        ShapeError: It is not a description, or one of another format.
    """
    values = typed_json.load(text)
    version = values.get("format") if isinstance(values, Mapping) else None
    if version != FORMAT:
        raise ShapeError(f"it has the format {version!r}; this Stagebook reads {FORMAT}")
    return typed_json.convert(values, ServiceDescription)


def _address(service: FeatureService) -> tuple[str, str]:
    """The module that has a service, and the name of the service in it.

    Raises:
        StagebookError: No module but that of a notebook or script has it.
    """
    file = service.where.file if service.where else None
    modules = [
        (getattr(module, "__file__", None) != file, name, module)
        for name, module in list(sys.modules.items())
        if name != "__main__" and isinstance(module, ModuleType)
    ]
    for _, name, module in sorted(modules, key=lambda entry: entry[:2]):
        for variable, value in list(vars(module).items()):
            if value is service:
                return name, variable
    message = f"The feature service `{service.name}` is in no module that can be imported."
    hint = "Define it in a module of the project, and import it: a server does the same."
    raise invalid("service-not-in-module", message, hint, service.where)


def _request(service: FeatureService, resolution: Resolution) -> dict[str, str]:
    """The dtype of each column of a request, as the first schema that has it says."""
    parts = (*service.parts, *service.helpers)
    sources = [part for part in parts if isinstance(part, RequestSource)]
    owners: list[RequestSource | FeatureView] = [*sources, *resolution.views]
    schemas = [as_schema(owner.schema) for owner in owners]
    dtypes: dict[str, str] = {}
    for schema in reversed(schemas):
        dtypes |= {str(name): str(column.dtype) for name, column in schema.columns.items()}
    return {name: dtypes.get(name, "") for name in resolution.request}
