"""Makes standard output and standard error able to print every text in any encoding."""

import codecs
import sys
import unicodedata
from typing import Any

_PREFIX = "degraded-"
_ERRORS = "stagebook-degrade"
_WORDS = {
    "✓": "ok",
    "✗": "x",
    "→": "->",
    "←": "<-",
    "…": "...",
    "·": "-",
    "━": "=",
    "—": "-",
    "–": "-",
    "−": "-",
    "±": "+-",
    "×": "x",
    "≤": "<=",
    "≥": ">=",
    "“": "'",
    "”": "'",
    "‘": "'",
    "’": "'",
    "█": "#",
}


def degrade() -> None:
    """From here on, no print fails because of the stream's encoding.

    A sign of Stagebook that the encoding lacks becomes a word in ASCII, such as ``ok``. Any other
    character becomes a JSON escape, so that printed JSON remains valid.
    """
    codecs.register_error(_ERRORS, _degraded)
    codecs.register(_find)
    for stream in (sys.stdout, sys.stderr):
        reconfigure: Any = getattr(stream, "reconfigure", None)
        name = codecs.lookup(getattr(stream, "encoding", None) or "utf-8").name
        if reconfigure is None or name.startswith(_PREFIX):
            continue
        if name.startswith("utf"):
            reconfigure(errors=_ERRORS)
        else:  # under its own name, click would write UTF-8 to a stream of ASCII
            reconfigure(encoding=f"{_PREFIX}{name}", errors=_ERRORS)


def _degraded(error: UnicodeError) -> tuple[str, int]:
    """The replacement for characters that an encoding lacks, and the position to continue at."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    failed = error.object[error.start : error.end]
    return "".join(map(_replacement, failed)), error.end


def _replacement(char: str) -> str:
    if char in _WORDS:
        return _WORDS[char]
    if unicodedata.category(char) == "Zs":
        return " "
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _find(name: str) -> codecs.CodecInfo | None:
    """The encoding whose name follows the prefix, which Python may write with underscores."""
    if not name.replace("_", "-").startswith(_PREFIX):
        return None
    own = codecs.lookup(name[len(_PREFIX) :])
    return codecs.CodecInfo(
        own.encode,
        own.decode,
        own.streamreader,
        own.streamwriter,
        own.incrementalencoder,
        own.incrementaldecoder,
        name=f"{_PREFIX}{own.name}",
    )
