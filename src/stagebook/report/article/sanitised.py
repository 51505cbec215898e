"""HTML of others as HTML that runs nothing, loads nothing and stays in its place."""

import base64
import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import nh3

_BLOCKS = (
    "address article aside blockquote caption center dd details div dl dt figcaption figure "
    "footer h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary ul"
)
_TEXTS = (
    "a abbr b bdi bdo big br cite code del dfn em font i img ins kbd mark meter progress q rp rt "
    "ruby s samp small span strike strong sub sup time tt u var wbr"
)
_TABLES = "col colgroup table tbody td tfoot th thead tr"
TAGS = frozenset(f"{_BLOCKS} {_TEXTS} {_TABLES}".split()) - {"main", "nav", "header", "footer"}
_DROPPED = "script style iframe object embed template noscript textarea select title"
_EVERYWHERE = frozenset({"style", "dir", "lang", "title"})
_ATTRIBUTES = {
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align", "scope"},
    "col": {"span"},
    "ol": {"start", "reversed", "type"},
    "li": {"value"},
    "details": {"open"},
    "meter": {"value", "min", "max", "low", "high", "optimum"},
    "progress": {"value", "max"},
    "time": {"datetime"},
    "font": {"color"},
    "bdo": {"dir"},
    "span": {"data-math"},  # where a formula goes
}
_CLASSES = {"table": {"dataframe"}, "div": {"colophon"}}
_PROPERTIES = re.compile(
    r"(?:background|background-color|border[a-z-]*|color|display|font[a-z-]*|height|letter-spacing"
    r"|line-height|list-style[a-z-]*|margin[a-z-]*|max-height|max-width|min-height|min-width"
    r"|opacity|overflow-wrap|padding[a-z-]*|text-align|text-decoration[a-z-]*|text-indent"
    r"|text-transform|vertical-align|white-space|width|word-break)"
)
_VALUE = re.compile(r"[\w\s.,%#()'\"!/+*-]{1,200}")
_NOT_IN_VALUE = re.compile(
    r"-\s*[\d.(]|(?<![\w-])(?!rgba?\(|hsla?\(|(?:linear|radial)-gradient\()[\w-]*\(", re.IGNORECASE
)
"""Negative numbers, and functions other than colours: they reckon, or load something."""

_LINK = re.compile(r"(?:https?://|mailto:|#).", re.IGNORECASE | re.DOTALL)
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp|svg\+xml)[;,]", re.IGNORECASE)
_INLINE_SVG = re.compile(r"<svg\b[^>]*>.*?</svg\s*>", re.IGNORECASE | re.DOTALL)
_STYLE = re.compile(r"<style\b[^>]*>(.*?)(?:</style\b[^>]*>|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
# they have no content, or end where the next begins
_SHALLOW_WORDS = "br hr img input col wbr meta link p li td th tr tbody thead tfoot dt dd option"
_SHALLOW = frozenset(_SHALLOW_WORDS.split())
_TABLE_STYLE = (
    "table{border-collapse:collapse;font-size:.875rem}th,td{padding:.25rem .6rem}"
    "caption{text-align:left;padding:.25rem .6rem}"
)
_DEEPEST = 200  # the time that the parser takes grows with the square of it
_HEADING = re.compile(r"<(/?)h[1-6](?=[ >])")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_WITH_DIRECTION = re.compile(r"<(p|li|td|th|h[1-6]|blockquote|dd|dt|summary|figcaption)(?=[ >])")


def clean(html: str) -> str:
    """HTML with nothing left that acts, loads or leaves its place, and without ids."""
    return directed(_cleaner(shadow=False).clean(_with_pictures(html)))


def flat(html: str) -> str:
    """Sanitised HTML without headings, which belong to the article alone."""
    return _HEADING.sub(r"<\1div", html)


def shadow(html: str) -> str:
    """HTML with style sheets of its own, as the content of a shadow root, where they stay."""
    rules = "\n".join(item.replace("<", " ") for item in _STYLE.findall(html))
    inner = _cleaner(shadow=True).clean(_with_pictures(_STYLE.sub("", html)))
    return f"<style>{_TABLE_STYLE}{rules}</style>{flat(directed(inner))}"


def has_style(html: str) -> bool:
    """Whether HTML has a style sheet of its own."""
    return bool(_STYLE.search(html))


def too_deep(html: str) -> bool:
    """Whether elements are nested deeper than any page needs."""
    opened: Counter[str] = Counter()
    deep = 0
    for end, name in _TAG.findall(html):
        if name.lower() in _SHALLOW:
            continue
        step = -1 if end else 1
        if end and not opened[name]:
            continue
        opened[name] += step
        deep += step
        if deep > _DEEPEST:
            return True
    return False


def svg_source(svg: str) -> str:
    """The address of an SVG as a picture, in which no script runs and nothing is loaded."""
    if "xmlns=" not in svg[:2000]:
        svg = svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    coded = base64.b64encode(svg.encode("utf-8", "replace")).decode()
    return f"data:image/svg+xml;base64,{coded}"


def directed(html: str) -> str:
    """Sanitised HTML whose paragraphs run as their script does."""
    if not _RIGHT_TO_LEFT.search(html):
        return html
    return _WITH_DIRECTION.sub(r'<\1 dir="auto"', html)


def is_right_to_left(text: str) -> bool:
    """Whether some of a text runs from right to left."""
    return bool(_RIGHT_TO_LEFT.search(text))


def _with_pictures(html: str) -> str:
    if "<svg" not in html.lower():
        return html
    return _INLINE_SVG.sub(lambda match: f'<img alt="" src="{svg_source(match[0])}">', html)


@cache
def _cleaner(*, shadow: bool) -> "nh3.Cleaner":
    import nh3

    common = _EVERYWHERE | ({"id", "class"} if shadow else set())
    return nh3.Cleaner(
        tags=set(TAGS),
        clean_content_tags=set(_DROPPED.split()),
        attributes={tag: _ATTRIBUTES.get(tag, set()) | common for tag in TAGS},
        attribute_filter=_attribute,
        link_rel="noopener noreferrer",
        url_schemes={"http", "https", "mailto", "data"},
        allowed_classes=None if shadow else _CLASSES,
    )


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "style":
        return _style(value)
    if name == "href":
        return value if _LINK.match(value) else None
    if name == "src":
        return value if _PICTURE.match(value) else None
    if name == "dir":
        return value if value in ("ltr", "rtl", "auto") else None
    return value


def _style(value: str) -> str | None:
    """The declarations of a style that can change how their element looks, but not where it is."""
    declarations = []
    for item in value.split(";"):
        name, _, worth = item.partition(":")
        allowed = _PROPERTIES.fullmatch(name.strip().lower())
        if allowed and _VALUE.fullmatch(worth.strip()) and not _NOT_IN_VALUE.search(worth):
            declarations.append(f"{name.strip().lower()}: {worth.strip()}")
    return "; ".join(declarations) or None
