"""Pictures of a notebook, as addresses that hold the picture itself."""

import base64
import binascii
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from stagebook.report.article import sanitised
from stagebook.report.article.executed import CellOutput, ExecutedCell

SVG = "image/svg+xml"
_BEGINNINGS = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
}
_COMMENT = re.compile(r"^#\|\s*(fig-cap|fig-alt)\s*:\s*(.+?)\s*$", re.MULTILINE)
_ENDS = {"image/png": b"IEND\xaeB`\x82", "image/jpeg": b"\xff\xd9"}
TYPES = (SVG, *_BEGINNINGS)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that can be shown.

    Attributes:
        source: Its address, which holds all of it.
        width: In pixels, where it is known.
        height: Likewise.
    """

    source: str
    width: int | None = None
    height: int | None = None


def parse(kind: str, text: str) -> Picture | str:
    """A picture from what an output has of it; or what is wrong with it, in words.

    Args:
        kind: Its MIME type.
        text: SVG, or the base64 of the rest.
    """
    if kind == SVG:
        if "<svg" not in text[:100_000] or "</svg" not in text[-1_000:]:
            return "it is not a complete SVG"
        return Picture(sanitised.svg_source(text))
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return "it is not valid base64"
    if not content.startswith(_BEGINNINGS[kind]):
        return f"it is not a {kind.partition('/')[2].upper()}"
    if kind in _ENDS and _ENDS[kind] not in content[-64:]:
        return "it is cut off"
    coded = base64.b64encode(content).decode()
    return Picture(f"data:{kind};base64,{coded}", *_size(kind, content))


def attached(address: str, attachments: Mapping[str, Any]) -> str:
    """The source of a picture that Markdown names; empty if it is not in the notebook."""
    if address.startswith("data:image/"):
        return address
    if not address.startswith("attachment:"):
        return ""
    name = address.removeprefix("attachment:")
    bundle = attachments.get(name, attachments.get(unquote(name)))
    for kind in TYPES if isinstance(bundle, dict) else ():
        text = bundle.get(kind)
        if isinstance(text, list):
            text = "".join(str(item) for item in text)
        picture = parse(kind, text) if isinstance(text, str) else ""
        if isinstance(picture, Picture):
            return picture.source
    return ""


def _size(kind: str, content: bytes) -> tuple[int, int] | tuple[None, None]:
    if kind == "image/png" and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return width, height
    if kind == "image/gif" and len(content) >= 10:
        width, height = struct.unpack("<HH", content[6:10])
        return width, height
    return None, None


def captions(cell: ExecutedCell, output: CellOutput, kind: str) -> tuple[str, str]:
    """Caption and alternative text of a figure, from where notebooks have them."""
    comment = dict(_COMMENT.findall(cell.text[:5_000]))
    figure = cell.metadata.get("figure")
    own = output.metadata.get(kind)
    places = [
        *(item for item in (own, output.metadata, cell.metadata, figure) if isinstance(item, dict)),
        {"caption": _unquoted(comment.get("fig-cap")), "alt": _unquoted(comment.get("fig-alt"))},
    ]
    caption, alt = (
        next((place[key].strip() for place in places if isinstance(place.get(key), str)), "")
        for key in ("caption", "alt")
    )
    return caption[:1_000], alt[:1_000]


def _unquoted(text: str | None) -> str | None:
    return text.strip("\"'") if text else None


def shown_size(picture: Picture, metadata: Any) -> str:
    """Width and height as the notebook shows a picture, which may be half its pixels."""
    own = metadata if isinstance(metadata, dict) else {}
    pair = [own.get("width"), own.get("height")]
    if not all(isinstance(item, int) and 0 < item < 20_000 for item in pair):
        pair = [picture.width, picture.height]
    if None in pair:
        return ""
    return f' width="{pair[0]}" height="{pair[1]}"'
