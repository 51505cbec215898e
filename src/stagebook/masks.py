"""The secrets of an environment, and their way out of any text: what is masked reads ``***``."""

import base64
import dataclasses
import enum
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar
from urllib.parse import quote, quote_plus, unquote

MASK = "***"
"""What stands in the place of a secret."""

LEAST = 6
"""Characters that a value needs to be masked; a shorter one stands in too many texts."""

LEAST_DIGITS = 8
"""Digits that a plain number needs to be masked."""

_NAME = re.compile(
    r"(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|_PASS|_PWD|(?:^|_|API|ACCESS|PRIVATE)KEY)$",
    re.IGNORECASE,
)
# The second takes a password with a slash in it, which the first would not see.
_ADDRESSES = (
    re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^\s:/@]*):([^\s/]+)@"),
    re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^\s:/@]*):(\S+)@"),
)
_PAIRS = re.compile(r"\b(?:password|pwd|accountkey|sharedaccesskey)\s*=\s*([^;\s]+)", re.IGNORECASE)
_LINE_ENDS = re.compile(r"\r?\n|\\n")  # many variables hold a backslash and an n for a line's end
_PERCENT = re.compile(r"%[0-9A-F]{2}")
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_WORDS = frozenset(
    re.findall(
        r"\w+",
        "anonymous changeme default development disabled enabled example localhost optional "
        "password private production public required secret string testing undefined unknown",
    )
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Masks:
    """What is not to be read in anything that is kept or shown.

    Attributes:
        forms: Every way in which a secret may be written, longest first.
    """

    forms: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """The masks for the secrets of an environment.

        A variable is secret by its name, such as ``API_TOKEN``, or for a password in its value,
        such as ``postgresql://user:password@host``.

        Args:
            environ: Names and values, as in ``os.environ``.
        """
        secrets = {
            part
            for name, value in environ.items()
            for secret in _secrets(name, value)
            for part in (secret, *_LINE_ENDS.split(secret))
            if _is_telling(part.strip())
        }
        forms = {form for secret in secrets for form in _written(secret.strip())}
        return cls(tuple(sorted(forms, key=lambda form: (-len(form), form))))

    def hide(self, text: str) -> str:
        """A text without secrets."""
        # A mask may make one with the letters beside it; each is shorter than what it replaces.
        while found := [form for form in self.forms if form in text]:
            for form in found:
                text = text.replace(form, MASK)
        if self.forms and "\x1b[" in text:
            plain = _ANSI.sub("", text)
            hidden = self.hide(plain)
            if hidden != plain:  # colours stood in the middle of one
                return hidden
        return text

    def hide_all(self, value: T) -> T:
        """A value without secrets in any of its texts, to any depth; a key is a text too.

        A number that is one becomes text, so that JSON stays JSON.

        Args:
            value: What JSON can hold, or dataclasses and tuples of such.
        """
        hidden: T = self._hidden(value, numbers=True) if self.forms else value
        return hidden

    def _hidden(self, value: Any, *, numbers: bool) -> Any:
        if isinstance(value, str) and not isinstance(value, enum.Enum):
            return self.hide(value)
        if isinstance(value, Mapping):
            return {
                self._hidden(key, numbers=False): self._hidden(one, numbers=True)
                for key, one in value.items()
            }
        if type(value) in (list, tuple):
            return type(value)(self._hidden(one, numbers=numbers) for one in value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            named = [one.name for one in dataclasses.fields(value) if one.init]
            parts = {name: self._hidden(getattr(value, name), numbers=False) for name in named}
            return dataclasses.replace(value, **parts)
        is_secret = numbers and type(value) in (int, float) and repr(value) in self.forms
        return MASK if is_secret else value

    def hide_document(self, text: str) -> str:
        r"""A file's text without secrets; if it is JSON, it stays JSON.

        In JSON, the end of an escape such as ``\n`` may look like the beginning of a secret.
        """
        hidden = self.hide(text)
        if hidden == text or not _is_json(text) or _is_json(hidden):
            return hidden
        return json.dumps(self.hide_all(json.loads(text)), ensure_ascii=False)


def _secrets(name: str, value: str) -> Iterator[str]:
    if _NAME.search(name):
        yield value
    found = next(filter(None, (one.findall(value) for one in _ADDRESSES)), [])
    for user, password in found:
        yield from (password, unquote(password))
        if len(password) < LEAST:
            yield f"{user}:{password}@"
    yield from _PAIRS.findall(value)


def _is_telling(secret: str) -> bool:
    """Whether hiding a text takes nothing from those that only happen to have it too."""
    if secret.startswith("-----"):  # a PEM's first and last line are everybody's
        return False
    if secret.isdecimal():
        return len(secret) >= LEAST_DIGITS
    return len(secret) >= LEAST and secret.lower() not in _WORDS


def _written(secret: str) -> Iterator[str]:
    """The ways in which languages and formats write a text."""
    yield secret
    escaped = json.dumps(secret)[1:-1]
    yield from (escaped, json.dumps(escaped)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    points = secret.encode("unicode_escape").decode("ascii")
    yield from (repr(secret)[1:-1], points, points.replace('"', '\\"'), points.replace("'", "\\'"))
    yield from _in_addresses(secret)
    named = html.escape(secret)
    yield from (named, html.escape(secret, quote=False))
    yield named.replace("&quot;", "&#34;").replace("&#x27;", "&#39;")  # as jinja writes them
    data = secret.encode(errors="surrogateescape")
    for code in (base64.b64encode(data), base64.urlsafe_b64encode(data)):
        yield code.decode("ascii").rstrip("=")


def _in_addresses(secret: str) -> Iterable[str]:
    for code, safe in ((quote, ""), (quote, "/"), (quote_plus, "")):
        text = code(secret, safe=safe, errors="surrogateescape")
        yield from (text, _PERCENT.sub(lambda found: found[0].lower(), text))


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
