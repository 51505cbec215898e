"""Answers as HTTP responses."""

from starlette.responses import Response

from stagebook.serving import problem_details
from stagebook.serving.refusal import Refusal


def refusal(refusal: Refusal) -> Response:
    """The response that says why a request gets no prediction."""
    return Response(
        problem_details.render(refusal),
        status_code=refusal.status,
        headers=refusal.headers,
        media_type=problem_details.MEDIA_TYPE,
    )
