"""The bearer token that requests must carry."""

import hmac
import os
from pathlib import Path

from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.serving.refusal import Refusal, RequestProblem

VARIABLE = "STAGEBOOK_SERVE_TOKEN"
_SHORTEST = 16


def token(file: Path | None) -> str | None:
    """The token in a file, else in the variable; None if there is neither.

    Raises:
        StagebookError: The file cannot be read, or the token is too short to be safe.
    """
    if file is None and VARIABLE not in os.environ:
        return None
    where = Where(str(file)) if file else None
    try:
        text = (file.read_text("utf-8") if file else os.environ[VARIABLE]).strip()
    except (OSError, UnicodeDecodeError) as error:
        message = f"The token cannot be read: {error}."
        raise StagebookError(Problem("bad-token", message, "", where)) from None
    if len(text) < _SHORTEST or not text.isascii() or not text.isprintable() or " " in text:
        message = f"A token has at least {_SHORTEST} printable ASCII characters without a space."
        hint = "Make one: python -c 'import secrets; print(secrets.token_urlsafe())'"
        raise StagebookError(Problem("bad-token", message, hint, where))
    return text


def require(expected: str | None, header: str | None) -> None:
    """Raises a Refusal with 401 if a request does not carry the token.

    Args:
        expected: The token; None if none is needed.
        header: The header ``Authorization`` of the request.
    """
    if expected is None:
        return
    scheme, _, given = (header or "").partition(" ")
    same = hmac.compare_digest(given.strip().encode(), expected.encode())
    if scheme.lower() != "bearer" or not same:
        message = "The request does not carry the token of this server."
        hint = "Send the header: Authorization: Bearer TOKEN"
        problem = RequestProblem("no-access", message, hint)
        raise Refusal(401, problem, headers={"WWW-Authenticate": "Bearer"})
