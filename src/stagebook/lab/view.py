"""The output under a cell: HTML in a notebook, plain text in a terminal."""

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stagebook.execution.parameters import ResolvedParameter
from stagebook.lab.kept_outputs import OWN
from stagebook.lab.session import CellValues, Mode, OutputPlace
from stagebook.notebook.values import same
from stagebook.project.errors import Problem
from stagebook.project.project import Project

_LONGEST = 60
_PLAIN = (bool, int, float, str, list, tuple, dict, type(None))
_MONOSPACE = "font-family: var(--jp-code-font-family, monospace)"
_CODE = re.compile("`([^`]+)`")


@dataclass(frozen=True, slots=True)
class LabOutput:
    """A piece of output, in each format that a frontend may show.

    Attributes:
        plain: As plain text.
        html: As HTML.
        problems: The problems that it shows, for programs.
    """

    plain: str
    html: str
    problems: tuple[Problem, ...] = ()

    def __repr__(self) -> str:
        return self.plain

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        """The texts, and in the metadata the problems as ``--json`` gives them."""
        texts = {"text/plain": self.plain, "text/html": self.html}
        problems = [problem.as_json() for problem in self.problems]
        return texts, {"stagebook": {"problems": problems}} if problems else {}


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """One parameter in the table.

    Attributes:
        cells: Name, value, the value of the other mode, help.
        differs: Whether the two values differ.
        changed: Whether the kernel's value differs from that of the mode.
    """

    cells: tuple[str, str, str, str]
    differs: bool
    changed: bool


def line(text: str) -> LabOutput:
    """One line, in which backticks mark code."""
    return _joined(_line("Stagebook", text))


def problems(problems: Iterable[Problem], then: str = "") -> LabOutput:
    """Problems: place, what happened, what to do, and what to do after that."""
    views = [_problem(problem, "error") for problem in problems]
    return _joined(*views, *([_line("Then", then)] if then else []))


def notes(problems: Iterable[Problem]) -> LabOutput:
    """Notes about a cell: what a build would refuse, and where its own files went."""
    refused = "a build would refuse this"
    return _joined(
        *(_problem(problem, "note" if problem.code in OWN else refused) for problem in problems)
    )


def answer(cell_values: CellValues, namespace: Mapping[str, Any]) -> LabOutput:
    """The values that a parameters cell got.

    Args:
        cell_values: The values.
        namespace: The kernel's variables, whose values are the ones in effect.
    """
    rows = [_row(value, cell_values, namespace) for value in cell_values.values]
    return _joined(
        _line(cell_values.stage or "Stagebook", _headline(cell_values, rows)),
        *(_problem(problem, "error") for problem in cell_values.problems),
        *([_table(rows, cell_values.mode)] if rows else []),
        *_outputs(cell_values),
        *(_problem(problem, "note") for problem in cell_values.notes),
    )


def entered(project: Project, notes: Iterable[Problem], *, signature_next: bool) -> LabOutput:
    """Stagebook has become active in a kernel.

    Args:
        project: The project.
        notes: Differences from a build.
        signature_next: Whether the parameters cell has not run yet.
    """
    text = f"the working folder is now the project's root, `{project.root.name}/`"
    end = "; run the parameters cell to get the build's values." if signature_next else "."
    return _joined(
        _line("Stagebook", text + end), *(_problem(problem, "note") for problem in notes)
    )


_SWITCHED = {
    "build": "the parameters cell will get the build's values when it runs.",
    "defaults": "the parameters cell will get its defaults when it runs.",
    "aside": "outputs will go to a folder of their own.",
    "in-place": "outputs will replace those of the build.",
}


def switched(word: str) -> LabOutput:
    """A word after ``%stagebook`` was given before any parameters cell has run."""
    return line(_SWITCHED[word])


def situation(
    project: Project, mode: Mode, cell_values: CellValues | None, namespace: Mapping[str, Any]
) -> LabOutput:
    """The present state: the project, the mode, and the values of the last parameters cell."""
    where = f"project {project.settings.name} in `{project.root}`, mode `{mode.value}`"
    if cell_values:
        return _joined(_line("Stagebook", where), answer(cell_values, namespace))
    return _joined(_line("Stagebook", f"{where}; no parameters cell has run yet."))


