"""Edits within the lines of a YAML text: scalars, flow style, and aliases of what changes."""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.events import (
    AliasEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

_GONE = object()
"""The new value of a node that is to be deleted."""

_MERGED = object()
"""The value of nodes at and below a merge key ``<<``, which are not changed."""

_BREAKS = frozenset("\x85\u2028\u2029")
"""Line breaks of Unicode, which ruamel.yaml would write as they are and then read as spaces."""

_PLAIN_KEY = re.compile(r"(?!(?:true|false|null)$)[A-Za-z_][\w.@/-]*", re.IGNORECASE)
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")


@dataclass(slots=True)
class _Node:
    """A node of a text, with its place in it.

    Attributes:
        kind: ``mapping``, ``list``, ``scalar`` or ``alias``.
        start: Where it starts, its anchor included.
        inner: Where its own text starts, after anchor, tag and bracket.
        end: Where it ends.
        flow: Whether it is in flow style.
        name: Its anchor, or what it is an alias of.
        children: Items; of a mapping, keys and values in turn.
    """

    kind: str
    start: int
    inner: int
    end: int
    flow: bool = False
    name: str | None = None
    children: list["_Node"] = field(default_factory=list)

    def pairs(self) -> Iterator[tuple["_Node", "_Node"]]:
        """Keys with their values."""
        return zip(self.children[::2], self.children[1::2], strict=True)


_Place = tuple[_Node, Any, Any]
"""A node, its present value, and its new value."""


def unshare(text: str, value: Any, wanted: Any) -> str:
    """The text without the aliases whose anchor gets another value than they, or is deleted.

    Args:
        text: A YAML text of one document.
        value: Its present values.
        wanted: Its new values.
    """
    anchors: dict[str | None, _Place] = {}
    edits = []
    for node, now, then in _walk(text, value, wanted):
        if node.kind != "alias":
            anchors[node.name] = (node, now, then)
        elif then is not _GONE:
            _, anchor_now, anchor_then = anchors[node.name]
            if anchor_then is _GONE or anchor_then != (anchor_now if then is _MERGED else then):
                edits.append((node.start, node.end, render(anchor_now)))
    return _replaced(text, edits)


def edit(text: str, value: Any, wanted: Any) -> str:
    """The text with scalars and nodes in flow style changed in their place.

    What has lines of its own, such as a list with a dash for each item, stays as it is. So does
    flow style with comments inside.

    Args:
        text: A YAML text of one document.
        value: Its present values.
        wanted: Its new values.
    """
    edits = []
    pending: list[_Place] = [(node, value, wanted) for node in _parse(text)]
    while pending:
        node, now, then = pending.pop()
        if then is _GONE or now is then or now == then or node.kind == "alias":
            continue
        if node.flow or (node.kind == "scalar" and not isinstance(then, Mapping | list)):
            if "#" not in text[node.start : node.end] and node.inner < node.end:
                edits.append((node.start, node.end, _changed(text, node, now, then)))
        elif node.kind == "mapping":
            pending.extend(_children(text, node, now, then))
    return _replaced(text, edits)


def render(value: Any) -> str:
    """A value in one line, as it may be in flow style."""
    yaml = YAML()
    yaml.width = 1 << 30
    yaml.default_flow_style = True
    scalar = not isinstance(value, Mapping | list)
    stream = io.StringIO()
    yaml.dump(plain([value] if scalar else value), stream)
    text = stream.getvalue().strip()
    return text[1:-1] if scalar else text


def plain(value: Any) -> Any:
    """A value without its comments and its layout."""
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, str) and _BREAKS & set(value):
        return DoubleQuotedScalarString(value)
    return [plain(item) for item in value] if isinstance(value, list) else value


def _changed(text: str, node: _Node, now: Any, then: Any) -> str:
    """The text of a scalar, or of a node in flow style, that holds another value."""
    if now == then:
        return text[node.start : node.end]
    opening = text[node.start : node.inner]
    if node.kind == "list" and isinstance(then, list):
        pairs = zip(node.children, now, strict=True)
        entries = [text[child.start : child.end] for child, item in pairs if item in then]
        entries += [render(item) for item in then if item not in now]
    elif node.kind == "mapping" and isinstance(then, Mapping):
        names = {_key(text, key): (key, child) for key, child in node.pairs()}
        entries = [
            text[key.start : child.start] + _changed(text, child, now[name], then[name])
            for name, (key, child) in names.items()
            if name in then
        ]
        new = [name for name in then if name not in names]
        entries += [f"{render(name)}: {render(then[name])}" for name in new]
    else:
        return opening.rstrip("[{") + render(then)
    pad = " " if entries and text[node.inner] == " " else ""
    return f"{opening}{pad}{', '.join(entries)}{pad}{text[node.end - 1]}"


def _walk(text: str, value: Any, wanted: Any) -> Iterator[_Place]:
    """Each node in the order of the text."""
    pending: list[_Place] = [(node, value, wanted) for node in _parse(text)]
    while pending:
        node, now, then = pending.pop()
        yield node, now, then
        pending.extend(reversed(list(_children(text, node, now, then))))


def _children(text: str, node: _Node, now: Any, then: Any) -> Iterator[_Place]:
    if now is _MERGED:
        yield from ((child, _MERGED, _MERGED) for child in node.children)
    elif node.kind == "mapping":
        for key, child in node.pairs():
            name = _key(text, key)
            if name == "<<":
                yield child, _MERGED, _MERGED
            else:
                stays = isinstance(then, Mapping) and name in then
                yield child, now[name], then[name] if stays else _GONE
    elif node.kind == "list":
        for child, item in zip(node.children, now, strict=True):
            yield child, item, item if isinstance(then, list) and item in then else _GONE


def _key(text: str, key: _Node) -> Any:
    own = text[key.inner : key.end]
    return own if _PLAIN_KEY.fullmatch(own) or own == "<<" else YAML(typ="safe").load(own)


def _replaced(text: str, edits: list[tuple[int, int, str]]) -> str:
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _parse(text: str) -> list[_Node]:
    """The root of a document; empty for an empty text."""
    top = _Node("list", 0, 0, len(text))
    stack = [top]
    for event in YAML(typ="safe", pure=True).parse(io.StringIO(text)):
        if isinstance(event, NodeEvent):
            node = _node(event, text)
            stack[-1].children.append(node)
            if node.kind in ("mapping", "list"):
                stack.append(node)
        elif type(event).__name__ in ("MappingEndEvent", "SequenceEndEvent"):
            stack.pop().end = event.end_mark.index
    return top.children


def _node(event: Any, text: str) -> _Node:
    kinds = {MappingStartEvent: "mapping", SequenceStartEvent: "list", ScalarEvent: "scalar"}
    kind = "alias" if isinstance(event, AliasEvent) else kinds[type(event)]
    start, end = event.start_mark.index, event.end_mark.index
    flow = kind in ("mapping", "list") and bool(event.flow_style)
    inner = end if flow else start
    if kind == "scalar":
        match = _PROPERTIES.match(text, start) if event.anchor or event.tag else None
        inner = end if event.style in ("|", ">") else match.end() if match else start
    return _Node(kind, start, inner, end, flow, event.anchor)
