"""One request for predictions, from its bytes to its answer and its entry in the log."""

import asyncio
import logging

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from stagebook.serving import access, answers, problem_details
from stagebook.serving.exchange import Exchange
from stagebook.serving.feature_lookup import FeatureLookup
from stagebook.serving.input import body
from stagebook.serving.input.rows import Rows
from stagebook.serving.input.validation import CheckedRows
from stagebook.serving.key_hints import keys_in_place_of_features
from stagebook.serving.receiving import ClientDisconnect, body_of
from stagebook.serving.refusal import Refusal, RequestProblem, shown
from stagebook.serving.served_model import ServedModel
from stagebook.serving.service import Service
from stagebook.serving.shadow import ShadowRequest

_LOG = logging.getLogger("stagebook.serving")
_LARGE = 64_000  # bytes: a body that is parsed in a thread, so that other requests go on
_CLIENT_GONE = 499

INVOCATIONS, PREDICT = "/invocations", "/predict"
"""MLflow's protocol: predictions alone; and predictions with their ids and warnings."""

_Headers = dict[bytes, bytes]


class Scoring:
    """Answers requests for predictions; an ASGI application for the two routes.

    It is one without Starlette's layers, which would take a tenth of a millisecond. What the
    client need not wait for is done when the answer has been sent.

    Args:
        service: The package, the queue, the log.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._limits = service.options.limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        exchange = Exchange(self._service.slot.current, scope["path"])
        response = await self._answer(exchange, dict(reversed(scope["headers"])), receive)
        exchange.status, exchange.answered = response.status_code, exchange.seconds
        response.raw_headers.append((b"x-stagebook-request", exchange.request.encode()))
        self._count(exchange)
        try:
            await response(scope, receive, send)
            await asyncio.sleep(0)  # the event loop sends the answer before it goes on here
        finally:
            self._finish(exchange)

    async def _answer(self, exchange: Exchange, headers: _Headers, receive: Receive) -> Response:
        try:
            self._require_open(headers)
            _require_plain(headers)
            length = headers.get(b"content-length")
            data = await body_of(receive, length, self._limits.body, self._limits.sending)
            await self._score(exchange, _text(headers.get(b"content-type")), data)
            assert exchange.predictions is not None, "the request has been scored"
            further = exchange.further() if exchange.route == PREDICT else None
            content = answers.render(exchange.predictions, further)
            return Response(content, media_type=answers.MEDIA_TYPE)
        except Refusal as refusal:
            return _refused(exchange, refusal)
        except ClientDisconnect:
            return Response(status_code=_CLIENT_GONE)
        except Exception as error:
            return _refused(exchange, self._failure(exchange, error))

    def _require_open(self, headers: _Headers) -> None:
        access.require(self._service.options.token, _text(headers.get(b"authorization")))
        if self._service.must_stop:
            message = "The server answers no request, because its log cannot be written."
            raise Refusal(503, RequestProblem("log-full", message, "Look at /health."))

    async def _score(self, exchange: Exchange, content_type: str | None, data: bytes) -> None:
        if len(data) > _LARGE:
            await asyncio.to_thread(self._check, exchange, content_type, data)
        else:
            self._check(exchange, content_type, data)
        assert exchange.checked is not None, "the rows have been checked"
        exchange.predictions = await self._service.queue.predict(
            exchange.served, exchange.checked.frame, self._limits.deadline - exchange.seconds
        )

    def _check(self, exchange: Exchange, content_type: str | None, data: bytes) -> None:
        served = exchange.served
        lookup = served.lookup if exchange.route == PREDICT else None
        columns = lookup.columns if lookup else served.features
        is_mlflow = exchange.route == INVOCATIONS
        rows = body.parse(content_type, data, columns, self._limits.rows, is_mlflow=is_mlflow)
        if lookup and not set(served.features) <= set(rows.columns):
            _look_up(exchange, lookup, rows)
        else:
            exchange.rows = rows
            exchange.checked = _checked(served, rows)
        if len(data) > _LARGE:
            exchange.warn()

    def _failure(self, exchange: Exchange, error: Exception) -> Refusal:
        """The answer where the model itself fails; the reason may contain rows, so it is hidden."""
        _LOG.error("request %s: the model failed", exchange.request, exc_info=error)
        message = "The model failed on rows that have passed every check."
        hint = f"The server's log has the reason under the request {exchange.request}."
        return Refusal(500, RequestProblem("model-failed", message, hint))

    def _count(self, exchange: Exchange) -> None:
        """Counts a request before its client can ask for the metrics."""
        self._service.metrics.count_answer(
            exchange.route,
            exchange.status,
            exchange.duration,
            0 if exchange.predictions is None else len(exchange.predictions),
            [item.code for item in exchange.problems],
        )

    def _finish(self, exchange: Exchange) -> None:
        """Looks for warnings, and logs a request."""
        service = self._service
        service.metrics.count_warnings(item.code for item in exchange.warn())
        service.record(exchange.entry())
        if service.shadow and exchange.rows and exchange.predictions is not None:
            service.shadow.add(
                ShadowRequest(
                    exchange.request, exchange.arrived, exchange.route, exchange.rows, exchange.keys
                )
            )


def _look_up(exchange: Exchange, lookup: FeatureLookup, rows: Rows) -> None:
    """Looks the features of a request by keys up, and checks them."""
    looked_up = lookup.features(rows)
    exchange.rows, exchange.keys, exchange.old = looked_up.rows, looked_up.keys, looked_up.warnings
    try:
        exchange.checked = exchange.served.validator.checked(looked_up.rows)
    except Refusal as refusal:
        raise looked_up.missing.explained(refusal) from None


def _checked(served: ServedModel, rows: Rows) -> CheckedRows:
    """The features that were sent."""
    try:
        return served.validator.checked(rows)
    except Refusal as refusal:
        keys = served.request_columns
        has_store = served.lookup is not None
        raise keys_in_place_of_features(
            refusal, keys, served.features, has_store=has_store
        ) from None


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


def _text(header: bytes | None) -> str | None:
    return None if header is None else header.decode("latin-1")


def _require_plain(headers: _Headers) -> None:
    """Raises a Refusal if the body is compressed."""
    encoding = headers.get(b"content-encoding")
    if encoding is not None and encoding.lower() != b"identity":
        message = f"The body has the content encoding {shown(_text(encoding))}."
        problem = RequestProblem("content-encoding", message, "Send the body without compression.")
        raise Refusal(415, problem)
