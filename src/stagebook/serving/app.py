"""The routes of a server."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from stagebook.serving import access
from stagebook.serving.metrics import MEDIA_TYPE
from stagebook.serving.refusal import Refusal, RequestProblem
from stagebook.serving.scoring import INVOCATIONS, PREDICT, Scoring, response_of
from stagebook.serving.service import Service

Endpoint = Callable[[Request], Awaitable[Response]]


def application(service: Service) -> ASGIApp:
    """The application of a service.

    Requests for predictions go past Starlette; it answers what has another method or route.

    Args:
        service: What answers; it starts and stops with the application.
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        service.start()
        yield
        service.stop()

    async def ping(_: Request) -> Response:
        return PlainTextResponse("\n", status_code=503 if service.must_stop else 200)

    async def health(_: Request) -> Response:
        return JSONResponse(service.health(), status_code=503 if service.must_stop else 200)

    async def mlflow_version(_: Request) -> Response:
        return PlainTextResponse(version("mlflow-skinny"))

    async def description(_: Request) -> Response:
        return JSONResponse(service.slot.current.description())

    async def metrics(_: Request) -> Response:
        service.count_state()
        return Response(service.metrics.render(), media_type=MEDIA_TYPE)

    def with_token(endpoint: Endpoint) -> Endpoint:
        async def answer(request: Request) -> Response:
            access.require(service.options.token, request.headers.get("authorization"))
            return await endpoint(request)

        return answer

    scoring = Scoring(service)
    app = Starlette(
        routes=[
            *(Route(route, scoring, methods=["POST"]) for route in (INVOCATIONS, PREDICT)),
            Route("/ping", ping),
            Route("/health", health),
            Route("/version", mlflow_version),
            Route("/openapi.json", with_token(description)),
            Route("/metrics", with_token(metrics)),
        ],
        exception_handlers={Refusal: _refused, HTTPException: _no_route},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False

    async def direct(scope: Scope, receive: Receive, send: Send) -> None:
        is_post = scope["type"] == "http" and scope["method"] == "POST"
        chosen = scoring if is_post and scope["path"] in (INVOCATIONS, PREDICT) else app
        await chosen(scope, receive, send)

    return direct


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal), "it is registered for refusals alone"
    return response_of(error)


async def _no_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "it is registered for these alone"
    code = "wrong-method" if error.status_code == 405 else "no-route"
    message = f"{request.method} {request.url.path[:80]} is not a route of this server."
    problem = RequestProblem(code, message, "The routes are in /openapi.json.")
    return response_of(Refusal(error.status_code, problem, headers=error.headers or {}))
