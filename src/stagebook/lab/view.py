"""What a person sees under a cell: HTML in a notebook, plain text in a terminal."""

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stagebook.errors import Problem
from stagebook.execution.parameters import Resolved
from stagebook.lab.session import Answer, Mode
from stagebook.notebook.values import same
from stagebook.project import Project

_LONGEST = 60
_PLAIN = (bool, int, float, str, list, tuple, dict, type(None))
_MONOSPACE = "font-family: var(--jp-code-font-family, monospace)"
_CODE = re.compile("`([^`]+)`")


@dataclass(frozen=True, slots=True)
class View:
    """A piece of output; IPython takes from it what the frontend can show.

    Attributes:
        plain: As plain text.
        html: As HTML.
    """

    plain: str
    html: str

    def __repr__(self) -> str:
        return self.plain

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": self.plain, "text/html": self.html}


@dataclass(frozen=True, slots=True)
class Row:
    """One parameter as it is shown.

    Attributes:
        cells: Name, value, the value of the other mode, help.
        differs: Whether the two values differ.
        changed: Whether the kernel's value is not the one that the mode gives.
    """

    cells: tuple[str, str, str, str]
    differs: bool
    changed: bool


def line(text: str) -> View:
    """One line, in which backticks mark code."""
    return _joined(_line("Stagebook", text))


def problems(found: Iterable[Problem], then: str = "") -> View:
    """Problems: place, what happened, what to do, and what to do after that."""
    views = [_problem(one, "error") for one in found]
    return _joined(*views, *([_line("Then", then)] if then else []))


def answer(found: Answer, namespace: Mapping[str, Any]) -> View:
    """What a parameters cell got.

    Args:
        found: The answer.
        namespace: The kernel's variables, whose values are the ones in effect.
    """
    rows = [_row(one, found, namespace) for one in found.values]
    return _joined(
        _line(found.stage or "Stagebook", _headline(found, rows)),
        *(_problem(one, "error") for one in found.problems),
        *([_table(rows, found.mode)] if rows else []),
        *(_problem(one, "note") for one in found.notes),
    )


def switched(mode: Mode) -> View:
    """The mode was changed before any parameters cell has run."""
    whose = "the build's values" if mode is Mode.BUILD else "its defaults"
    return line(f"the parameters cell will have {whose} when it is run.")


def situation(
    project: Project, mode: Mode, found: Answer | None, namespace: Mapping[str, Any]
) -> View:
    """Where one is: the project, the mode, and what the last parameters cell got."""
    where = f"project {project.settings.name} in `{project.root}`, mode `{mode.value}`"
    if found:
        return _joined(_line("Stagebook", where), answer(found, namespace))
    return _joined(_line("Stagebook", f"{where}; no parameters cell has run yet."))


def _headline(found: Answer, rows: list[Row]) -> str:
    if found.problems:
        return "the cell's defaults are in effect, as the build's values cannot be had."
    if not rows:
        return "it has no parameters."
    if changed := sum(row.changed for row in rows):
        whose = "the build's" if found.mode is Mode.BUILD else "the defaults"
        again = f"`%stagebook {found.mode.value}` sets them"
        return f"{changed} of {len(rows)} values are not {whose}; {again}."
    if found.params is None:
        return "there is no params file, so the build's values are the cell's defaults."
    count = sum(row.differs for row in rows)
    many = f"{count} of {len(rows)}" if count else "none"
    if found.mode is Mode.BUILD:
        return f"the build's values, from `{found.params}`; {many} differ from the defaults."
    return f"the cell's defaults; {many} differ in the build (`%stagebook build`)."


def _row(one: Resolved, found: Answer, namespace: Mapping[str, Any]) -> Row:
    other = one.default if found.mode is Mode.BUILD else one.value
    value, meant = namespace.get(one.name), found.effective.get(one.name)
    changed = not _equal(value, meant)
    whose = "the build has" if found.mode is Mode.BUILD else "the default is"
    help_ = f"{whose} {_shown(meant)}" if changed else one.help
    cells = (one.name, _shown(value), _shown(other), help_)
    return Row(cells, not _equal(value, other), changed)


def _equal(one: Any, other: Any) -> bool:
    return isinstance(one, _PLAIN) and same(one, other)


def _shown(value: Any) -> str:
    """A value in one short line; of anything but plain values, such as a frame, only the type."""
    text = repr(value) if isinstance(value, _PLAIN) else f"<{type(value).__name__}>"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 16]} … {text[-13:]}"


def _table(rows: list[Row], mode: Mode) -> View:
    other = "default" if mode is Mode.BUILD else "build"
    return View(_plain_table(rows, other), _html_table(rows, other))


def _plain_table(rows: list[Row], other: str) -> str:
    lines = [("", "name", "value", other, "help")]
    lines += [("*" if row.differs else "", *row.cells) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(cells, widths, strict=True)).rstrip()
        for cells in lines
    )


def _html_table(rows: list[Row], other: str) -> str:
    # Colours are the frontend's own, so that light and dark themes both read well.
    second = any(row.differs for row in rows)
    names = ("name", "value", *([other] if second else []), "help")
    body = []
    for row in rows:
        name, value, standard, help_ = map(_marked, row.cells)
        cells = [name, f"<b>{value}</b>" if row.differs else value]
        cells += [standard if row.differs else ""] if second else []
        shown = "".join(_cell("td", cell, _MONOSPACE) for cell in cells)
        body.append(f"<tr>{shown}{_cell('td', help_)}</tr>")
    head = "".join(_cell("th", name) for name in names)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def _cell(tag: str, content: str, style: str = "") -> str:
    return f'<{tag} style="text-align: left; {style}">{content}</{tag}>'


def _problem(one: Problem, word: str) -> View:
    text = f"{one.where}: {one.message}" if one.where else one.message
    hint = View(f"\n  → {one.hint}", f" → {_marked(one.hint)}") if one.hint else View("", "")
    return View(f"{word}: {text}{hint.plain}", _div(f"{_bold(word)}: {_marked(text)}{hint.html}"))


def _line(start: str, text: str) -> View:
    return View(f"{start}: {text}", _div(f"{_bold(start)}: {_marked(text)}"))


def _div(content: str) -> str:
    return f"<div>{content}</div>"


def _bold(text: str) -> str:
    return f"<b>{html.escape(text)}</b>"


def _marked(text: str) -> str:
    """Text as HTML; what stands in backticks becomes code."""
    return _CODE.sub(r"<code>\1</code>", html.escape(text))


def _joined(*parts: View) -> View:
    return View("\n".join(one.plain for one in parts), "".join(one.html for one in parts))
