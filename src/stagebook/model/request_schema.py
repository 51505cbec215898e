"""What a package asks of the columns of a request that gives the keys of entities."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stagebook.model import schema
from stagebook.model.schema import Schema

if TYPE_CHECKING:
    import pandas as pd

_MLFLOW_TYPES = {"b": "boolean", "i": "long", "u": "long", "f": "double", "M": "datetime"}


def of(requests: "pd.DataFrame", columns: Mapping[str, Any], instant: str) -> Schema:
    """The schema of requests.

    Args:
        requests: Some rows with the columns of a request.
        columns: The columns of pandera schemas by name, of those columns that have one. Values of
            the others may be missing.
        instant: The column of instants, which are never missing.
    """
    fields = (
        schema.field_of(
            str(name),
            requests[name],
            _MLFLOW_TYPES.get(getattr(requests[name].dtype, "kind", ""), "string"),
            columns.get(str(name)),
            is_nullable=name not in columns or bool(columns[str(name)].nullable),
        )
        for name in requests.columns
    )
    return Schema(None, tuple(fields)).without_gaps_in(instant)


def as_json(requests: Schema) -> dict[str, Any]:
    """A schema as plain values, in the form of ``schema.input.json``."""
    values: dict[str, Any] = json.loads(schema.render(requests))
    return values


def from_json(values: Mapping[str, Any]) -> Schema:
    """The schema from plain values; ValueError, KeyError or TypeError for others."""
    return schema.parse(json.dumps(values))
