"""Finds the secrets in an environment: the variables and the parts of their values."""

import binascii
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

SHORTEST = 6
"""Fewest characters of a masked value; shorter values occur in too many texts."""

FEWEST_DIGITS = 8
"""Fewest digits of a masked number."""

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SECRET_PARTS = frozenset(
    re.findall(
        r"\w+",
        "AUTH AUTHORIZATION BEARER COOKIE COOKIES CRED CREDENTIAL CREDENTIALS CREDS DBPASS DBPWD "
        "JWT KEY KEYS OAUTH PASS PASSCODE PAT PGPASS PIN PSK PW PWD SALT SAS USERPASS USERPWD "
        "CONTRASENA KENNWORT MOTDEPASSE PASSWORT SENHA WACHTWOORD",
    )
)
_SECRET_ENDING = re.compile(
    r"(?:TOKENS?|SECRETS?|PASSWORDS?|PASSWDS?|PASSPHRASES?|CREDENTIALS"
    r"|(?:ACCESS|ACCOUNT|API|AUTH|CONSUMER|DEPLOY|ENCRYPTION|HMAC|LICENSE|MASTER|PASS|PRIVATE"
    r"|SECRET|SERVICE|SHARED|SIGNING|SSH|STORAGE|SUBSCRIPTION)KEYS?)$"
)
_OF_A_SECRET = frozenset(
    re.findall(
        r"\w+",
        "ALGORITHM AUDIENCE BACKEND CACHE COUNT DIR ENABLED ENDPOINT EXPIRES EXPIRY FILE FILES "
        "FOLDER HELPER HOME HOST ISSUER LENGTH LIMIT METHOD MODE NAME PARALLELISM PATH PATHS PORT "
        "PROVIDER REQUIRED SCOPE SIZE SOCK TIMEOUT TTL TYPE URI URL USER USERNAME",
    )
)
"""Endings of names that describe a secret without being one."""
_KEY_OF_GIT = re.compile(r"GIT_CONFIG_KEY_\d+")
"""The name of a setting of git; its value is in ``GIT_CONFIG_VALUE_0`` and so on."""

_ADDRESS = re.compile(r"(?<![\w+.-])[A-Za-z][\w+.-]{0,40}://(?=\S)")
_SPACE = re.compile(r"\s")
_PAIR = re.compile(
    r"(?<![\w.-])([\w.-]{1,80})(\s{0,8}=\s{0,8}|:\s{1,8})(?:(?:Bearer|Basic|Token|Digest)\s{1,8})?"
    r"(?:\"([^\"]+)\"|'([^']+)'|([^;&#\s\"']+))",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"(?:^|[-_])sig(?:nature)?$", re.IGNORECASE)
_CODE = re.compile(r"(?=\D*\d)\S{8,}")
_TOKEN = re.compile(r"(?=\D*\d)(?=.*[A-Za-z])[\w.~-]{20,}")
_SCHEME = re.compile(r"(?:Bearer|Basic|Token|Digest)\s+(\S+)\s*$", re.IGNORECASE)
_LINE_ENDS = re.compile(r"\r?\n|\\n")  # many variables have a backslash and an n as a line end
_FILE_NAME = re.compile(r"(?:~|\.{0,2}|[A-Za-z]:)[/\\][^\n]*\.\w{1,8}")
_DEEPEST_JSON = 20
_WORDS = frozenset(
    re.findall(
        r"\w+",
        "anonymous changeme default development disabled enabled example localhost optional "
        "password private production public required secret string testing undefined unknown",
    )
)


def secrets(environ: Mapping[str, str]) -> frozenset[str]:
    """The secrets of an environment.

    A variable is secret by a part of its name, such as ``API_TOKEN_2``. A part of a value is
    secret where it is the password of an address, or the value of a secret name, such as in
    ``postgresql://user:password@host`` or ``https://host/?private_token=...``.

    Args:
        environ: Names and values, as in ``os.environ``.
    """
    return frozenset(
        part.strip()
        for name, value in environ.items()
        for secret in _within(name, value)
        for part in (secret, *_LINE_ENDS.split(secret))
        if _is_telling(part.strip())
    )