def _headline(cell_values: CellValues, rows: list[ParameterRow]) -> str:
    if cell_values.problems:
        return "the cell's defaults are in effect, because the build's values are not available."
    if not rows:
        return "the notebook has no parameters."
    if changed := sum(row.changed for row in rows):
        whose = "the build's" if cell_values.mode is Mode.BUILD else "the defaults"
        again = f"`%stagebook {cell_values.mode.value}` sets them"
        return f"{changed} of {len(rows)} values differ from {whose}; {again}."
    if cell_values.params is None:
        return "there is no params file, so the build's values are the cell's defaults."
    count = sum(row.differs for row in rows)
    many = f"{count} of {len(rows)}" if count else "none"
    if cell_values.mode is Mode.BUILD:
        params = cell_values.params
        return (
            f"the build's values are in effect, from `{params}`; {many} differ from the defaults."
        )
    return f"the cell's defaults are in effect; {many} differ in the build (`%stagebook build`)."


def _outputs(cell_values: CellValues) -> list[LabOutput]:
    """The place of the outputs, if the notebook has any."""
    if cell_values.place is OutputPlace.ASIDE:
        return [
            _line("outputs", f"to `{cell_values.folder}/`; the build's files stay as they are.")
        ]
    if cell_values.place is OutputPlace.IN_PLACE:
        return [
            _line(
                "outputs",
                "in place of the build's files; `%stagebook aside` keeps the build's files.",
            )
        ]
    return []


def _row(
    parameter: ResolvedParameter, cell_values: CellValues, namespace: Mapping[str, Any]
) -> ParameterRow:
    other = parameter.default if cell_values.mode is Mode.BUILD else parameter.value
    value, meant = namespace.get(parameter.name), cell_values.effective.get(parameter.name)
    changed = not _equal(value, meant)
    whose = "the build has" if cell_values.mode is Mode.BUILD else "the default is"
    help_ = f"{whose} {_shown(meant)}" if changed else parameter.help
    cells = (parameter.name, _shown(value), _shown(other), help_)
    return ParameterRow(cells, not _equal(value, other), changed)


def _equal(value: Any, other: Any) -> bool:
    return isinstance(value, _PLAIN) and same(value, other)


def _shown(value: Any) -> str:
    """A plain value in one short line; for other values, such as a frame, the type."""
    text = repr(value) if isinstance(value, _PLAIN) else f"<{type(value).__name__}>"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 16]} … {text[-13:]}"


def _table(rows: list[ParameterRow], mode: Mode) -> LabOutput:
    other = "default" if mode is Mode.BUILD else "build"
    return LabOutput(_plain_table(rows, other), _html_table(rows, other))


def _plain_table(rows: list[ParameterRow], other: str) -> str:
    lines = [("", "name", "value", other, "help")]
    lines += [("*" if row.differs else "", *row.cells) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(cells, widths, strict=True)).rstrip()
        for cells in lines
    )


def _html_table(rows: list[ParameterRow], other: str) -> str:
    # The frontend's own colours are readable in light and dark themes.
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


def _problem(problem: Problem, word: str) -> LabOutput:
    text = f"{problem.where}: {problem.message}" if problem.where else problem.message
    hint = (
        LabOutput(f"\n  → {problem.hint}", f" → {_marked(problem.hint)}")
        if problem.hint
        else LabOutput("", "")
    )
    return LabOutput(
        f"{word}: {text}{hint.plain}",
        _div(f"{_bold(word)}: {_marked(text)}{hint.html}"),
        (problem,),
    )


def _line(start: str, text: str) -> LabOutput:
    return LabOutput(f"{start}: {text}", _div(f"{_bold(start)}: {_marked(text)}"))


def _div(content: str) -> str:
    return f"<div>{content}</div>"


def _bold(text: str) -> str:
    return f"<b>{html.escape(text)}</b>"


def _marked(text: str) -> str:
    """Text as HTML; text in backticks becomes code."""
    return _CODE.sub(r"<code>\1</code>", html.escape(text))


def _joined(*parts: LabOutput) -> LabOutput:
    return LabOutput(
        "\n".join(part.plain for part in parts),
        "".join(part.html for part in parts),
        tuple(problem for part in parts for problem in part.problems),
    )
