"""Small tables of HTML in the outputs of a notebook; JupyterLab and the site leave them as is."""

import html
from collections.abc import Collection, Iterable, Sequence

from stagebook.project.text import plain

_LEFT = "text-align: left"
_WHOLE = "text-align: left; white-space: nowrap"
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
    texts: Collection[int] = (),
) -> str:
    """A table, whose first column names the rows.

    Args:
        head: The names of its columns.
        rows: The cells of each row, and whether it is the one to see first.
        texts: Places of further columns with sentences.
    """
    styles = [_WHOLE, *(_LEFT if place in texts else _RIGHT for place in range(1, len(head)))]
    top = "".join(
        f'<th style="{style}">{escaped(name)}</th>'
        for style, name in zip(styles, head, strict=True)
    )
    body = "\n".join(f"<tr>{_cells(cells, styles, first)}</tr>" for cells, first in rows)
    return (
        f'<table style="margin-left: 0">\n<thead><tr>{top}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table>"
    )


def _cells(cells: Sequence[str], styles: Sequence[str], first: bool) -> str:
    shown = []
    for text, style in zip(cells, styles, strict=True):
        bold = first and style != _LEFT  # sentences are hard to read in bold
        inner = f"<strong>{escaped(text)}</strong>" if bold else escaped(text)
        shown.append(f'<td style="{style}">{inner}</td>')
    return "".join(shown)
