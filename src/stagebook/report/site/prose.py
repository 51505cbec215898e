"""A notebook's Markdown as HTML: what Jupyter understands, sanitised, with formulas set."""

import re
from collections.abc import Mapping
from functools import cache
from html import escape, unescape
from typing import Any

from stagebook.notebook.lean import lean_import
from stagebook.report.site import maths, pictures, sanitised, tables
from stagebook.report.site.code import highlighted

LONGEST = 60_000  # characters of one cell; some of Markdown's rules look far ahead
_PLACE = re.compile(r'<span data-math="(\d+)"></span>')
_MARK = re.compile(r"<[^>]*>")
_LOCAL_PICTURE = "a picture beside the notebook, which is not in it"


def render(text: str, attachments: Mapping[str, Any] | None = None) -> str:
    """Markdown as HTML that is safe in a page.

    Args:
        text: The Markdown.
        attachments: Pictures that it names as ``attachment:name``.
    """
    renderer = _renderer_class()(attachments or {})
    html = _markdown_class()(renderer=renderer).render(text[:LONGEST])
    if len(text) > LONGEST:
        html += "<p>… The rest of this text is in the executed notebook.</p>"
    if sanitised.too_deep(html):
        return f"<pre>{escape(text[:LONGEST])}</pre>"
    safe = tables.tidied(sanitised.clean(html))
    formulas = dict(enumerate(renderer.formulas))
    return _PLACE.sub(lambda found: formulas.pop(int(found[1]), ""), safe)


@cache
def _markdown_class() -> Any:
    lean_import("nbconvert")
    from nbconvert.filters import markdown_mistune as jupyter

    class Inline(jupyter.MathInlineParser):
        """Jupyter's rules, but that a dollar sign before a price begins no formula."""

        def parse_inline_math_tex(self, m: re.Match[str], state: Any) -> int | None:
            body = m["math_inline_tex"]
            follows = m.string[m.end() : m.end() + 1]
            if body != body.strip() or "\n\n" in body or follows.isdigit():
                return None
            return int(super().parse_inline_math_tex(m, state))

    class Text(jupyter.MarkdownWithMath):
        def __init__(self, renderer: Any) -> None:
            super().__init__(renderer, inline=Inline(hard_wrap=False))

    return Text


@cache
def _renderer_class() -> Any:
    lean_import("nbconvert")
    from nbconvert.filters import markdown_mistune as jupyter

    class Renderer(jupyter.IPythonRenderer):
        """Jupyter's HTML, but for formulas, code and pictures."""

        def __init__(self, attachments: Mapping[str, Any]) -> None:
            super().__init__(escape=False, exclude_anchor_links=True, attachments={})
            self.formulas: list[str] = []
            self.given = attachments

        def block_code(self, code: str, info: str | None = None) -> str:
            return self._later(highlighted(code, (info or "").split(None, 1)[0] if info else ""))

        def inline_math(self, body: str) -> str:
            return self._formula(body, f"${body}$")

        def block_math(self, body: str) -> str:
            return self._formula(body, f"$${body}$$", block=True)

        def latex_environment(self, name: str, body: str) -> str:
            tex = rf"\begin{{{name}}}{body}\end{{{name}}}"
            return self._formula(tex, tex, block=True)

        def image(self, text: str, url: str, title: str | None = None) -> str:
            """A picture that is in the notebook; of any other, what it shows, in words."""
            source = pictures.attached(url, self.given)
            text = unescape(_MARK.sub("", text))
            if source:
                return f'<img src="{escape(source)}" alt="{escape(text)}">'
            link = f'<a href="{escape(url)}">{_LOCAL_PICTURE}</a>'
            told = link if url.startswith(("http://", "https://")) else _LOCAL_PICTURE
            return f"<em>{escape(text) or 'Not shown'} ({told})</em>"

        def _formula(self, tex: str, source: str, *, block: bool = False) -> str:
            found = maths.mathml(tex.strip(), block=block)
            if not found:
                return f"<code>{escape(source)}</code>" if block else escape(source)
            if block:
                found = f'<span class="formula" tabindex="0">{found}</span>'
            return self._later(found)

        def _later(self, html: str) -> str:
            """HTML of ours, which is put in its place when all others' has been sanitised."""
            self.formulas.append(html)
            return f'<span data-math="{len(self.formulas) - 1}"></span>'

    return Renderer
