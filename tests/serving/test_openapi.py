"""The description of the server: valid OpenAPI 3.1 that says what the validation does."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pandas as pd
import pytest
from served_columns import fields, problems, rows_of, sample

from stagebook.model.schema import Field, Schema
from stagebook.serving import answers, json_schemas, openapi, problem_details
from stagebook.serving.input.body import JSON, parse
from stagebook.serving.input.validation import Validator
from stagebook.serving.refusal import Refusal, RequestProblem

INPUTS = Schema(
    "flights.contracts:Features",
    (
        Field(
            "hour",
            "long",
            "int64",
            False,
            ("between 0 and 23",),
            ({"check": "in_range", "min_value": 0, "max_value": 23},),
        ),
        Field(
            "carrier",
            "string",
            "str",
            True,
            ("one of AA, UA",),
            ({"check": "isin", "allowed_values": ["AA", "UA"]},),
        ),
        Field(
            "wind",
            "double",
            "float64",
            True,
            ("above 0", "below inf"),
            (
                {"check": "greater_than", "min_value": "0.0"},
                {"check": "less_than", "max_value": float("inf")},
            ),
        ),
        Field("at", "datetime", "datetime64[us, UTC]", False),
        Field("small", "integer", "int8", True),
    ),
)
OUTPUTS = Schema(None, (Field("probability", "double", "float64", False),))
GOLDEN = pd.DataFrame(
    {
        "hour": [5],
        "carrier": ["AA"],
        "wind": [1.5],
        "at": pd.to_datetime(["2013-01-31T05:00"], utc=True),
        "small": pd.Series([3], dtype="int8"),
    }
)
EXAMPLES = {"inputs": answers.records(GOLDEN)[0], "outputs": {"probability": 0.25}}
KEYED = {**EXAMPLES, "entity_keys": {"tailnum": "N1"}}
DOCUMENT = openapi.describe("late", "abc", INPUTS, OUTPUTS, KEYED, ["tailnum"])
PATHS = ["/ping", "/health", "/version", "/metrics", "/openapi.json", "/invocations", "/predict"]


def valid(value: Any, name: str, document: dict[str, Any] = DOCUMENT) -> bool:
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return bool(jsonschema.Draft202012Validator(schema).is_valid(value))


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from references(item)


def test_the_document_has_every_path_and_is_json() -> None:
    assert sorted(DOCUMENT["paths"]) == sorted(PATHS)
    assert json.loads(json.dumps(DOCUMENT, allow_nan=False)) == DOCUMENT
    assert DOCUMENT["openapi"] == "3.1.0"


@pytest.mark.parametrize("keys", [[], ["tailnum"]])
def test_every_reference_leads_to_a_valid_schema(keys: list[str]) -> None:
    document = openapi.describe("late", "abc", INPUTS, OUTPUTS, {}, keys)
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    names = {reference.removeprefix("#/components/schemas/") for reference in references(document)}
    assert names == set(schemas)


def test_every_operation_is_complete() -> None:
    operations = [item for path in DOCUMENT["paths"].values() for item in path.values()]
    assert len({item["operationId"] for item in operations}) == len(PATHS)
    for operation in operations:
        for status, response in operation["responses"].items():
            assert response["description"]
            if "requestBody" in operation and status != "200":
                assert list(response["content"]) == [problem_details.MEDIA_TYPE]


def test_examples_are_valid_and_accepted_by_the_server() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for name in ("Row", "Prediction", "EntityKeys"):
        [example] = schemas[name]["examples"]
        assert valid(example, name)
    sent = json.dumps({"dataframe_records": schemas["Row"]["examples"]}).encode()
    frame = Validator.of(INPUTS, GOLDEN, 10).check(parse(JSON, sent, list(GOLDEN.columns)))
    pd.testing.assert_frame_equal(frame, GOLDEN)


@pytest.mark.parametrize(
    "change",
    [
        {"hour": 24},
        {"hour": -1},
        {"hour": None},
        {"hour": "5"},
        {"carrier": "DL"},
        {"wind": 0},
        {"wind": "x"},
        {"at": None},
        {"small": 128},
        {"small": None},
    ],
)
def test_what_the_server_refuses_is_invalid_by_the_description(change: dict[str, Any]) -> None:
    row = {**EXAMPLES["inputs"], **change}
    assert problems(Validator.of(INPUTS, GOLDEN, 10).check, rows_of(row))
    assert not valid(row, "Row")
    assert not valid({"dataframe_records": [row]}, "Request")


@pytest.mark.parametrize("change", [{"carrier": None}, {"wind": None}, {"wind": 3}, {"hour": 23.0}])
def test_what_the_server_accepts_is_valid_by_the_description(change: dict[str, Any]) -> None:
    row = {**EXAMPLES["inputs"], **change}
    assert len(Validator.of(INPUTS, GOLDEN, 10).check(rows_of(row))) == 1
    assert valid(row, "Row")


def test_all_formats_and_entity_keys_are_described() -> None:
    row = EXAMPLES["inputs"]
    table = {"columns": list(row), "data": [list(row.values())]}
    for body in (
        {"dataframe_records": [row], "params": {}},
        {"dataframe_split": table},
        {"instances": [row]},
        {"inputs": {name: [value] for name, value in row.items()}},
    ):
        assert valid(body, "Request")
        assert valid(body, "DetailedRequest")
    assert valid({"dataframe_records": [{"tailnum": "N1"}]}, "DetailedRequest")
    assert not valid({"dataframe_records": [{"tailnum": "N1"}]}, "Request")
    assert not valid({"dataframe_records": [row], "instances": [row]}, "Request")
    assert not valid({"dataframe_records": [row], "instances": [1]}, "Request")
    further = {"dataframe_records": [row], "client_request_id": 1}
    assert (valid(further, "Request"), valid(further, "DetailedRequest")) == (True, False)
    assert not valid({"dataframe_record": [row]}, "Request")


def test_answers_and_refusals_are_as_described() -> None:
    predictions = pd.DataFrame({"probability": [0.5, None]})
    assert valid(json.loads(answers.render(predictions)), "Answer")
    refusal = Refusal(422, RequestProblem("no-rows", "No rows."))
    assert valid(json.loads(problem_details.render(refusal)), "Problem")


CHECKS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("long", "int64", {"check": "equal_to", "value": 3}, {"const": 3}),
    ("long", "int64", {"check": "not_equal_to", "value": 3}, {"not": {"const": 3}}),
    ("long", "int64", {"check": "notin", "forbidden_values": [3]}, {"not": {"enum": [3]}}),
    ("double", "float64", {"check": "less_than", "max_value": "1.5"}, {"exclusiveMaximum": 1.5}),
    ("string", "str", {"check": "str_matches", "pattern": "a|b"}, {"pattern": "^(?:a|b)"}),
    ("string", "str", {"check": "str_matches", "pattern": "(?P<n>a)"}, {}),
    ("string", "str", {"check": "str_startswith", "string": "a."}, {"pattern": "^a\\."}),
    ("string", "str", {"check": "str_endswith", "string": "a."}, {"pattern": "a\\.$"}),
    ("string", "str", {"check": "str_contains", "pattern": "a"}, {"pattern": "a"}),
    (
        "string",
        "str",
        {"check": "str_length", "min_value": 1, "max_value": None, "exact_value": None},
        {"minLength": 1},
    ),
    ("datetime", "datetime64[us]", {"check": "less_than", "max_value": "2013-01-01"}, {}),
    ("string", "str", {"check": "of_a_later_pandera", "value": 1}, {}),
]


@pytest.mark.parametrize(("type_", "dtype", "check", "expected"), CHECKS)
def test_a_check_is_described(
    type_: str, dtype: str, check: dict[str, Any], expected: dict[str, Any]
) -> None:
    plain = json_schemas.column(Field("x", type_, dtype, False))
    checked = json_schemas.column(Field("x", type_, dtype, False, (), (check,)))
    assert checked == {**plain, **expected}


def test_two_limits_of_one_kind_are_both_described() -> None:
    checks = tuple({"check": "str_contains", "pattern": text} for text in "ab")
    schema = json_schemas.column(Field("x", "string", "str", True, (), checks))
    validator = jsonschema.Draft202012Validator(schema)
    assert [validator.is_valid(text) for text in ("a", "b", "ab", None)] == [
        False,
        False,
        True,
        True,
    ]


def test_columns_of_all_types_have_a_schema() -> None:
    rows = sample()

    schema = json_schemas.row(Schema(None, fields(rows)))
    validator = jsonschema.Draft202012Validator(schema)
    for record in answers.records(rows):
        assert not list(validator.iter_errors(record))
