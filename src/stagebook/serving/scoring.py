"""One request for predictions, from its bytes to its answer and its entry in the log."""

import asyncio
import logging
from dataclasses import asdict
from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from stagebook.serving import access, answers, problem_details
from stagebook.serving.exchange import Exchange
from stagebook.serving.ids import prediction_id
from stagebook.serving.input import body
from stagebook.serving.receiving import body_of
from stagebook.serving.refusal import Refusal, RequestProblem, RowWarning, shown
from stagebook.serving.service import Service
from stagebook.serving.shadow import ShadowRequest

_LOG = logging.getLogger("stagebook.serving")
_LARGE = 64_000  # bytes: a body that is parsed in a thread, so that other requests go on
_CLIENT_GONE = 499

INVOCATIONS, PREDICT = "/invocations", "/predict"


class Scoring:
    """Answers requests for predictions.

    Args:
        service: The package, the queue, the log.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._limits = service.options.limits

    async def invocations(self, request: Request) -> Response:
        """MLflow's protocol: predictions alone."""
        return await self._answer(request, INVOCATIONS)

    async def predict(self, request: Request) -> Response:
        """Predictions with their ids and warnings."""
        return await self._answer(request, PREDICT)

    async def _answer(self, request: Request, route: str) -> Response:
        exchange = Exchange(self._service.slot.current, route)
        try:
            self._require_open(request)
            _require_plain(request)
            data = await body_of(request, self._limits.body, self._limits.sending)
            await self._score(exchange, request.headers.get("content-type"), data)
            assert exchange.predictions is not None, "the request has been scored"
            further = _further(exchange) if route == PREDICT else None
            content = answers.render(exchange.predictions, further)
            response = Response(content, media_type=answers.MEDIA_TYPE)
        except Refusal as refusal:
            response = _refused(exchange, refusal)
        except ClientDisconnect:
            response = Response(status_code=_CLIENT_GONE)
        except Exception as error:
            response = _refused(exchange, self._failure(exchange, error))
        self._finish(exchange, response)
        return response

    def _require_open(self, request: Request) -> None:
        access.require(self._service.options.token, request.headers.get("authorization"))
        if self._service.must_stop:
            message = "The server answers no request, because its log cannot be written."
            raise Refusal(503, RequestProblem("log-full", message, "Look at /health."))

    async def _score(self, exchange: Exchange, content_type: str | None, data: bytes) -> None:
        if len(data) > _LARGE:
            await asyncio.to_thread(self._check, exchange, content_type, data)
        else:
            self._check(exchange, content_type, data)
        assert exchange.features is not None, "the rows have been checked"
        exchange.predictions = await self._service.queue.predict(
            exchange.served, exchange.features, self._limits.deadline - exchange.seconds
        )

    def _check(self, exchange: Exchange, content_type: str | None, data: bytes) -> None:
        served = exchange.served
        lookup = served.lookup if exchange.route == PREDICT else None
        columns = lookup.columns if lookup else served.features
        is_mlflow = exchange.route == INVOCATIONS
        rows = body.parse(content_type, data, columns, self._limits.rows, is_mlflow=is_mlflow)
        old: tuple[RowWarning, ...] = ()
        if lookup and not set(served.features) <= set(rows.columns):
            rows, exchange.keys, old = lookup.features(rows)
        exchange.rows = rows
        exchange.features = served.validator.check(rows)
        exchange.warnings = old + served.ranges.warnings(exchange.features)

    def _failure(self, exchange: Exchange, error: Exception) -> Refusal:
        """The answer where the model itself fails; the reason may contain rows, so it is hidden."""
        _LOG.error("request %s: the model failed", exchange.request, exc_info=error)
        message = "The model failed on rows that have passed every check."
        hint = f"The server's log has the reason under the request {exchange.request}."
        return Refusal(500, RequestProblem("model-failed", message, hint))

    def _finish(self, exchange: Exchange, response: Response) -> None:
        service, metrics = self._service, self._service.metrics
        exchange.status = response.status_code
        response.headers["X-Stagebook-Request"] = exchange.request
        metrics.requests.labels(exchange.route, str(exchange.status)).inc()
        metrics.seconds.labels(exchange.route).observe(exchange.seconds)
        for problem in exchange.problems:
            metrics.violations.labels(problem.code).inc()
        for warning in exchange.warnings:
            metrics.warnings.labels(warning.code).inc()
        if exchange.predictions is not None:
            metrics.rows.inc(len(exchange.predictions))
        service.record(exchange.entry())
        if service.shadow and exchange.rows and exchange.predictions is not None:
            shadow = ShadowRequest(
                exchange.request, exchange.arrived, exchange.route, exchange.rows, exchange.keys
            )
            response.background = BackgroundTask(service.shadow.add, shadow)


def _refused(exchange: Exchange, refusal: Refusal) -> Response:
    exchange.refuse(refusal)
    return response_of(refusal, for_mlflow=exchange.route == INVOCATIONS)


def response_of(refusal: Refusal, *, for_mlflow: bool = False) -> Response:
    """The response that says why a request gets no prediction.

    Args:
        refusal: The reasons.
        for_mlflow: Whether a client of MLflow reads it.
    """
    return Response(
        problem_details.render(refusal, for_mlflow=for_mlflow),
        status_code=refusal.status,
        headers=refusal.headers,
        media_type=problem_details.MEDIA_TYPE,
    )


def _require_plain(request: Request) -> None:
    """Raises a Refusal if the body is compressed."""
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        message = f"The body has the content encoding {shown(encoding)}."
        problem = RequestProblem("content-encoding", message, "Send the body without compression.")
        raise Refusal(415, problem)


def _further(exchange: Exchange) -> dict[str, Any]:
    """What the answer of ``/predict`` has beside the predictions."""
    assert exchange.predictions is not None, "the request has been scored"
    count = len(exchange.predictions)
    return {
        "request": exchange.request,
        "package": exchange.served.digest,
        "ids": [prediction_id(exchange.request, row) for row in range(count)],
        "warnings": [asdict(warning) for warning in exchange.warnings],
    }
