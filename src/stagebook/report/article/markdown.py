"""Jupyter's Markdown, with formulas set, code marked and pictures that the notebook holds.

Whoever imports it has imported nbconvert already: see ``lean_import``.
"""

import re
from collections.abc import Mapping
from html import escape, unescape
from typing import Any

from nbconvert.filters import markdown_mistune as jupyter

from stagebook.report.article import maths, pictures
from stagebook.report.article.code import highlighted

_MARK = re.compile(r"<[^>]*>")
_ELSEWHERE = "a picture that is not in the notebook"


class Inline(jupyter.MathInlineParser):
    """Jupyter's rules, but that a dollar sign before a price begins no formula."""

    def parse_inline_math_tex(self, m: re.Match[str], state: Any) -> int:
        """A formula, or 0 for none: it touches its dollar signs, and no digit comes after it."""
        body = m["math_inline_tex"]
        follows = m.string[m.end() : m.end() + 1]
        if body != body.strip() or "\n\n" in body or follows.isdigit():
            return 0
        return super().parse_inline_math_tex(m, state)


class Renderer(jupyter.IPythonRenderer):
    """Jupyter's HTML, but for formulas, code and pictures.

    What is ours is kept aside, in ``later``, until all that is others' has been sanitised.
    """

    def __init__(self, attachments: Mapping[str, Any]) -> None:
        """Makes a renderer for one text.

        Args:
            attachments: Pictures that it names as ``attachment:name``.
        """
        super().__init__(escape=False, exclude_anchor_links=True)
        self.later: list[str] = []
        self._given = attachments

    def block_code(self, code: str, info: str | None = None) -> str:
        """Code, with its syntax marked."""
        language = next(iter((info or "").split()), "")
        return self._later(highlighted(code, language))

    def inline_math(self, body: str) -> str:
        """A formula in a line."""
        return self._formula(body, f"${body}$")

    def block_math(self, body: str) -> str:
        """A formula by itself."""
        return self._formula(body, f"$${body}$$", block=True)

    def latex_environment(self, name: str, body: str) -> str:
        """Formulas in an environment such as ``align``."""
        tex = rf"\begin{{{name}}}{body}\end{{{name}}}"
        return self._formula(tex, tex, block=True)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """A picture that is in the notebook; of any other, what it shows, in words."""
        source = pictures.attached(url, self._given)
        alt = escape(unescape(_MARK.sub("", text)))
        if source:
            return f'<img src="{escape(source)}" alt="{alt}">'
        away = url.startswith(("http://", "https://"))
        told = f'<a href="{escape(url)}">{_ELSEWHERE}</a>' if away else _ELSEWHERE
        return f"<em>{alt or 'Not shown'} ({told})</em>"

    def _formula(self, tex: str, source: str, *, block: bool = False) -> str:
        found = maths.mathml(tex.strip(), block=block)
        if not found:
            return f"<code>{escape(source)}</code>" if block else escape(source)
        if block:
            found = f'<span class="formula" tabindex="0">{found}</span>'
        return self._later(found)

    def _later(self, html: str) -> str:
        self.later.append(html)
        return f'<span data-math="{len(self.later) - 1}"></span>'


class Text(jupyter.MarkdownWithMath):
    """Jupyter's parser with the rules above."""

    def __init__(self, renderer: Renderer) -> None:
        """Makes a parser for one text."""
        super().__init__(renderer, inline=Inline(hard_wrap=False))
