"""Small tables of HTML in the outputs of a notebook; JupyterLab and the site leave them as is."""

import html
from collections.abc import Collection, Iterable, Sequence

from stagebook.project.text import plain

_LEFT = "text-align: left"
_RIGHT = "text-align: right; white-space: nowrap"


def escaped(text: str) -> str:
    """A text that is neither markup nor a formula."""
    return html.escape(plain(text)).replace("$", "&#36;") if text else ""


def block(parts: Iterable[str]) -> str:
    """Parts as one block; what is too wide is scrolled within it."""
    opening = '<div class="tex2jax_ignore mathjax_ignore" style="overflow-x: auto">'
    return "\n".join([opening, *parts, "</div>"])


def table(
    head: Sequence[str],
    rows: Iterable[tuple[Sequence[str], bool]],
    *,
    texts: Collection[int] = (0,),
) -> str:
    """A table.

    Args:
        head: The names of its columns.
        rows: The cells of each row, and whether it is the one to see first.
        texts: Places of the columns whose cells are on the left.
    """
    styles = [_LEFT if place in texts else _RIGHT for place in range(len(head))]
    top = "".join(
        f'<th style="{style}">{escaped(name)}</th>'
        for style, name in zip(styles, head, strict=True)
    )
    body = "\n".join(f"<tr>{_cells(cells, styles, first)}</tr>" for cells, first in rows)
    return (
        f'<table style="margin-left: 0">\n<thead><tr>{top}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table>"
    )


def _cells(cells: Sequence[str], styles: Sequence[str], bold: bool) -> str:
    shown = (f"<strong>{escaped(text)}</strong>" if bold else escaped(text) for text in cells)
    return "".join(
        f'<td style="{style}">{text}</td>' for style, text in zip(styles, shown, strict=True)
    )
