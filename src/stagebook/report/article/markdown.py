"""Jupyter's Markdown, with formulas set, code marked and pictures that the notebook holds."""

import re
from collections.abc import Mapping
from functools import partial
from html import escape, unescape
from typing import Any

from mistune import BlockParser, BlockState, HTMLRenderer, InlineParser, InlineState, Markdown
from mistune.plugins import import_plugin as plugin

from stagebook.report.article import maths, pictures
from stagebook.report.article.code import highlighted

_MARK = re.compile(r"<[^>]*>")
_ELSEWHERE = "a picture that is not in the notebook"


_PLUGINS = ("strikethrough", "table", "url", "task_lists", "def_list")
_HEADING = r"^ {0,3}(?P<atx_1>#{1,6})(?!#+)(?P<atx_2>[ \t]*(.*?)?)$"  # also without a space
_ENVIRONMENT = r"\\begin\{(?P<math_name>[a-z]*\*?)\}(?P<math_body>(?s:.*?))\\end\{(?P=math_name)\}"
_DELIMITERS = (  # longest first; a backslash before a delimiter is one of Markdown's escapes
    ("block_math_dollars", r"(?<!\\)\$\$", r"(?<!\\)\$\$"),
    ("block_math_brackets", r"(?<!\\)\\\\\[", r"(?<!\\)\\\\\]"),
    ("inline_math_dollars", r"(?<![$\\])\$(?!\$)", r"(?<![$\\])\$"),
    ("inline_math_brackets", r"(?<!\\)\\\\\(", r"(?<!\\)\\\\\)"),
)


class Renderer(HTMLRenderer):
    """Jupyter's HTML, but for formulas, code and pictures.

    Stagebook's own HTML is kept aside, in ``later``, until all HTML of others has been sanitised.
    """

    def __init__(self, attachments: Mapping[str, Any]) -> None:
        """Makes a renderer for one text.

        Args:
            attachments: Pictures that it names as ``attachment:name``.
        """
        super().__init__(escape=False, allow_harmful_protocols=True)  # it is sanitised later
        self.later: list[str] = []
        self._attachments = attachments

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
        source = pictures.attached(url, self._attachments)
        alt = escape(unescape(_MARK.sub("", text)))
        if source:
            return f'<img src="{escape(source)}" alt="{alt}">'
        away = url.startswith(("http://", "https://"))
        notice = f'<a href="{escape(url)}">{_ELSEWHERE}</a>' if away else _ELSEWHERE
        return f"<em>{alt or 'Not shown'} ({notice})</em>"

    def _formula(self, tex: str, source: str, *, block: bool = False) -> str:
        html = maths.mathml(tex.strip(), block=block)
        if not html:
            return f"<code>{escape(source)}</code>" if block else escape(source)
        if block:
            html = f'<span class="formula" tabindex="0">{html}</span>'
        return self._later(html)

    def _later(self, html: str) -> str:
        self.later.append(html)
        return f'<span data-math="{len(self.later) - 1}"></span>'


def render(text: str, renderer: Renderer) -> str:
    """Markdown as HTML, by the rules that Jupyter has for it.

    Args:
        text: The Markdown.
        renderer: Writes the HTML, and keeps a part of it aside.
    """
    block, inline = BlockParser(), InlineParser(hard_wrap=False)
    block.specification["atx_heading"] = _HEADING
    formula = "|".join(
        [r"(?<!\\)[$]{2}(?s:.*?)(?<!\\)[$]{2}", r"\\\\\[(?s:.*?)\\\\\]", _ENVIRONMENT]
    )
    block.register("formula", formula, _paragraph, before="fenced_code")
    for name, begin, end in _DELIMITERS:
        pattern = f"{begin}(?P<{name}_tex>(?s:.*?)){end}"
        inline.register(name, pattern, partial(_formula, name), before="escape")
    inline.register("latex_environment", _ENVIRONMENT, _environment, before="escape")
    parser = Markdown(renderer, block, inline, [plugin(name) for name in _PLUGINS])
    return str(parser(text))


def _paragraph(block: BlockParser, match: re.Match[str], state: BlockState) -> int:
    """A formula of several lines, before other rules can split it."""
    state.add_paragraph(match[0])
    return match.end()


def _formula(
    name: str, inline: InlineParser, match: re.Match[str], state: InlineState
) -> int | None:
    body = match[f"{name}_tex"]
    if name == "inline_math_dollars" and _is_price(body, match):
        return None
    state.append_token({"type": name.rpartition("_")[0], "raw": body})
    return match.end()


def _is_price(body: str, match: re.Match[str]) -> bool:
    """Whether dollar signs are those of prices: a formula touches its own, and no digit follows."""
    follows = match.string[match.end() : match.end() + 1]
    return not body or body != body.strip() or "\n\n" in body or follows.isdigit()


def _environment(inline: InlineParser, match: re.Match[str], state: InlineState) -> int:
    facts = {"name": match["math_name"], "body": match["math_body"]}
    state.append_token({"type": "latex_environment", "attrs": facts})
    return match.end()
