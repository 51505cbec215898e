"""Refusals as RFC 9457 has them."""

import json

import pytest

from stagebook.serving import problem_details
from stagebook.serving.refusal import Refusal, RequestProblem


def test_all_problems_are_rendered_with_their_places() -> None:
    first = RequestProblem("wrong-type", "`a` is 'x'.", "Send a number.", 3, "a")
    second = RequestProblem("no-format", "No rows.")
    document = json.loads(problem_details.render(Refusal(422, first, second)))
    assert document["status"] == 422
    assert document["title"] == "Unprocessable Entity"
    assert document["errors"] == [
        {
            "code": "wrong-type",
            "message": "`a` is 'x'.",
            "hint": "Send a number.",
            "row": 3,
            "column": "a",
        },
        {"code": "no-format", "message": "No rows.", "hint": "", "row": None, "column": None},
    ]


@pytest.mark.parametrize("status", [400, 401, 413, 415, 422, 500, 503, 504])
def test_each_status_has_a_title(status: int) -> None:
    document = json.loads(problem_details.render(Refusal(status, RequestProblem("a", "b."))))
    assert document["title"]
    assert document["detail"] == "b."


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "BAD_REQUEST"), (422, "BAD_REQUEST"), (500, "INTERNAL_ERROR")],
)
def test_a_client_of_mlflow_finds_its_code_and_message(status: int, code: str) -> None:
    refusal = Refusal(status, RequestProblem("a", "b."))
    document = json.loads(problem_details.render(refusal, for_mlflow=True))
    assert (document.pop("error_code"), document.pop("message")) == (code, "b.")
    assert document == json.loads(problem_details.render(refusal))


def test_half_of_a_surrogate_pair_is_valid_json() -> None:
    problem = RequestProblem("unknown-column", "`\ud800é`", column="\ud800é")
    [error] = json.loads(problem_details.render(Refusal(422, problem)).decode())["errors"]
    assert error["column"] == "\ud800é"
