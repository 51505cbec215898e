"""A text with a terminal's colours as HTML, in classes that fit light and dark pages."""

import colorsys
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape

_OTHER_SEQUENCE = re.compile(r"\x1b\][^\x07\x1b]{0,4000}(?:\x07|\x1b\\)|\x1b[@-Z\\-_]")
_SEQUENCE = re.compile(r"\x1b\[([^@-~]{0,60})([@-~])")
_CONTROL = re.compile("[\x07\x08\x1b]")
_NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"]
_BY_HUE = (1, 3, 2, 6, 4, 5)  # red, yellow, green, cyan, blue, magenta: a sixth of the circle each


@dataclass(frozen=True, slots=True)
class _TerminalStyle:
    """How a terminal shows what follows; a colour is a number below 16, and bright from 8 on."""

    text: int | None = None
    ground: int | None = None
    bold: bool = False
    underline: bool = False
    inverse: bool = False

    @property
    def classes(self) -> list[str]:
        text, ground = self.text, self.ground
        if self.bold and text is not None and text < 8:
            text += 8  # as terminals do
        pair = (ground, text) if self.inverse else (text, ground)
        colours = [
            f"{_name(colour)}-{side}"
            for colour, side in zip(pair, ("fg", "bg"), strict=True)
            if colour is not None or self.inverse
        ]
        return [*colours, *["ansi-bold"] * self.bold, *["ansi-underline"] * self.underline]


_PLAIN = _TerminalStyle()
_SWITCHES = {
    1: {"bold": True},
    4: {"underline": True},
    5: {"bold": True},
    7: {"inverse": True},
    21: {"bold": False},
    22: {"bold": False},
    24: {"underline": False},
    27: {"inverse": False},
}


def coloured(text: str) -> str:
    """A text as HTML, its colours as classes; other control sequences are left out."""
    if "\x1b" not in text:
        return _escaped(text)
    html, style, end = [], _PLAIN, 0
    text = _OTHER_SEQUENCE.sub("", text)
    for match in _SEQUENCE.finditer(text):
        html.append(_span(text[end : match.start()], style))
        if match[2] == "m":
            style = _changed(style, match[1])
        end = match.end()
    return "".join([*html, _span(text[end:], style)])


def _escaped(text: str) -> str:
    return escape(_CONTROL.sub("", text), quote=False)


def _span(text: str, style: _TerminalStyle) -> str:
    html = _escaped(text)
    if not html or not style.classes:
        return html
    return f'<span class="{" ".join(style.classes)}">{html}</span>'


def _name(colour: int | None) -> str:
    if colour is None:
        return "ansi-default-inverse"
    return f"ansi-{_NAMES[colour % 8]}{'-intense' * (colour > 7)}"


def _changed(style: _TerminalStyle, written: str) -> _TerminalStyle:
    """A style after the codes of one sequence; a sequence with anything but numbers is ignored."""
    words = [word or "0" for word in written.split(";")]
    if not all(word.isdecimal() for word in words):
        return style
    codes = iter(map(int, words))
    for code in codes:
        style = _after(style, code, codes)
    return style


def _after(style: _TerminalStyle, code: int, following: Iterator[int]) -> _TerminalStyle:
    """A style after one code, which takes those that belong to it from the ones that follow."""
    if code == 0:
        return _PLAIN
    if code in _SWITCHES:
        return replace(style, **_SWITCHES[code])
    for first, bright in ((30, 0), (90, 8)):
        if 0 <= code - first < 8:
            return replace(style, text=code - first + bright)
        if 0 <= code - first - 10 < 8:
            return replace(style, ground=code - first - 10 + bright)
    if code in (38, 39):
        return replace(style, text=_extended(following) if code == 38 else None)
    if code in (48, 49):
        return replace(style, ground=_extended(following) if code == 48 else None)
    return style


def _extended(codes: Iterator[int]) -> int | None:
    """The named colour for one of 256, or for one in red, green and blue."""
    kind = next(codes, 0)
    if kind == 5:
        return _indexed(next(codes, 0))
    if kind == 2:
        return _named(next(codes, 0), next(codes, 0), next(codes, 0))
    return None


def _indexed(code: int) -> int | None:
    """The named colour for one of 256: 16 basic colours, a cube of 6 x 6 x 6, and greys."""
    if code < 16:
        return code % 8 if code % 8 in _BY_HUE else None
    if code > 231:
        return None
    cube = code - 16
    return _named(cube // 36 * 51, cube // 6 % 6 * 51, cube % 6 * 51)


def _named(red: int, green: int, blue: int) -> int | None:
    """The colour with the nearest hue; None for a grey, which is readable only as plain text.

    Only the hue counts: pages have a light and a dark form, in which each named colour is readable.
    """
    if max(red, green, blue) - min(red, green, blue) < 32:
        return None
    hue, _, _ = colorsys.rgb_to_hsv(red, green, blue)
    return _BY_HUE[round(hue * 6) % 6]
