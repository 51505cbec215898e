"""The server's description in OpenAPI 3.1."""

from collections.abc import Mapping, Sequence
from typing import Any

from stagebook.model.schema import Schema
from stagebook.serving import json_schemas, problem_details
from stagebook.serving.input.body import CSV, JSON, PARQUET

_Json = dict[str, Any]
_ROW, _PREDICTION, _KEYS = "Row", "Prediction", "EntityKeys"
_REFUSALS = {
    "400": "The request cannot be parsed.",
    "401": "The bearer token is missing or wrong.",
    "413": "The body or the number of rows is too large.",
    "415": "The content type is not one of those that are listed.",
    "422": "Values of the rows are refused; `errors` lists them by row and column.",
    "503": "Too many requests wait; Retry-After says when to try again.",
    "504": "The prediction took longer than allowed.",
}


def describe(
    name: str,
    digest: str,
    inputs: Schema,
    outputs: Schema,
    examples: Mapping[str, Any],
    entity_keys: Sequence[str],
) -> _Json:
    """The document, as JSON values.

    Args:
        name: The package's name.
        digest: The package's digest.
        inputs: The columns that the model takes.
        outputs: The columns that it predicts.
        examples: ``inputs``: a row of the model's features, ``outputs``: its prediction, and
            ``entity_keys``: the keys of an entity; each as ``answers.records`` gives it, and each
            optional.
        entity_keys: The columns from which features are looked up; empty without an online store.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": name,
            "version": digest,
            "description": f"Predictions of the package {name}, by the protocol of MLflow.",
        },
        "paths": {
            "/ping": _get("ping", "Whether the server accepts requests", "text/plain"),
            "/health": _get("health", "The state of the model, the queue and the log", JSON),
            "/version": _get("version", "The version of MLflow's scoring protocol", "text/plain"),
            "/metrics": _get("metrics", "Metrics for Prometheus", "text/plain"),
            "/openapi.json": _get("openapi", "This document", JSON),
            "/invocations": {
                "post": _post("invocations", "Predictions, as MLflow's server answers", "Answer")
            },
            "/predict": {
                "post": _post("predict", "Predictions with ids and warnings", "DetailedAnswer")
            },
        },
        "components": {
            "schemas": _schemas(inputs, outputs, examples, entity_keys),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _get(operation: str, summary: str, media_type: str) -> _Json:
    schema = {"type": "object"} if media_type == JSON else {"type": "string"}
    answer = {"description": summary, "content": {media_type: {"schema": schema}}}
    unhealthy = {"503": {"description": "The server does not accept requests."}}
    responses = {"200": answer, **(unhealthy if operation in ("ping", "health") else {})}
    return {"get": {"operationId": operation, "summary": summary, "responses": responses}}


def _post(operation: str, summary: str, answer: str) -> _Json:
    request = "DetailedRequest" if operation == "predict" else "Request"
    binary = {"schema": {"type": "string", "contentMediaType": PARQUET}}
    content = {JSON: {"schema": _ref(request)}, CSV: {"schema": {"type": "string"}}}
    problem = {problem_details.MEDIA_TYPE: {"schema": _ref("Problem")}}
    refusals = {
        status: {"description": description, "content": problem}
        for status, description in _REFUSALS.items()
    }
    accepted = {"description": summary, "content": {JSON: {"schema": _ref(answer)}}}
    return {
        "operationId": operation,
        "summary": summary,
        "requestBody": {"required": True, "content": {**content, PARQUET: binary}},
        "responses": {"200": accepted, **refusals},
    }


def _schemas(
    inputs: Schema, outputs: Schema, examples: Mapping[str, Any], entity_keys: Sequence[str]
) -> _Json:
    names = [field.name for field in inputs.fields]
    row = _with_example(json_schemas.row(inputs), examples.get("inputs"))
    prediction = _with_example(json_schemas.prediction(outputs), examples.get("outputs"))
    schemas = {
        _ROW: row,
        _PREDICTION: prediction,
        "Request": _request(_ROW, names),
        "DetailedRequest": _request(_ROW, names),
        "Answer": _answer({}),
        "DetailedAnswer": _answer(_DETAILS),
        "Warning": _WARNING,
        "Problem": _PROBLEM,
    }
    if entity_keys:
        properties: _Json = {key: {} for key in entity_keys}
        keys = {"type": "object", "required": list(entity_keys), "properties": properties}
        schemas[_KEYS] = _with_example(keys, examples.get("entity_keys"))
        by_key = {"dataframe_records": {"type": "array", "items": _ref(_KEYS), "minItems": 1}}
        keyed = {"type": "object", "required": list(by_key), "properties": by_key}
        schemas["DetailedRequest"] = {"anyOf": [_ref("Request"), keyed]}
    return schemas


def _request(row: str, names: Sequence[str]) -> _Json:
    """One of the four formats of MLflow's scoring protocol; `params` are ignored."""
    records = {"type": "array", "items": _ref(row), "minItems": 1}
    table = {"type": "array", "items": {"type": "array"}, "minItems": 1}
    split = {
        "type": "object",
        "required": ["data"],
        "properties": {
            "columns": {
                "type": "array",
                "items": {"enum": list(names)},
                "minItems": len(names),
                "uniqueItems": True,
            },
            "data": table,
            "index": {"type": "array"},
        },
        "additionalProperties": False,
    }
    columns = {
        "type": "object",
        "required": list(names),
        "properties": {name: {} for name in names},
        "additionalProperties": False,
    }
    tensors = {"anyOf": [{"type": "array", "minItems": 1}, columns]}
    formats = {
        "dataframe_records": records,
        "dataframe_split": split,
        "instances": tensors,
        "inputs": tensors,
    }
    return {
        "oneOf": [
            {
                "type": "object",
                "required": [key],
                "properties": {key: schema, "params": {}},
                "additionalProperties": False,
            }
            for key, schema in formats.items()
        ]
    }


def _answer(details: _Json) -> _Json:
    predictions = {"type": "array", "items": _ref(_PREDICTION)}
    properties = {"predictions": predictions, **details}
    return {"type": "object", "required": list(properties), "properties": properties}


def _with_example(schema: _Json, example: Any) -> _Json:
    return {**schema, "examples": [example]} if example is not None else schema


def _ref(name: str) -> _Json:
    return {"$ref": f"#/components/schemas/{name}"}


_PLACE = {"row": {"type": ["integer", "null"]}, "column": {"type": ["string", "null"]}}
_WORDS = {"code": {"type": "string"}, "message": {"type": "string"}}
_WARNING: _Json = {
    "type": "object",
    "required": ["code", "message", "row", "column"],
    "properties": {**_WORDS, "row": {"type": "integer"}, "column": {"type": "string"}},
}
_DETAILS: _Json = {
    "ids": {"type": "array", "items": {"type": "string"}},
    "warnings": {"type": "array", "items": _ref("Warning")},
}
_PROBLEM: _Json = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["code", "message", "hint", "row", "column"],
                "properties": {**_WORDS, "hint": {"type": "string"}, **_PLACE},
            },
        },
    },
}
