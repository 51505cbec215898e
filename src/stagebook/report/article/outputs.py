"""What a cell put out, as HTML that is safe in a page."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from stagebook.report import colophon
from stagebook.report.article import (
    captions,
    contents,
    executed,
    failures,
    maths,
    pictures,
    prose,
    sanitised,
    tables,
    texts,
)
from stagebook.report.article.code import highlighted
from stagebook.report.article.executed import Cell, Output

_HTML = 150_000  # characters of an output's HTML before it is cut
_JSON = 60_000  # characters of an output's JSON
_PAGE = 600_000  # characters of a page's texts and tables, without figures
_FIGURES = 40_000_000  # characters of a page's figures
_WIDGET = "application/vnd.jupyter.widget-view+json"
_CHART = re.compile(
    r"application/vnd\.(plotly|vegalite|vega|bokehjs_exec|holoviews_exec|bokehjs_load)"
)
_SCRIPT = re.compile(r"<script\b|<iframe\b", re.IGNORECASE)
_ROW_END = "</tr>"
_MARK = re.compile(r"<[^>]*>")
_COLOURED = re.compile(r'style="[^"]*(?:background|(?<![a-z-])color)')
_DATA = re.compile(r'data:image/[^"\')\s]+')
_NO_OBJECT = re.compile(r"<Figure size [^>]*>|<IPython\.core\.display\.\w+ object>")


@dataclass(frozen=True, slots=True)
class Shown:
    """One output as a page has it.

    Attributes:
        kind: ``figure``, ``table``, ``prose``, ``text``, ``note`` or ``error``.
        html: Its HTML.
        fold: What a click unfolds it by; empty if it is open.
    """

    kind: str
    html: str
    fold: str = ""


@dataclass(slots=True)
class Writer:
    """Writes the outputs of one notebook, in order, and knows what it had to leave out.

    Attributes:
        place: Where the executed notebook is.
        interactive: Whether scripts in outputs may run.
        heading: The heading that was last read.
        figures: How many figures there were.
        notes: What could not be shown, in words.
    """

    place: str
    interactive: bool = False
    heading: str = ""
    figures: int = 0
    notes: list[str] = field(default_factory=list)
    room: int = _PAGE
    figure_room: int = _FIGURES

    def write(self, cell: Cell, output: Output) -> Shown | None:
        """An output; nothing if there is nothing to see."""
        if self.room <= 0 and output.kind != "error":
            return None
        shown = self._write(cell, output)
        if shown and shown.kind == "prose":
            self.heading = contents.last(shown.html) or self.heading
        if shown and shown.kind != "figure":
            self._take(cell, shown.html)
        return shown

    def prose(self, cell: Cell) -> str:
        """The text of a cell of Markdown."""
        if self.room <= 0 and colophon.TAG not in cell.tags:
            return ""
        html = prose.render(cell.text, cell.attachments)
        self.heading = contents.last(html) or self.heading
        self._take(cell, html)
        return html

    def code(self, cell: Cell, language: str) -> str:
        """The code of a cell."""
        if self.room <= 0:
            return ""
        html = highlighted(cell.text, language)
        self._take(cell, html)
        return html

    def _take(self, cell: Cell, html: str) -> None:
        before = self.room
        self.room -= _weight(html)
        if self.room <= 0 < before:
            self.notes.append(
                f"The notebook has more than a page can hold: what comes after cell "
                f"{cell.position} is in the executed notebook, {self.place}, alone."
            )

    def _write(self, cell: Cell, output: Output) -> Shown | None:
        if output.kind == "error":
            return Shown("error", failures.box(output, self.place))
        if output.kind == "stream":
            return self._stream(output)
        for kind in self._kinds(output.data):
            write = _WRITERS.get(kind) or _WRITERS[kind.partition("/")[0]]
            shown = write(self, cell, output, kind)
            if shown:
                return shown
        return self._unknown(output)

    def _kinds(self, data: Mapping[str, Any]) -> list[str]:
        """The types of an output that can be shown, best first."""
        order = list(_WRITERS)
        if _SCRIPT.search(_text(data, "text/html")) and not self.interactive:
            order.remove("text/html")  # a still picture of it is more than its remains
            order.insert(order.index("text/plain"), "text/html")
        return [kind for kind in order if kind in data]

    def _stream(self, output: Output) -> Shown | None:
        text = output.data["text"]
        if not text.strip():
            return None
        html = texts.block(text, self.place)
        if output.name == "stderr":
            lines = text.strip("\n").count("\n") + 1
            fold = f"Warnings and messages, {lines:,} line{'s' * (lines != 1)}"
            return Shown("text", html, fold)
        return Shown("text", html)

    def _html(self, cell: Cell, output: Output, kind: str) -> Shown | None:
        html = output.data[kind]
        if self.interactive and _SCRIPT.search(html):
            return Shown("live", html)
        html, told = self._short(html)
        html = tables.without_pandas_style(html)
        if told and not html:
            return Shown("note", f"<p>{told}</p>")
        if sanitised.has_style(html):
            inner = sanitised.shadow(html)
            box = f'<div><template shadowrootmode="open">{inner}</template></div>'
            return Shown("table", f'<div class="foreign paper" tabindex="0">{box}</div>{told}')
        safe = sanitised.flat(tables.tidied(sanitised.clean(html)))
        if not _MARK.sub("", safe).strip() and "<img" not in safe:
            return None
        paper = ' class="paper"' if _COLOURED.search(safe) else ""
        return Shown("table", f"<div{paper}>{safe}</div>{told}")

    def _short(self, html: str) -> tuple[str, str]:
        """HTML that a page has room for, and what to say of the rest."""
        told = ""
        if _weight(html) > _HTML:
            end = html.rfind(_ROW_END, 0, _HTML)
            if end < 0:
                return (
                    "",
                    f"An output of {len(html):,} characters of HTML is in {escape(self.place)}.",
                )
            rows = html.count(_ROW_END, end + 1)
            html = html[: end + len(_ROW_END)]
            told = f"… {rows:,} more rows are in the executed notebook, {escape(self.place)}."
        if sanitised.too_deep(html):
            return "", "An output of HTML is left out: its elements are nested too deeply."
        return html, told and f'<p class="said">{told}</p>'

    def _markdown(self, cell: Cell, output: Output, kind: str) -> Shown | None:
        return Shown("prose", prose.render(output.data[kind]))

    def _latex(self, cell: Cell, output: Output, kind: str) -> Shown | None:
        text = output.data[kind]
        formula = maths.output(text)
        if formula:
            return Shown("prose", f'<span class="formula" tabindex="0">{formula}</span>')
        return Shown("text", texts.block(text, self.place))

    def _picture(self, cell: Cell, output: Output, kind: str) -> Shown | None:
        found = pictures.parse(kind, output.data[kind])
        if isinstance(found, str):
            name = escape(kind)
            self.notes.append(f"A picture of cell {cell.position} cannot be shown: {found}.")
            return Shown("note", f"<p>A picture ({name}) cannot be shown: {escape(found)}.</p>")
        self.figure_room -= len(found.source)
        if self.figure_room < 0:
            self.notes.append(f"A figure of cell {cell.position} is left out: the page is full.")
            return Shown("note", f"<p>A figure is left out; it is in {escape(self.place)}.</p>")
        self.figures += 1
        caption, alt = captions.said(cell, output, kind)
        under = f", under {self.heading}" if self.heading else ""
        alt = alt or caption or f"Figure {self.figures}{under}"
        size = captions.size(found, output.metadata.get(kind))
        html = f'<img src="{found.source}" alt="{escape(alt)}"{size}>'
        told = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
        return Shown("figure", f"<figure>{html}{sanitised.directed(told)}</figure>")

    def _json(self, cell: Cell, output: Output, kind: str) -> Shown | None:
        value = output.data[kind]
        written = value if isinstance(value, str) else _dumped(value)
        return Shown("text", texts.block(written, self.place))

    def _script(self, cell: Cell, output: Output, kind: str) -> Shown | None:
        if not self.interactive:
            return None
        code = output.data[kind].replace("</", "<\\/").replace("<!--", "<\\!--")
        return Shown("live", f"<script>{code}</script>")

    def _plain(self, cell: Cell, output: Output, kind: str) -> Shown | None:
        text = output.data[kind]
        told = self._not_alive(output.data)
        if _NO_OBJECT.fullmatch(text.strip()):
            return Shown("note", told) if told else None
        html = texts.block(text, self.place) if text.strip() else ""
        return Shown("text", html + told) if html or told else None

    def _unknown(self, output: Output) -> Shown | None:
        """An output that has nothing to show, not even a text."""
        if not output.data:
            return None
        told = self._not_alive(output.data)
        if not told:
            names = ", ".join(sorted(output.data))[:200]
            told = f"<p>An output cannot be shown here: {escape(names)}.</p>"
        return Shown("note", told)

    def _not_alive(self, data: Mapping[str, Any]) -> str:
        """What to say of an output that only a script could show."""
        if _WIDGET in data:
            return '<p class="said">A widget, which is not alive on this page.</p>'
        chart = next((found for kind in data if (found := _CHART.match(kind))), None)
        if chart or _SCRIPT.search(_text(data, "text/html")):
            name = f" ({chart[1].partition('_')[0]})" if chart else ""
            return (
                f'<p class="said">An interactive output{name} that has no still picture: '
                "scripts do not run on this page.</p>"
            )
        strange = [kind for kind in data if kind not in _WRITERS]
        names = escape(", ".join(strange)[:200])
        return f'<p class="said">Not shown here: {names}.</p>' if strange else ""


def _weight(html: str) -> int:
    """Characters of HTML without its pictures."""
    return len(_DATA.sub("", html)) if "data:image" in html else len(html)


def _dumped(value: Any) -> str:
    """JSON as far as it is shown; all of it could take minutes."""
    written, size = [], 0
    try:
        for piece in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(value):
            written.append(piece)
            size += len(piece)
            if size > _JSON:
                written.append("\n…")
                break
    except (ValueError, RecursionError):
        return "JSON that is nested too deeply"
    return executed.without_unseen("".join(written))


def _text(data: Mapping[str, Any], kind: str) -> str:
    found = data.get(kind)
    return found if isinstance(found, str) else ""


_Write = Callable[[Writer, Cell, Output, str], Shown | None]
_WRITERS: dict[str, _Write] = {  # best first
    "text/html": Writer._html,
    "text/markdown": Writer._markdown,
    "application/javascript": Writer._script,
    **dict.fromkeys(pictures.TYPES, Writer._picture),
    "text/latex": Writer._latex,
    "application/json": Writer._json,
    "text/plain": Writer._plain,
}
