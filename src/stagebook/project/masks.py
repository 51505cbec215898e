"""Hides the secrets of an environment, as ``***``, in everything that is stored or shown."""

import dataclasses
import enum
import functools
import json
import os
import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, TypeVar

from stagebook.project.secret_values import SHORTEST, secrets

if TYPE_CHECKING:
    from stagebook.project.spellings import Base64Spelling

MASK = "***"
"""The replacement for a secret."""

UNMASKED = "STAGEBOOK_UNMASKED"
"""The variable that names the variables whose values are not masked, separated by commas."""

_ROUNDS = 8
_BINARY = ("image/", "audio/", "video/", "font/", "application/pdf", "application/octet-stream")
_DRAWN = "image/svg+xml"
_EMBEDDED = re.compile(
    r"(data:(?:image|audio|video|font|application)/(?!svg)[\w.+-]{1,80};base64,[A-Za-z0-9+/=]+)"
)

T = TypeVar("T")
_Walk = Generator[Generator[Any, Any, Any], Any, Any]


@dataclass(frozen=True, slots=True)
class Masks:
    """Hides the secrets of one environment.

    Attributes:
        forms: The spellings of each secret, longest first.
        readings: Each secret after its escapes are resolved, longest first.
        codes: Each secret in base64.
    """

    forms: tuple[str, ...] = field(default=(), repr=False)
    readings: tuple[str, ...] = field(default=(), repr=False)
    codes: "tuple[Base64Spelling, ...]" = field(default=(), repr=False)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """The masks for the secrets of an environment.

        Args:
            environ: Names and values, as in ``os.environ``. Variables that ``STAGEBOOK_UNMASKED``
                names are not masked.
        """
        spared = {name.strip() for name in environ.get(UNMASKED, "").split(",")}
        values = secrets({name: text for name, text in environ.items() if name not in spared})
        if not values:
            return cls()
        from stagebook.project import spellings  # every command masks, and few have secrets

        return cls(
            _longest_first(form for secret in values for form in spellings.written(secret)),
            _longest_first(
                form
                for secret in values
                for form in spellings.read(secret)
                if len(form) >= SHORTEST
            ),
            tuple(
                sorted({code for secret in values for code in spellings.encoded(secret)}, key=str)
            ),
        )

    @classmethod
    def here(cls) -> Self:
        """The masks for the secrets of this process's environment."""
        return cls._cached(tuple(os.environ.items()))

    @classmethod
    @functools.lru_cache(maxsize=4)
    def _cached(cls, environ: tuple[tuple[str, str], ...]) -> Self:
        return cls.of(dict(environ))

    def hide(self, text: str) -> str:
        """A text without secrets; embedded images do not change."""
        if not self.forms or len(text) < SHORTEST:
            return text
        if ";base64," not in text:
            return self._hide(text)
        parts = _EMBEDDED.split(text)
        parts[::2] = map(self._hide, parts[::2])
        return "".join(parts)

    def _hide(self, text: str) -> str:
        # If a secret contains asterisks, a mask and its neighbours may form the secret again.
        for _ in range(_ROUNDS):
            spans = sorted(self._spans(text))
            if not spans:
                return text
            text = "".join(_covered(text, spans))
        return MASK

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        from stagebook.project import spellings

        for reading in spellings.readings(text):
            forms = self.forms if reading.below is None else self.readings
            spans = [
                *spellings.places(reading.text, forms),
                *spellings.places_encoded(reading.text, self.codes),
            ]
            yield from reading.traced(spans) if spans else ()

    def hide_name(self, name: str) -> str:
        """A name with ``---`` in place of secrets, which files and MLflow accept."""
        hidden = self.hide(name)
        return name if hidden == name else hidden.replace("*", "-")

    def hide_all(self, value: T, *, numbers: bool = True) -> T:
        """A value without secrets in its texts and keys, at any depth.

        Args:
            value: Values of JSON, or dataclasses and tuples of such.
            numbers: Whether a number of JSON that is a secret becomes a text.
        """
        if not self.forms:
            return value
        hidden: T = _walked(self._hidden(value, numbers))
        return hidden

    def _hidden(self, value: Any, numbers: bool) -> _Walk:
        """Hides one value; yields each value in it, with whether its numbers may become texts."""
        if isinstance(value, str):
            return value if isinstance(value, enum.Enum) else self.hide(value)
        if isinstance(value, Mapping):
            return (yield from self._hidden_mapping(value, numbers))
        if type(value) in (list, tuple):
            items = list(value)
            for position, item in enumerate(items):
                items[position] = yield self._hidden(item, numbers)
            return type(value)(items)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            parts = {}
            for name in (part.name for part in dataclasses.fields(value) if part.init):
                parts[name] = yield self._hidden(getattr(value, name), False)
            return dataclasses.replace(value, **parts)
        is_secret = numbers and type(value) in (int, float) and repr(value) in self.forms
        return MASK if is_secret else value

    def _hidden_mapping(self, value: Mapping[Any, Any], numbers: bool) -> _Walk:
        parts: dict[Any, Any] = {}
        for key, item in value.items():
            if is_binary(key):
                parts[key] = item
                continue
            hidden = self.hide(key) if isinstance(key, str) else key
            name, count = hidden, 1
            while name in parts:  # two keys that are secrets must remain two keys
                count += 1
                name = f"{hidden}-{count}"
            parts[name] = yield self._hidden(item, numbers)
        return parts

    def hide_document(self, text: str, *, numbers: bool = True) -> str:
        r"""A file's text without secrets; if it is JSON, it stays JSON.

        In JSON, the end of an escape such as ``\n`` may look like the beginning of a secret, so
        secrets are hidden in its values and not in its text.

        Args:
            text: The text.
            numbers: Whether a number of JSON that is a secret becomes a text.
        """
        hidden = self.hide(text)
        if hidden == text:
            return text
        try:
            values = self.hide_all(json.loads(text), numbers=numbers)
            return _as_laid_out(values, text)
        except (ValueError, RecursionError):  # it is not JSON, or cannot be parsed
            return hidden


def is_binary(kind: Any) -> bool:
    """Whether a media type's content is binary, so that a match would be a coincidence."""
    return isinstance(kind, str) and kind.startswith(_BINARY) and kind != _DRAWN


def _longest_first(forms: Iterator[str]) -> tuple[str, ...]:
    return tuple(sorted({form for form in forms if form}, key=lambda form: (-len(form), form)))


def _covered(text: str, spans: list[tuple[int, int]]) -> Iterator[str]:
    """The parts of a text, with a mask for each span; overlapping spans share one."""
    from stagebook.project import spellings

    position = 0
    start, end = spans[0]
    for after_start, after_end in [*spans[1:], (len(text) + 1, 0)]:
        if after_start < end:
            end = max(end, after_end)
            continue
        yield text[position:start]
        yield f"{MASK}{spellings.unseen(text[start:end])}"
        position, start, end = end, after_start, after_end
    yield text[position:]


def _walked(walk: Any) -> Any:
    """The result of a walk through a value that may be too deep for Python's stack."""
    stack, result = [walk], None
    while stack:
        try:
            stack.append(stack[-1].send(result))
            result = None
        except StopIteration as end:
            result = end.value
            stack.pop()
    return result


def _as_laid_out(values: Any, text: str) -> str:
    """The JSON of values, indented like a text."""
    indent = re.match(r"\s*[\[{]\r?\n( +)", text)
    ending = text[len(text.rstrip()) :]
    step = len(indent[1]) if indent else None
    return json.dumps(values, indent=step, ensure_ascii=text.isascii()) + ending
