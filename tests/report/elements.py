"""The elements and the text of a page."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset({"br", "col", "hr", "img", "input", "link", "meta", "wbr"})
_CELL = frozenset({"td", "th"})
_ROW = _CELL | {"tr"}
_ENDS = {  # the open elements that a start tag ends, where their end tags may be left out
    "tr": _ROW,
    "td": _CELL,
    "th": _CELL,
    "tbody": _ROW,
    "dt": frozenset({"dt", "dd"}),
    "dd": frozenset({"dt", "dd"}),
}
_STEP = re.compile(r"(?P<tag>[\w-]*)(?P<marks>(?:[.#][\w-]+)*)")


@dataclass(slots=True)
class Element:
    """An element of a page.

    Attributes:
        tag: Its tag.
        attributes: Its attributes; one without a value has an empty one.
        parent: The element that it is in; None for the outermost.
        pieces: The texts in it and in all elements in it.
    """

    tag: str
    attributes: dict[str, str]
    parent: "Element | None"
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it, without spaces around it."""
        return "".join(self.pieces).strip()

    def is_a(self, step: str) -> bool:
        """Whether it has the tag, the classes and the id that are asked for: ``p.change``."""
        match = _STEP.fullmatch(step)
        assert match is not None, step
        marks = re.findall(r"[.#][\w-]+", match["marks"])
        classes = self.attributes.get("class", "").split()
        own = {*(f".{name}" for name in classes), f"#{self.attributes.get('id', '')}"}
        return match["tag"] in ("", self.tag) and set(marks) <= own

    def is_at(self, steps: list[str]) -> bool:
        """Whether it is the last step, in elements that are the steps before."""
        if not self.is_a(steps[-1]):
            return False
        rest, outer = steps[:-1], self.parent
        while rest and outer is not None:
            if outer.is_a(rest[-1]):
                rest = rest[:-1]
            outer = outer.parent
        return not rest


class Elements(HTMLParser):
    """What an HTML parser sees in a text.

    Attributes:
        found: Each start tag with its attributes; an attribute without a value has an empty one.
        text: The text between the tags, as a reader sees it.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.found.append((tag, attributes))
        while self._open and self._open[-1].tag in _ENDS.get(tag, ()):
            self._open.pop()
        element = Element(tag, attributes, self._open[-1] if self._open else None)
        self._elements.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if any(element.tag == tag for element in self._open):
            while self._open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.text += data
        for element in self._open:
            element.pieces.append(data)

    @property
    def tags(self) -> list[str]:
        return [tag for tag, _ in self.found]

    def named(self, *tags: str) -> list[dict[str, str]]:
        """The attributes of each element with one of these tags."""
        return [attributes for tag, attributes in self.found if tag in tags]

    def values(self, attribute: str) -> list[str]:
        """Each value of an attribute."""
        return [attributes[attribute] for _, attributes in self.found if attribute in attributes]

    def select(self, path: str) -> list[Element]:
        """The elements at a path of tags, classes and ids, such as ``ul.notes li``."""
        return [element for element in self._elements if element.is_at(path.split())]

    def texts(self, path: str) -> list[str]:
        """The text of each element at a path."""
        return [element.text for element in self.select(path)]

    def rows(self, path: str = "table") -> list[list[str]]:
        """The texts of the cells of each row in the elements at a path."""
        cells = [element for element in self._elements if element.tag in _CELL]
        return [
            [cell.text for cell in cells if cell.parent is row] for row in self.select(f"{path} tr")
        ]
