"""What a notebook says about a figure: its caption, what stands for it, how large it is."""

import re
from typing import Any

from stagebook.report.article.executed import Cell, Output
from stagebook.report.article.pictures import Picture

_COMMENT = re.compile(r"^#\|\s*(fig-cap|fig-alt)\s*:\s*(.+?)\s*$", re.MULTILINE)


def said(cell: Cell, output: Output, kind: str) -> tuple[str, str]:
    """Caption and alternative text of a figure, from where notebooks have them."""
    comment = dict(_COMMENT.findall(cell.text[:5_000]))
    figure = cell.metadata.get("figure")
    own = output.metadata.get(kind)
    places = [
        *(one for one in (own, output.metadata, cell.metadata, figure) if isinstance(one, dict)),
        {"caption": _unquoted(comment.get("fig-cap")), "alt": _unquoted(comment.get("fig-alt"))},
    ]
    caption, alt = (
        next((one[key].strip() for one in places if isinstance(one.get(key), str)), "")
        for key in ("caption", "alt")
    )
    return caption[:1_000], alt[:1_000]


def _unquoted(text: str | None) -> str | None:
    return text.strip("\"'") if text else None


def size(picture: Picture, told: Any) -> str:
    """Width and height as the notebook shows a picture, which may be half its pixels."""
    own = told if isinstance(told, dict) else {}
    pair = [own.get("width"), own.get("height")]
    if not all(isinstance(one, int) and 0 < one < 20_000 for one in pair):
        pair = [picture.width, picture.height]
    if None in pair:
        return ""
    return f' width="{pair[0]}" height="{pair[1]}"'
