"""A refusal as problem details of RFC 9457."""

import json
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from stagebook.serving.refusal import Refusal

MEDIA_TYPE = "application/problem+json"


def render(refusal: Refusal, *, for_mlflow: bool = False) -> bytes:
    """The body of the answer, as UTF-8.

    Args:
        refusal: Why the request gets no prediction.
        for_mlflow: Whether the body also has what clients of MLflow look for in an error:
            ``error_code`` and ``message``.

    Example:
        >>> from stagebook.serving import problem_details
        >>> from stagebook.serving.refusal import Refusal, RequestProblem
        >>> refusal = Refusal(422, RequestProblem("no-rows", "The request has no rows."))
        >>> problem_details.render(refusal)[:70]
        b'{"type":"about:blank","title":"Unprocessable Entity","status":422,"det'
    """
    first = refusal.problems[0].message
    others = len(refusal.problems) - 1
    more = f" There {'is' if others == 1 else 'are'} {others} more in `errors`." if others else ""
    document: dict[str, Any] = {
        "type": "about:blank",  # the status says all; each error has a code of its own
        "title": _TITLES.get(refusal.status) or HTTPStatus(refusal.status).phrase,
        "status": refusal.status,
        "detail": first + more,
        "errors": [asdict(problem) for problem in refusal.problems],
    }
    if for_mlflow:
        code = _MLFLOW_CODES.get(refusal.status, "BAD_REQUEST")
        document |= {"error_code": code, "message": document["detail"]}
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")  # half of a surrogate pair is \udXXX in JSON


_MLFLOW_CODES = {
    401: "UNAUTHENTICATED",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_TITLES = {413: "Content Too Large", 422: "Unprocessable Entity"}  # the same in each Python
