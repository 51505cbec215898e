"""A notebook's Markdown as HTML: what Jupyter understands, sanitised, with formulas set."""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from stagebook.report.article import sanitised, tables

LONGEST = 60_000  # characters of one cell; some of Markdown's rules look far ahead
_MOST_ENVIRONMENTS = 300  # for each, Markdown looks for its end through all of the text
_PLACE = re.compile(r'<span data-math="(\d+)"></span>')
_CHECKBOX = re.compile(r'<input class="task-list-item-checkbox"[^>]*>')
_REST = "<p>… The rest of this text is in the executed notebook.</p>"


def render(text: str, attachments: Mapping[str, Any] | None = None) -> str:
    """Markdown as HTML that is safe in a page.

    Args:
        text: The Markdown.
        attachments: Pictures that it names as ``attachment:name``.
    """
    from stagebook.report.article import markdown

    renderer = markdown.Renderer(attachments or {})
    shown = text[:LONGEST]
    if shown.count(r"\begin{") > _MOST_ENVIRONMENTS:
        return f"<pre>{escape(shown)}</pre>"
    try:
        html = markdown.render(shown, renderer)
    except RecursionError:
        html = ""
    if not html.strip() or sanitised.too_deep(html):
        return f"<pre>{escape(shown)}</pre>" if shown.strip() else ""
    html = _CHECKBOX.sub(lambda match: "☑ " if "checked" in match[0] else "☐ ", html)
    safe = tables.tidied(sanitised.clean(html + (_REST if shown != text else "")))
    set_aside = dict(enumerate(renderer.later))
    return _PLACE.sub(lambda match: set_aside.pop(int(match[1]), ""), safe)
