"""What a cell put out, as HTML that is safe in a page."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from stagebook.report import colophon
from stagebook.report.article import (
    contents,
    failures,
    maths,
    pictures,
    prose,
    sanitised,
    tables,
    texts,
    whole_output,
)
from stagebook.report.article.code import highlighted
from stagebook.report.article.executed import CellOutput, ExecutedCell

_HTML = 150_000  # characters of an output's HTML before it is cut
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
class ShownOutput:
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
class OutputWriter:
    """Writes the outputs of one notebook, in order, and knows what it had to leave out.

    Attributes:
        place: Where the executed notebook is.
        interactive: Whether scripts in outputs may run.
        heading: The heading that was last read.
        figures: How many figures there were.
        notes: What could not be shown, in words.
        outputs: The folder of outputs that are too large, relative to the page; empty without one.
    """

    place: str
    interactive: bool = False
    heading: str = ""
    figures: int = 0
    notes: list[str] = field(default_factory=list)
    room: int = _PAGE
    figure_room: int = _FIGURES
    outputs: str = ""

    def write(self, cell: ExecutedCell, output: CellOutput) -> ShownOutput | None:
        """An output; None if it has nothing to show."""
        if self.room <= 0 and output.kind != "error":
            return None
        try:
            shown = self._write(cell, output)
        except Exception as error:  # an output may hold anything; the rest of the page is made
            shown = ShownOutput("note", self.failed(cell, "output", error))
        if shown and shown.kind == "prose":
            self.heading = contents.last(shown.html) or self.heading
        if shown and shown.kind != "figure":
            self._take(cell, shown.html)
        return shown

    def prose(self, cell: ExecutedCell) -> str:
        """The text of a cell of Markdown."""
        if self.room <= 0 and colophon.TAG not in cell.tags:
            return ""
        html = prose.render(cell.text, cell.attachments)
        self.heading = contents.last(html) or self.heading
        self._take(cell, html)
        return html

    def code(self, cell: ExecutedCell, language: str) -> str:
        """The code of a cell."""
        if self.room <= 0:
            return ""
        html = highlighted(cell.text, language)
        self._take(cell, html)
        return html

    def failed(self, cell: ExecutedCell, part: str, error: Exception) -> str:
        """Says on the page and in the notes that a part of it could not be made.

        Args:
            cell: The cell that the part belongs to.
            part: The part.
            error: Why it could not be made.
        """
        name = type(error).__name__
        self.notes.append(f"The {part} of cell {cell.position} cannot be shown: {name}.")
        place = escape(self.place)
        return f"<p>The {part} cannot be shown ({escape(name)}); it is in {place}.</p>"

    def _take(self, cell: ExecutedCell, html: str) -> None:
        before = self.room
        self.room -= _weight(html)
        if self.room <= 0 < before:
            self.notes.append(
                f"The page is full: everything after cell {cell.position} is only in the "
                f"executed notebook, {self.place}."
            )

    def _write(self, cell: ExecutedCell, output: CellOutput) -> ShownOutput | None:
        if output.kind == "error":
            return ShownOutput("error", failures.render(output, self.place))
        if output.kind == "stream":
            return self._stream(output)
        if html := whole_output.note(output, self.outputs):
            return ShownOutput("note", html)
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

    def _stream(self, output: CellOutput) -> ShownOutput | None:
        text = output.data["text"]
        if not text.strip():
            return None
        html = texts.block(text, self.place)
        if output.name == "stderr":
            lines = text.strip("\n").count("\n") + 1
            fold = f"Warnings and messages, {lines:,} line{'s' * (lines != 1)}"
            return ShownOutput("text", html, fold)
        return ShownOutput("text", html)

    def _html(self, cell: ExecutedCell, output: CellOutput, kind: str) -> ShownOutput | None:
        html = output.data[kind]
        if self.interactive and _SCRIPT.search(html):
            return ShownOutput("live", html)
        html, notice = self._short(html)
        html = tables.without_pandas_style(html)
        if notice and not html:
            return ShownOutput("note", f"<p>{notice}</p>")
        if sanitised.has_style(html):
            inner = sanitised.shadow(html)
            shadow_root = f'<div><template shadowrootmode="open">{inner}</template></div>'
            return ShownOutput(
                "table", f'<div class="foreign paper" tabindex="0">{shadow_root}</div>{notice}'
            )
        safe = sanitised.flat(tables.tidied(sanitised.clean(html)))
        if not _MARK.sub("", safe).strip() and "<img" not in safe:
            return None
        paper = ' class="paper"' if _COLOURED.search(safe) else ""
        return ShownOutput("table", f"<div{paper}>{safe}</div>{notice}")

    def _short(self, html: str) -> tuple[str, str]:
        """HTML that a page has room for, and a notice about the rest."""
        notice = ""
        if _weight(html) > _HTML:
            end = html.rfind(_ROW_END, 0, _HTML)
            if end < 0:
                return (
                    "",
                    f"An HTML output of {len(html):,} characters is only in {escape(self.place)}.",
                )
            rows = html.count(_ROW_END, end + 1)
            html = html[: end + len(_ROW_END)]
            notice = f"… {rows:,} more rows are in the executed notebook, {escape(self.place)}."
        if sanitised.too_deep(html):
            return "", "An HTML output is not shown: its elements are nested too deeply."
        return html, notice and f'<p class="said" data-rows="{rows}">{notice}</p>'

    def _markdown(self, cell: ExecutedCell, output: CellOutput, kind: str) -> ShownOutput | None:
        return ShownOutput("prose", prose.render(output.data[kind]))

    def _latex(self, cell: ExecutedCell, output: CellOutput, kind: str) -> ShownOutput | None:
        text = output.data[kind]
        formula = maths.output(text)
        if formula:
            return ShownOutput("prose", f'<span class="formula" tabindex="0">{formula}</span>')
        return ShownOutput("text", texts.block(text, self.place))

    def _picture(self, cell: ExecutedCell, output: CellOutput, kind: str) -> ShownOutput | None:
        picture = pictures.parse(kind, output.data[kind])
        if isinstance(picture, str):
            name = escape(kind)
            self.notes.append(f"A picture of cell {cell.position} cannot be shown: {picture}.")
            return ShownOutput(
                "note", f"<p>A picture ({name}) cannot be shown: {escape(picture)}.</p>"
            )
        self.figure_room -= len(picture.source)
        if self.figure_room < 0:
            self.notes.append(f"A figure of cell {cell.position} is not shown: the page is full.")
            return ShownOutput(
                "note", f"<p>A figure is not shown here; it is in {escape(self.place)}.</p>"
            )
        self.figures += 1
        caption, alt = pictures.captions(cell, output, kind)
        under = f", under {self.heading}" if self.heading else ""
        alt = alt or caption or f"Figure {self.figures}{under}"
        size = pictures.shown_size(picture, output.metadata.get(kind))
        html = f'<img src="{picture.source}" alt="{escape(alt)}"{size}>'
        figcaption = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
        return ShownOutput("figure", f"<figure>{html}{sanitised.directed(figcaption)}</figure>")

    def _json(self, cell: ExecutedCell, output: CellOutput, kind: str) -> ShownOutput | None:
        value = output.data[kind]
        written = value if isinstance(value, str) else texts.dumped(value)
        return ShownOutput("text", texts.block(written, self.place))

    def _script(self, cell: ExecutedCell, output: CellOutput, kind: str) -> ShownOutput | None:
        if not self.interactive:
            return None
        code = output.data[kind].replace("</", "<\\/").replace("<!--", "<\\!--")
        return ShownOutput("live", f"<script>{code}</script>")

    def _plain(self, cell: ExecutedCell, output: CellOutput, kind: str) -> ShownOutput | None:
        text = output.data[kind]
        notice = self._not_alive(output.data)
        if _NO_OBJECT.fullmatch(text.strip()):
            return ShownOutput("note", notice) if notice else None
        html = texts.block(text, self.place) if text.strip() else ""
        return ShownOutput("text", html + notice) if html or notice else None

    def _unknown(self, output: CellOutput) -> ShownOutput | None:
        """An output that has nothing to show, not even a text."""
        if not output.data:
            return None
        notice = self._not_alive(output.data)
        if not notice:
            names = ", ".join(sorted(output.data))[:200]
            notice = f"<p>An output cannot be shown here: {escape(names)}.</p>"
        return ShownOutput("note", notice)

    def _not_alive(self, data: Mapping[str, Any]) -> str:
        """A notice about an output that only a script could show."""
        if _WIDGET in data:
            return '<p class="said">A widget, which does not work on this page.</p>'
        chart = next((match for kind in data if (match := _CHART.match(kind))), None)
        if chart or _SCRIPT.search(_text(data, "text/html")):
            name = f" ({chart[1].partition('_')[0]})" if chart else ""
            return (
                f'<p class="said">An interactive output{name} without a static picture: '
                "scripts do not run on this page.</p>"
            )
        strange = [kind for kind in data if kind not in _WRITERS]
        names = escape(", ".join(strange)[:200])
        return f'<p class="said">Not shown here: {names}.</p>' if strange else ""


def _weight(html: str) -> int:
    """Characters of HTML without its pictures."""
    return len(_DATA.sub("", html)) if "data:image" in html else len(html)


def _text(data: Mapping[str, Any], kind: str) -> str:
    value = data.get(kind)
    return value if isinstance(value, str) else ""


_Write = Callable[[OutputWriter, ExecutedCell, CellOutput, str], ShownOutput | None]
_WRITERS: dict[str, _Write] = {  # best first
    "text/html": OutputWriter._html,
    "text/markdown": OutputWriter._markdown,
    "application/javascript": OutputWriter._script,
    **dict.fromkeys(pictures.TYPES, OutputWriter._picture),
    "text/latex": OutputWriter._latex,
    "application/json": OutputWriter._json,
    "text/plain": OutputWriter._plain,
}
