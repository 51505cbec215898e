"""One request for predictions, from its bytes to its answer and its entry in the log."""

import asyncio
import logging
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from stagebook.serving import access, answers, problem_details
from stagebook.serving.ids import new_id, prediction_id
from stagebook.serving.input import body
from stagebook.serving.input.body import Rows
from stagebook.serving.log.request_log import LogEntry
from stagebook.serving.receiving import body_of
from stagebook.serving.refusal import Refusal, RequestProblem, RowWarning, shown
from stagebook.serving.served_model import ServedModel
from stagebook.serving.service import Service
from stagebook.serving.shadow import ShadowRequest

_LOG = logging.getLogger("stagebook.serving")
_LARGE = 64_000  # bytes: a body that is parsed in a thread, so that other requests go on
_CLIENT_GONE = 499

INVOCATIONS, PREDICT = "/invocations", "/predict"


@dataclass(slots=True)
class _Exchange:
    """A request and what is known of it so far."""

    served: ServedModel
    route: str
    request: str = field(default_factory=new_id)
    arrived: float = field(default_factory=time.time)
    start: float = field(default_factory=time.perf_counter)
    rows: Rows | None = None
    features: pd.DataFrame | None = None
    predictions: pd.DataFrame | None = None
    warnings: tuple[RowWarning, ...] = ()
    problems: tuple[RequestProblem, ...] = ()

    @property
    def seconds(self) -> float:
        """Time since the request began."""
        return time.perf_counter() - self.start


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
        exchange = _Exchange(self._service.slot.current, route)
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
            exchange.problems = refusal.problems
            response = response_of(refusal)
        except ClientDisconnect:
            response = Response(status_code=_CLIENT_GONE)
        except Exception as error:
            response = response_of(self._failed(exchange, error))
        self._finish(exchange, response)
        return response

    def _require_open(self, request: Request) -> None:
        access.require(self._service.options.token, request.headers.get("authorization"))
        if self._service.must_stop:
            message = "The server answers no request, because its log cannot be written."
            raise Refusal(503, RequestProblem("log-full", message, "Look at /health."))

    async def _score(self, exchange: _Exchange, content_type: str | None, data: bytes) -> None:
        if len(data) > _LARGE:
            await asyncio.to_thread(self._check, exchange, content_type, data)
        else:
            self._check(exchange, content_type, data)
        assert exchange.features is not None, "the rows have been checked"
        exchange.predictions = await self._service.queue.predict(
            exchange.served, exchange.features, self._limits.deadline - exchange.seconds
        )

    def _check(self, exchange: _Exchange, content_type: str | None, data: bytes) -> None:
        served = exchange.served
        lookup = served.lookup if exchange.route == PREDICT else None
        columns = lookup.columns if lookup else served.features
        rows = body.parse(content_type, data, columns, row_limit=self._limits.rows)
        old: tuple[RowWarning, ...] = ()
        if lookup and not set(served.features) <= set(rows.columns):
            rows, old = lookup.features(rows)
        exchange.rows = rows
        exchange.features = served.validator.check(rows)
        exchange.warnings = old + served.ranges.warnings(exchange.features)

    def _failed(self, exchange: _Exchange, error: Exception) -> Refusal:
        """The answer where the model itself fails; the reason may contain rows, so it is hidden."""
        _LOG.error("request %s: the model failed", exchange.request, exc_info=error)
        message = "The model failed on rows that have passed every check."
        hint = f"The server's log has the reason under the request {exchange.request}."
        exchange.problems = (RequestProblem("model-failed", message, hint),)
        return Refusal(500, *exchange.problems)

    def _finish(self, exchange: _Exchange, response: Response) -> None:
        service, metrics = self._service, self._service.metrics
        response.headers["X-Stagebook-Request"] = exchange.request
        metrics.requests.labels(exchange.route, str(response.status_code)).inc()
        metrics.seconds.labels(exchange.route).observe(exchange.seconds)
        for problem in exchange.problems:
            metrics.violations.labels(problem.code).inc()
        for warning in exchange.warnings:
            metrics.warnings.labels(warning.code).inc()
        if exchange.predictions is not None:
            metrics.rows.inc(len(exchange.predictions))
        service.record(_entry(exchange, response.status_code))
        if service.shadow and exchange.rows and exchange.predictions is not None:
            shadow = ShadowRequest(
                exchange.request, exchange.arrived, exchange.route, exchange.rows
            )
            response.background = BackgroundTask(service.shadow.add, shadow)


def response_of(refusal: Refusal) -> Response:
    """The response that says why a request gets no prediction."""
    return Response(
        problem_details.render(refusal),
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


def _further(exchange: _Exchange) -> dict[str, Any]:
    """What the answer of ``/predict`` has beside the predictions."""
    assert exchange.predictions is not None, "the request has been scored"
    count = len(exchange.predictions)
    return {
        "request": exchange.request,
        "package": exchange.served.digest,
        "ids": [prediction_id(exchange.request, row) for row in range(count)],
        "warnings": [asdict(warning) for warning in exchange.warnings],
    }


def _entry(exchange: _Exchange, status: int) -> LogEntry:
    return LogEntry(
        request=exchange.request,
        time=exchange.arrived,
        package=exchange.served.digest,
        route=exchange.route,
        status=status,
        features=exchange.features,
        predictions=exchange.predictions,
        warnings=exchange.warnings,
        problems=exchange.problems,
        milliseconds=exchange.seconds * 1000,
    )
