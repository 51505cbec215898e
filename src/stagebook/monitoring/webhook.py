"""One signed request to a webhook, bounded in time."""

import hashlib
import hmac
import http.client
import ssl
import threading
from urllib.parse import urlsplit

from stagebook.project.errors import Problem

SIGNATURE = "X-Stagebook-Signature-256"
"""The header with ``sha256=`` and the HMAC of the body, in hex, as GitHub signs its webhooks."""

_MOST_READ = 2_000  # bytes of an answer


def signature(body: bytes, secret: str) -> str:
    """The value of the header ``SIGNATURE``.

    Example:
        >>> signature(b"{}", "secret")[:16]
        'sha256=77325902c'
    """
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def post(url: str, body: bytes, secret: str | None, seconds: float) -> Problem | None:
    """Sends JSON to a webhook; never takes longer than the time that it is given.

    Redirects are not followed: whoever may redirect would get the signed body.

    Args:
        url: An address of http or https.
        body: The JSON.
        secret: What the body is signed with; None to leave the signature out.
        seconds: The time for all of it.

    Returns:
        Why it was not delivered; None if the answer has a status of 2xx.
    """
    outcome: list[Problem | None] = []

    def deliver() -> None:
        outcome.append(_post(url, body, secret, seconds))

    # A server that sends one byte at a time is never idle long enough for a socket's timeout.
    thread = threading.Thread(target=deliver, daemon=True, name="stagebook-webhook")
    thread.start()
    thread.join(seconds)
    return outcome[0] if outcome else _undelivered(f"It did not answer within {seconds:g} s.")


def _post(url: str, body: bytes, secret: str | None, seconds: float) -> Problem | None:
    headers = {"Content-Type": "application/json", "User-Agent": "stagebook"}
    if secret:
        headers[SIGNATURE] = signature(body, secret)
    try:
        parts = urlsplit(url)
        connection = _connection(parts.scheme, parts.hostname or "", parts.port, seconds)
        try:
            path = parts.path or "/"
            connection.request(
                "POST", f"{path}?{parts.query}" if parts.query else path, body, headers
            )
            answer = connection.getresponse()
            answer.read(_MOST_READ)
        finally:
            connection.close()
    except TimeoutError:
        return _undelivered(f"It did not answer within {seconds:g} s.")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return _undelivered(f"{type(error).__name__}: {error}.")
    if 300 <= answer.status < 400:
        return _undelivered(f"It redirects (status {answer.status}), which is not followed.")
    return (
        None if answer.status < 300 else _undelivered(f"It answered with status {answer.status}.")
    )


def _connection(
    scheme: str, host: str, port: int | None, seconds: float
) -> http.client.HTTPConnection:
    if scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, port, timeout=seconds, context=context)
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=seconds)
    raise ValueError("the address does not begin with http:// or https://")


def _undelivered(reason: str) -> Problem:
    hint = "Check the address. The alert stays in the state file; the next run sends it again."
    return Problem("alert-undelivered", f"The webhook did not accept the alert. {reason}", hint)
