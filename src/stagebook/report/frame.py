"""What every page of the site has around its own content: its way back, its style, its policy."""

from dataclasses import dataclass
from posixpath import relpath
from typing import Any
from urllib.parse import quote

from stagebook.report import self_contained

FRONT = "index.html"


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame of one page.

    Attributes:
        project: The project's name.
        page: Path of the page in the site.
        pages: Names and paths of the pages that each page links to, the front page first.
        colophon: What the site was made from, in a line.
        alone: Whether the page is mailed by itself: links to other pages are left out.
        interactive: Whether scripts in a notebook's outputs may run.
    """

    project: str
    page: str
    pages: tuple[tuple[str, str], ...]
    colophon: str
    alone: bool = False
    interactive: bool = False

    def link(self, page: str, anchor: str = "") -> str:
        """The address of another page from this one; empty where the page is alone.

        Args:
            page: Path of the page in the site; empty for none, which has no address.
            anchor: A place on it.
        """
        to = f"#{quote(anchor)}" if anchor else ""
        if page == self.page:
            return to or "#"
        if self.alone or not page:
            return ""
        folder = self.page.rpartition("/")[0] or "."
        return quote(relpath(page, folder)) + to


def render(
    template: str,
    frame: Frame,
    title: str,
    *,
    style: str = "",
    foreign: bool = False,
    **values: Any,
) -> str:
    """A page of the site.

    Args:
        template: The template's file, which extends ``site/layout.html``.
        frame: The page's frame.
        title: The page's title.
        style: CSS of this page alone.
        foreign: Whether the page holds HTML that a notebook made, whose styles also count.
        values: What else the template names.
    """
    return self_contained.render(
        template,
        self_contained.source("graph.css") + self_contained.source("site/site.css") + style,
        script=self_contained.source("site/site.js"),
        foreign=foreign,
        interactive=foreign and frame.interactive,
        frame=frame,
        title=title,
        **values,
    )