def is_secret_name(name: str) -> bool:
    """Whether a name indicates a secret value.

    Args:
        name: Name of a variable, a key or a parameter, in any case: ``API_KEY_1``, ``apiKey``.
    """
    parts = [part.upper() for part in _PART.findall(name)]
    if "WEBHOOK" in parts:
        return True
    if not parts or parts[-1] in _OF_A_SECRET or parts in (["PWD"], ["OLD", "PWD"]):
        return False
    if _KEY_OF_GIT.fullmatch(name):
        return False
    return any(part in _SECRET_PARTS or _SECRET_ENDING.search(part) for part in parts)


def _within(name: str, value: str) -> Iterator[str]:
    """The secrets that one variable holds."""
    if is_secret_name(name) and not _FILE_NAME.fullmatch(value):
        yield from _whole_value(value)
    yield from _in_addresses(value)
    yield from _in_pairs(value)
    if value.lstrip().startswith(("{", "[")):
        try:
            yield from _in_json("", json.loads(value), _DEEPEST_JSON)
        except (ValueError, RecursionError):
            return


def _in_pairs(value: str) -> Iterator[str]:
    """The values of secret names in a text such as ``name=value; other=value``."""
    for name, between, *alternatives in _PAIR.findall(value):
        part = "".join(alternatives)
        # prose also has colons: a commit's message may say "fix the key: spelling"
        meant = "=" in between or _CODE.fullmatch(part)
        if meant and (is_secret_name(name) or _SIGNATURE.search(name)):
            yield from (part, _unquoted(part))


def _unquoted(part: str) -> str:
    if "%" not in part:
        return part
    from urllib.parse import unquote  # every command looks for secrets, and few are quoted

    return unquote(part)


def _whole_value(value: str) -> Iterator[str]:
    """A value that is entirely secret, and its parts that are used separately."""
    yield value
    if scheme := _SCHEME.match(value):
        yield scheme[1]
        yield from _decoded(scheme[1])


def _decoded(code: str) -> Iterator[str]:
    """``user:password`` and the password, if a text is their base64 code."""
    try:
        user, colon, password = binascii.a2b_base64(code, strict_mode=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return
    if colon:
        yield from (f"{user}:{password}", password)


def _in_json(name: str, value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, dict) and depth:
        for key, inner in value.items():
            yield from _in_json(key, inner, depth - 1)
    elif isinstance(value, list) and depth:
        for inner in value:
            yield from _in_json(name, inner, depth - 1)
    elif isinstance(value, str) and is_secret_name(name):
        yield from (value, *_LINE_ENDS.split(value))


def _in_addresses(value: str) -> Iterator[str]:
    """The passwords in the addresses of a value.

    A password may contain an unquoted slash or ``@``, so everything up to the last ``@`` is user
    and password, unless a shorter part is an address.
    """
    starts = [match.end() for match in _ADDRESS.finditer(value)]
    for start, after in zip(starts, [*starts[1:], len(value)], strict=False):
        space = _SPACE.search(value, start, after)
        address = value[start : space.start() if space else after]
        authority = address.partition("/")[0]
        credentials = (authority if "@" in authority else address).rpartition("@")[0]
        user, colon, password = credentials.partition(":")
        if colon and password and "/" not in user:
            yield from (password, _unquoted(password))
            if len(password) < SHORTEST:
                yield f"{user}:{password}@"
        elif _TOKEN.fullmatch(user):  # as in https://ghp_…@github.com
            yield user


def _is_telling(secret: str) -> bool:
    """Whether a text is specific enough to be hidden wherever it occurs."""
    if secret.startswith("-----"):  # the first and last line of every PEM file
        return False
    if secret.isdecimal():
        return len(secret) >= FEWEST_DIGITS
    return len(secret) >= SHORTEST and secret.lower() not in _WORDS
