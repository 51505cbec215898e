"""The server's description in OpenAPI 3.1."""

from collections.abc import Mapping, Sequence
from typing import Any

from stagebook.model.schema import Schema
from stagebook.serving import answer_schemas, json_schemas, problem_details
from stagebook.serving.input.body import CSV, JSON, PARQUET

_Json = dict[str, Any]
_ROW, _PREDICTION, _KEYS = "Row", "Prediction", "EntityKeys"
_NO_TOKEN = "The bearer token is missing or wrong."
_REFUSALS = {
    "400": "The request cannot be parsed.",
    "401": _NO_TOKEN,
    "408": "The body was not sent in time.",
    "413": "The body or the number of rows is too large.",
    "415": "The content type is not one of those that are listed, or the body is compressed.",
    "422": "Values of the rows are refused; `errors` lists them by row and column.",
    "500": "The model failed on rows that have passed every check.",
    "503": "Too many requests wait, and Retry-After says when to try again; or the log is full.",
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
            "/ping": _get("ping", "Whether the server accepts requests", _TEXT),
            "/health": _get("health", "The state of the model, the queue and the log", _HEALTH),
            "/version": _get("version", "The version of MLflow's scoring protocol", _TEXT),
            "/metrics": _get("metrics", "Metrics for Prometheus", _TEXT, needs_token=True),
            "/openapi.json": _get("openapi", "This document", _DOCUMENT, needs_token=True),
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


def _get(operation: str, summary: str, content: _Json, *, needs_token: bool = False) -> _Json:
    responses: _Json = {"200": {"description": summary, "content": content}}
    if operation in ("ping", "health"):
        stopped = "The server does not accept requests."
        responses["503"] = {"description": stopped, "content": content}
    if needs_token:
        responses["401"] = {"description": _NO_TOKEN, "content": _problem("Problem")}
    item = {"operationId": operation, "summary": summary, "responses": responses}
    return {"get": item if needs_token else {**item, "security": []}}


def _problem(name: str) -> _Json:
    return {problem_details.MEDIA_TYPE: {"schema": _ref(name)}}


def _post(operation: str, summary: str, answer: str) -> _Json:
    request = "DetailedRequest" if operation == "predict" else "Request"
    binary = {"schema": {"type": "string", "contentMediaType": PARQUET}}
    body = {JSON: {"schema": _ref(request)}, CSV: {"schema": {"type": "string"}}, PARQUET: binary}
    problem = _problem("Problem" if operation == "predict" else "MlflowProblem")
    answers = {"200": (summary, {JSON: {"schema": _ref(answer)}})}
    answers |= {status: (text, problem) for status, text in _REFUSALS.items()}
    responses = {
        status: {"description": text, "headers": answer_schemas.HEADERS, "content": content}
        for status, (text, content) in answers.items()
    }
    return {
        "operationId": operation,
        "summary": summary,
        "requestBody": {"required": True, "content": body},
        "responses": responses,
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
        "Request": _request(_ROW, names, further_keys=True),
        "DetailedRequest": _request(_ROW, names, further_keys=False),
        "Answer": _answer({}),
        "DetailedAnswer": _answer(answer_schemas.DETAILS),
        "Warning": answer_schemas.WARNING,
        "Problem": answer_schemas.PROBLEM,
        "MlflowProblem": answer_schemas.MLFLOW_PROBLEM,
        "Health": answer_schemas.HEALTH,
    }
    if entity_keys:
        properties: _Json = {key: {} for key in entity_keys}
        keys = {"type": "object", "required": list(entity_keys), "properties": properties}
        schemas[_KEYS] = _with_example(keys, examples.get("entity_keys"))
        by_key = {"dataframe_records": {"type": "array", "items": _ref(_KEYS), "minItems": 1}}
        keyed = {"type": "object", "required": list(by_key), "properties": by_key}
        schemas["DetailedRequest"] = {"anyOf": [schemas["DetailedRequest"], keyed]}
    return schemas


def _request(row: str, names: Sequence[str], *, further_keys: bool) -> _Json:
    """One of the four formats of MLflow's scoring protocol; `params` are ignored.

    Args:
        row: The schema of a row.
        names: The columns of a row.
        further_keys: Whether the body may have further keys, which are ignored.
    """
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
                "properties": {**dict.fromkeys(formats, False), key: schema, "params": {}},
                "additionalProperties": further_keys,
            }
            for key, schema in formats.items()
        ]
    }


def _answer(details: _Json) -> _Json:
    predictions = {"type": "array", "items": _ref(_PREDICTION)}
    return answer_schemas.record({"predictions": predictions, **details})


def _with_example(schema: _Json, example: Any) -> _Json:
    return {**schema, "examples": [example]} if example is not None else schema


def _ref(name: str) -> _Json:
    return {"$ref": f"#/components/schemas/{name}"}


_TEXT: _Json = {"text/plain": {"schema": {"type": "string"}}}
_HEALTH: _Json = {JSON: {"schema": _ref("Health")}}
_DOCUMENT: _Json = {JSON: {"schema": {"type": "object"}}}
