"""The elements and the text of a page."""

from html.parser import HTMLParser


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
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def tags(self) -> list[str]:
        return [tag for tag, _ in self.found]

    def named(self, *tags: str) -> list[dict[str, str]]:
        """The attributes of each element with one of these tags."""
        return [attributes for tag, attributes in self.found if tag in tags]

    def values(self, attribute: str) -> list[str]:
        """Each value of an attribute."""
        return [attributes[attribute] for _, attributes in self.found if attribute in attributes]
