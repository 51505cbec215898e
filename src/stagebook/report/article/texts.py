"""What a cell prints, as HTML: colours kept, the long folded, the very long cut."""

import json
from html import escape
from typing import Any

from stagebook.report.article import sanitised
from stagebook.report.article.ansi import coloured
from stagebook.report.article.executed import without_unseen

SHOWN = 24  # lines before the rest is folded
_LINES = 600
_CHARACTERS = 60_000
_WIDEST = 2_000
_JSON = 60_000


def block(text: str, place: str, kind: str = "out") -> str:
    """A text as HTML: its first lines, and behind a click the rest.

    Args:
        text: The text, with colours as a terminal has them.
        place: Where all of it is, for what is cut.
        kind: The class of its elements.
    """
    lines = [_overwritten(item) for item in _cut(text).rstrip("\n").split("\n")]
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
    subject = f"{_counted(lines)} more" if lines else "The rest"
    verb = "is" if lines <= 1 else "are"
    mark = f'class="said" data-lines="{lines}"'
    return f"<p {mark}>… {subject} {verb} in the executed notebook, {escape(place)}.</p>"


def _counted(lines: int) -> str:
    return f"{lines:,} line{'s' * (lines != 1)}"


def _cut(text: str) -> str:
    """The first characters of a text, in whole lines where it has several."""
    if len(text) <= _CHARACTERS:
        return text
    whole_lines, _, last = text[:_CHARACTERS].rpartition("\n")
    return whole_lines or last


def _overwritten(line: str) -> str:
    """What a terminal would show of a line, whose progress bar began it again and again."""
    shown = line.rstrip("\r").rpartition("\r")[2]
    return shown if len(shown) <= _WIDEST else shown[:_WIDEST] + "…"


def _pre(lines: list[str], kind: str) -> str:
    text = "\n".join(lines)
    direction = ' dir="auto"' if sanitised.is_right_to_left(text) else ""
    return f'<pre class="{kind}" tabindex="0"{direction}>{coloured(text)}</pre>'


def dumped(value: Any) -> str:
    """JSON as far as it is shown; all of it could take minutes."""
    written, size = [], 0
    try:
        for piece in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(value):
            written.append(piece)
            size += len(piece)
            if size > _JSON:
                written.append("\n…")
                break
    except (ValueError, RecursionError):
        return "JSON that is nested too deeply"
    return without_unseen("".join(written))
