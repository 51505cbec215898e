"""What a cell prints, as HTML: colours kept, the long folded, the very long cut."""

import re
from html import escape
from math import inf

from stagebook.notebook.lean import lean_import
from stagebook.report.article import sanitised

SHOWN = 24  # lines before the rest is folded
_LINES = 600
_CHARACTERS = 60_000
_WIDEST = 2_000
_OTHER_SEQUENCE = re.compile(r"\x1b\][^\x07\x1b]{0,4000}(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")
_SEQUENCE = re.compile(r"\x1b\[([0-9;]*)m")
_CONTROL = re.compile("[\x07\x08\x1b]")
_BASIC = (  # as red, green and blue, in the order of their codes
    (0, 0, 0),
    (205, 0, 0),
    (0, 160, 0),
    (190, 150, 0),
    (0, 60, 220),
    (190, 0, 190),
    (0, 160, 170),
    (200, 200, 200),
)


def block(text: str, place: str, kind: str = "out") -> str:
    """A text as HTML: its first lines, and behind a click the rest.

    Args:
        text: The text, with colours as a terminal has them.
        place: Where all of it is, for what is cut.
        kind: The class of its elements.
    """
    lines = [_overwritten(one) for one in _cut(text).rstrip("\n").split("\n")]
    total = text.rstrip("\n").count("\n") + 1
    cut = total - len(lines[:_LINES]) if len(text) > _CHARACTERS or total > _LINES else 0
    lines = lines[:_LINES]
    first, rest = lines[:SHOWN], lines[SHOWN:]
    if len(rest) <= SHOWN // 4 and not cut:
        first, rest = lines, []
    html = _pre(first, kind)
    if rest:
        html += (
            f"<details><summary>{_counted(len(rest))} more</summary>{_pre(rest, kind)}</details>"
        )
    if cut or len(text) > _CHARACTERS:
        html += _left_out(cut, place)
    return html


def _left_out(lines: int, place: str) -> str:
    what = f"{_counted(lines)} more" if lines else "The rest"
    verb = "is" if lines <= 1 else "are"
    return f'<p class="said">… {what} {verb} in the executed notebook, {escape(place)}.</p>'


def _counted(lines: int) -> str:
    return f"{lines:,} line{'s' * (lines != 1)}"


def _cut(text: str) -> str:
    """As much of a text as is looked at; a line that is cut through is no line."""
    if len(text) <= _CHARACTERS:
        return text
    whole, _, last = text[:_CHARACTERS].rpartition("\n")
    return whole or last


def _overwritten(line: str) -> str:
    """What a terminal would show of a line, whose progress bar began it again and again."""
    shown = line.rstrip("\r").rpartition("\r")[2]
    return shown if len(shown) <= _WIDEST else shown[:_WIDEST] + "…"


def _pre(lines: list[str], kind: str) -> str:
    text = "\n".join(lines)
    direction = ' dir="auto"' if sanitised.is_right_to_left(text) else ""
    return f'<pre class="{kind}" tabindex="0"{direction}>{coloured(text)}</pre>'


def coloured(text: str) -> str:
    """A text with a terminal's colours as HTML, in classes that fit light and dark."""
    if "\x1b" not in text:
        return escape(_CONTROL.sub("", text), quote=False)
    lean_import("nbconvert")
    from nbconvert.filters.ansi import ansi2html

    plain = _SEQUENCE.sub(_basic, _OTHER_SEQUENCE.sub("", text))
    return _CONTROL.sub("", str(ansi2html(plain)))  # type: ignore[no-untyped-call]


def _basic(found: re.Match[str]) -> str:
    """A sequence in which one of many colours is the nearest of eight."""
    codes = [int(one or 0) for one in found[1].split(";")] if len(found[1]) < 60 else [0]
    kept: list[int] = []
    while codes:
        code = codes.pop(0)
        if code not in (38, 48):
            kept.append(code)
            continue
        colour, codes = _colour(codes)
        if colour is not None:
            kept.append(code - 8 + colour)
    return f"\x1b[{';'.join(map(str, kept))}m"


def _colour(codes: list[int]) -> tuple[int | None, list[int]]:
    """The nearest of eight colours to what follows a 38, and the codes after it."""
    if codes[:1] == [5] and len(codes) > 1:
        return _nearest(_from_256(codes[1])), codes[2:]
    if codes[:1] == [2] and len(codes) > 3:
        return _nearest((codes[1], codes[2], codes[3])), codes[4:]
    return None, []


def _from_256(code: int) -> tuple[int, int, int]:
    if code < 16:
        return _BASIC[code % 8]
    if code > 231:
        return (8 + (code - 232) * 10,) * 3
    code -= 16
    return code // 36 * 51, code // 6 % 6 * 51, code % 6 * 51


def _nearest(colour: tuple[int, int, int]) -> int | None:
    """Its number; none for a grey, which is readable nowhere but in the text's own colour."""
    if max(colour) - min(colour) < 32:
        return None
    best, least = 0, inf
    for place, one in enumerate(_BASIC):
        away = sum((a - b) ** 2 for a, b in zip(colour, one, strict=True))
        if away < least:
            best, least = place, away
    return best
