"""What a server answers, as JSON Schema: whatever does not depend on the package."""

from typing import Any

_Json = dict[str, Any]


def record(properties: _Json) -> _Json:
    """The schema of an object that has all of these properties."""
    return {"type": "object", "required": list(properties), "properties": properties}


def _nullable(properties: _Json) -> _Json:
    return {**record(properties), "type": ["object", "null"]}


def _list_of(items: _Json) -> _Json:
    return {"type": "array", "items": items}


_TEXT: _Json = {"type": "string"}
_COUNT: _Json = {"type": "integer", "minimum": 0}
_FLAG: _Json = {"type": "boolean"}
_TEXT_OR_NULL: _Json = {"type": ["string", "null"]}
_DIGEST: _Json = {"type": "string", "description": "The digest of the package."}
_REQUEST: _Json = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
_PLACE: _Json = {"row": {"type": ["integer", "null"], "minimum": 0}, "column": _TEXT_OR_NULL}

WARNING = record({"code": _TEXT, "message": _TEXT, "row": _COUNT, "column": _TEXT})
"""A remark on a row that gets a prediction."""

DETAILS: _Json = {
    "request": {**_REQUEST, "description": "The id of the request in the log."},
    "package": _DIGEST,
    "ids": {**_list_of(_TEXT), "description": "The id of each prediction."},
    "warnings": _list_of({"$ref": "#/components/schemas/Warning"}),
}
"""What the answer of ``/predict`` has beside the predictions."""

_PROBLEM: _Json = {
    "type": {"type": "string", "format": "uri-reference"},
    "title": _TEXT,
    "status": {"type": "integer"},
    "detail": _TEXT,
    "errors": {
        **_list_of(record({"code": _TEXT, "message": _TEXT, "hint": _TEXT, **_PLACE})),
        "minItems": 1,
    },
}
PROBLEM = record(_PROBLEM)
"""Problem details."""

MLFLOW_PROBLEM = record({**_PROBLEM, "error_code": _TEXT, "message": _TEXT})
"""Problem details with what clients of MLflow look for."""

HEALTH = record(
    {
        "status": {"enum": ["ok", "stopped"]},
        "package": record({"name": _TEXT, "digest": _DIGEST}),
        "waiting": {**_COUNT, "description": "Requests that wait for the model."},
        "unchecked_rules": {
            **_list_of(_TEXT),
            "description": "Rules of the contract that are not checked for requests.",
        },
        "online_store": {**_TEXT_OR_NULL, "description": "`ok`, or why the store is not used."},
        "log": _nullable(
            {
                "full": _FLAG,
                "since": {"type": ["number", "null"], "description": "Seconds since 1970."},
                "reason": _TEXT,
                "lost": _COUNT,
                "waiting": _COUNT,
                "must_stop": _FLAG,
                "unclosed": _TEXT,
            }
        ),
        "replacement": _nullable(
            {
                "time": {"type": "string", "format": "date-time"},
                "version": _TEXT,
                "digest": _TEXT_OR_NULL,
                "problems": _list_of(_TEXT),
            }
        ),
        "challenger": {**_TEXT_OR_NULL, "description": "The digest of the challenger."},
    }
)
"""The state of a server."""

HEADERS: _Json = {
    "X-Stagebook-Request": {"description": "The id of the request.", "schema": _REQUEST}
}
"""Headers of every answer about predictions."""
