"""YAML texts, edited so that all other lines keep their bytes."""

import contextlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from stagebook.pipeline import yaml_inline, yaml_text
from stagebook.project.errors import StagebookError


def edit(text: str, wanted: Mapping[str, Any], file: str) -> str:
    """The text changed so that it holds other values.

    Lines that need no change keep their bytes: comments, quotes, order and layout. A comment
    goes with the entry that it is indented below, and otherwise with what follows it.

    Args:
        text: A YAML text that holds a mapping, or nothing.
        wanted: The new values; if they are empty, only comments stay. Lists keep the order of
            the items that stay, and have new ones at their end.
        file: Its path, for messages.
    """
    crlf, mark = "\r\n" in text, text[: text.startswith("\ufeff")]
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if text and not text.endswith("\n"):
        text += "\n"
    for attempt in (_edit_lines, _round_trip, _render_anew):
        edited = attempt(text, wanted, file)
        if edited is not None and _holds(edited, wanted):
            break
    return mark + (edited or "").replace("\n", "\r\n" if crlf else "\n")


def _edit_lines(text: str, wanted: Mapping[str, Any], file: str) -> str | None:
    """The text edited in its own layout; None if that is not lines of entries."""
    document = yaml_text.load(text, file)
    for change in (yaml_inline.unshare, yaml_inline.edit):
        with contextlib.suppress(*_UNKNOWN_LAYOUT):
            changed = change(text, document, wanted)
            text, document = changed, yaml_text.load(changed, file)
    if document is not None and not isinstance(document, CommentedMap):
        return None
    return _edited(text, document, wanted, _Style.of(document, text))


def _round_trip(text: str, wanted: Mapping[str, Any], file: str) -> str | None:
    """The text as ruamel.yaml writes it, with its comments but not its layout."""
    document = yaml_text.load(text, file)
    if not isinstance(document, CommentedMap):
        return None
    style = _Style.of(document, text)
    with contextlib.suppress(*_UNKNOWN_LAYOUT):
        _update(document, wanted)
        return style.dump(document)
    return None


def _update(node: CommentedMap, wanted: Mapping[str, Any]) -> None:
    for key in [key for key in node if key not in wanted]:
        del node[key]
    for key, value in wanted.items():
        if isinstance(node.get(key), CommentedMap) and isinstance(value, Mapping):
            _update(node[key], value)
        elif key not in node or node[key] != value:
            node[key] = yaml_inline.plain(value)


def _render_anew(text: str, wanted: Mapping[str, Any], file: str) -> str:
    return _Style.of(yaml_text.load(text, file), text).render(wanted, 0)


def _holds(text: str, wanted: Mapping[str, Any]) -> bool:
    try:
        return bool((yaml_text.load(text, "") or {}) == wanted)
    except StagebookError:
        return False


def _edited(
    text: str, document: CommentedMap | None, wanted: Mapping[str, Any], style: "_Style"
) -> str | None:
    if document is None:
        return text + (style.render(wanted, 0) if wanted else "")
    lines = text.splitlines(keepends=True)
    page = _Page(lines, style)
    edits = page.mapping(document, wanted, _Lines(0, len(lines), 0))
    if edits is None:
        return None
    # From the last line up: a text before a deleted line is inserted after the deletion.
    edits.sort(key=lambda item: (item.start, item.end))
    for item in reversed(edits):
        lines[item.start : item.end] = [item.text]
    return "".join(lines)


@dataclass(frozen=True, slots=True)
class _Style:
    """The layout of a text: spaces that a mapping, and a list in one, is indented by."""

    step: int
    indented: bool

    @classmethod
    def of(cls, document: Any, text: str) -> "_Style":
        columns = [
            value.lc.col
            for value in (document.values() if isinstance(document, CommentedMap) else ())
            if isinstance(value, CommentedMap) and not value.fa.flow_style() and value.lc.col
        ]
        indented = re.search(r"^( *)[^\s#-].*:\n\1 +- ", text, re.MULTILINE) or not text.strip()
        return cls(columns[0] if columns else 2, bool(indented))

    def dump(self, document: Any) -> str:
        yaml = YAML()
        yaml.width = 4096  # never folds a long command
        offset = self.step if self.indented else 0
        yaml.indent(mapping=self.step, sequence=offset + 2, offset=offset)
        stream = io.StringIO()
        yaml.dump(document, stream)
        return stream.getvalue()

    def render(self, value: Any, indent: int) -> str:
        lines = self.dump(yaml_inline.plain(value)).splitlines(keepends=True)
        return "".join(f"{' ' * indent}{line}" for line in lines)

    def render_item(self, item: Any, indent: int) -> str:
        """An item of a list, whose dash is in this column."""
        _, *lines = self.render({"": [item]}, 0).splitlines(keepends=True)
        offset = _indent(lines[0])
        return "".join(f"{' ' * indent}{line[offset:]}" for line in lines)


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of one entry: a key with its value, or an item of a list."""

    start: int
    end: int
    indent: int


@dataclass(frozen=True, slots=True)
class _Edit:
    """Lines to replace by a text; no lines for an insertion."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class _Page:
    """The lines of a text, and the edits that change their content to other content.

    A method returns None where the node's layout, such as flow style, has no lines of its own
    to edit; then the entry that holds the node is replaced as a whole.
    """

    lines: list[str]
    style: _Style

    def mapping(
        self, node: CommentedMap, wanted: Mapping[str, Any], within: _Lines
    ) -> list[_Edit] | None:
        entries = self._entries(node, within)
        if entries is None:
            return None
        edits = [self._removed(entries[key]) for key in entries if key not in wanted]
        first = next(iter(entries.values()))
        place = first.start
        for key, value in wanted.items():
            if key not in entries:
                edits.append(_Edit(place, place, self.style.render({key: value}, first.indent)))
                continue
            edits.extend(self._value(key, node[key], value, entries[key]))
            place = entries[key].end
        return edits

    def _value(self, key: Any, node: Any, value: Any, within: _Lines) -> Iterator[_Edit]:
        if node == value or _is_alias(node, within):
            return
        edits = None
        if isinstance(node, CommentedMap) and isinstance(value, Mapping) and value:
            edits = self.mapping(node, value, within)
        elif isinstance(node, CommentedSeq) and isinstance(value, list) and value:
            edits = self._list(node, value, within)
        if edits is None:
            own = "".join(self.lines[within.start : within.end])
            text = self.style.render({key: value}, within.indent)
            comments = (f"{' ' * within.indent}{comment}\n" for comment in _comments(own))
            edits = [_Edit(within.start, within.end, f"{''.join(comments)}{text}")]
        yield from edits

    def _list(self, node: CommentedSeq, wanted: list[Any], within: _Lines) -> list[_Edit] | None:
        items = self._entries(node, within)
        if items is None:
            return None
        edits = [self._removed(items[at]) for at, item in enumerate(node) if item not in wanted]
        kept = [items[at] for at, item in enumerate(node) if item in wanted]
        place = kept[-1].end if kept else items[0].start
        new = [item for item in wanted if item not in node]
        indent = items[0].indent
        edits.extend(_Edit(place, place, self.style.render_item(item, indent)) for item in new)
        return edits

    def _entries(
        self, node: CommentedMap | CommentedSeq, within: _Lines
    ) -> dict[Any, _Lines] | None:
        keys = range(len(node)) if isinstance(node, CommentedSeq) else list(node)
        if node.fa.flow_style() or not keys or not all(key in (node.lc.data or ()) for key in keys):
            return None
        starts = [node.lc.data[key][0] for key in keys]
        inside = range(within.start, within.end)
        if sorted(set(starts)) != starts or not all(start in inside for start in starts):
            return None
        ends = [*starts[1:], within.end]
        return {
            key: self._trimmed(_Lines(start, end, _indent(self.lines[start])))
            for key, start, end in zip(keys, starts, ends, strict=True)
        }

    def _trimmed(self, entry: _Lines) -> _Lines:
        end = entry.end
        while end - 1 > entry.start:
            line = self.lines[end - 1].strip()
            shallow = line.startswith("#") and _indent(self.lines[end - 1]) <= entry.indent
            if line not in ("", "...") and not shallow:
                break
            end -= 1
        return _Lines(entry.start, end, entry.indent)

    def _removed(self, entry: _Lines) -> _Edit:
        """Deletes an entry, with the blank lines after it if there are some before it."""
        end = entry.end
        if entry.start and not self.lines[entry.start - 1].strip():
            while end < len(self.lines) and not self.lines[end].strip():
                end += 1
        return _Edit(entry.start, end, "")


def _is_alias(node: Any, within: _Lines) -> bool:
    """Whether a node's lines are elsewhere, at its anchor."""
    collection = isinstance(node, CommentedMap | CommentedSeq)
    return collection and node.lc.line not in range(within.start, within.end)


def _comments(text: str) -> list[str]:
    """The comments in some lines of a text, which are between its tokens."""
    ends, comments = 0, []
    with contextlib.suppress(YAMLError):  # an alias or a bracket of another entry
        for token in YAML(typ="safe", pure=True).scan(io.StringIO(text)):
            comments += _COMMENT.findall(text[ends : token.start_mark.index])
            ends = max(ends, token.end_mark.index)
    return comments


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


_UNKNOWN_LAYOUT = (KeyError, TypeError, ValueError, IndexError, YAMLError, StagebookError)
_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#.*", re.MULTILINE)
