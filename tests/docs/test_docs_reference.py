"""The reference is what the code is: commands, exit codes, settings, problems, signature."""

import ast
import re
import tomllib
from dataclasses import MISSING, Field, fields
from pathlib import Path

import click
import pytest
from markdown_pages import PAGES, ROOT, blocks, code, rows, section, text_of
from problem_codes import Codes, UnreadableError

from stagebook.cli.main import main
from stagebook.notebook import literals, parameters_cell
from stagebook.notebook.values import MismatchError, fit, parse_type
from stagebook.project.errors import Exit, StagebookError, Where
from stagebook.project.settings import (
    CompareSettings,
    Gate,
    ReportSettings,
    Settings,
    StageSettings,
    parse_settings,
)
from stagebook.project.settings.monitor import AlertSettings, MonitorSettings

CLI = text_of("docs/reference/cli.md")
SETTINGS = text_of("docs/reference/settings.md")
SIGNATURE = text_of("docs/reference/signature.md")
PROBLEMS = text_of("docs/reference/problems.md")
COMMANDS: dict[str, click.Command] = {}
for _name, _command in main.commands.items():
    if isinstance(_command, click.Group):
        if _command.invoke_without_command:
            COMMANDS[_name] = _command
        COMMANDS.update({f"{_name} {name}": one for name, one in _command.commands.items()})
    else:
        COMMANDS[_name] = _command


def test_exit_codes_are_those_of_the_enum() -> None:
    listed = [(int(number), code(name)) for number, name, _ in rows(section(CLI, "## Exit codes"))]
    assert listed == [(one.value, one.name) for one in Exit]


def test_commands_are_those_of_the_program() -> None:
    headings = re.findall(r"^### `stagebook ([^`]+)`$", CLI, re.MULTILINE)
    assert headings == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_options_of_a_command_are_those_of_the_program(name: str) -> None:
    listed = [code(cell) for cell, *_ in rows(section(CLI, f"### `stagebook {name}`"))]
    assert sorted(listed) == sorted(map(_usage, COMMANDS[name].params))


def _usage(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Argument):
        return parameter.make_metavar(click.Context(main)) or ""
    assert isinstance(parameter, click.Option)
    value = "" if parameter.is_flag else f" {parameter.metavar}"
    return f"{', '.join(parameter.opts)}{value}"


def test_options_of_the_program_itself_are_listed() -> None:
    before, _, _ = CLI.partition("\n## Commands\n")
    listed = {name for cell, _ in rows(before) for name in re.findall(r"`([^`]+)`", cell)}
    context = click.Context(main, **main.context_settings)
    assert listed == {name for one in main.get_params(context) for name in one.opts}


@pytest.mark.parametrize(
    ("heading", "settings", "apart"),
    [
        (
            "## The project",
            Settings,
            {"defaults", "stages", "drift", "report", "gates", "monitor", "compare"},
        ),
        ("## The stages", StageSettings, set()),
        ("## The report", ReportSettings, set()),
        ("## Gates", Gate, {"file", "name"}),
        ("## Monitoring", MonitorSettings, {"alerts"}),
        ("## Alerts", AlertSettings, set()),
        ("## The comparison of models", CompareSettings, set()),
    ],
)
def test_settings_are_those_of_the_program(heading: str, settings: type, apart: set[str]) -> None:
    listed = {code(key): default for key, _, default, _ in rows(section(SETTINGS, heading))}
    declared = {one.name: one for one in fields(settings) if one.name not in apart}
    assert list(listed) == list(declared)
    for name, default in listed.items():
        if declared[name].default is not MISSING:
            assert _toml(default) == _default(declared[name]), name


def _toml(cell: str) -> object:
    return None if cell == "none" else tomllib.loads(f"value = {code(cell)}")["value"]


def _default(field: "Field[object]") -> object:
    return list(field.default) if isinstance(field.default, tuple) else field.default


def test_the_example_of_settings_is_one() -> None:
    [block] = blocks(ROOT / "docs/reference/settings.md")
    settings = parse_settings(tomllib.loads(block.text)["tool"]["stagebook"], "example")
    assert settings.stage("train").time_limit == 7200
    assert settings.stage("train").threads == settings.stage("other").threads == 2


def test_units_are_those_of_the_program() -> None:
    for kind, text in rows(section(SETTINGS, "## Units")):
        key = {"duration": "time_limit", "size": "memory_limit"}[kind]
        for value in re.findall(r'`"([^"]+)"`', text):
            parse_settings({key: value}, "example")


def test_problems_are_those_in_the_source() -> None:
    listed = [code(cell) for cell, _ in rows(PROBLEMS)]
    assert len(set(listed)) == len(listed)
    assert set(listed) == Codes.of(ROOT / "src" / "stagebook").all()


def test_codes_of_problems_are_found_however_they_are_made(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "Problem('plain', '')\n"
        "def one(code): Problem(code, '')\n"
        "one('passed')\n"
        "def two():\n"
        "    kind, code = 1, 'unpacked'\n"
        "    code = 'yes' if kind else 'no'\n"
        "    Problem(code, '')\n"
        "class Any:\n"
        "    def three(self, code): Problem(code=code, message='')\n"
        "    def four(self): self.three('method')\n"
        "def five(other):\n"
        "    outcome = Outcome.DONE if other else Outcome.KILLED\n"
        "    Problem(outcome.value, '')\n"
    )
    plain = {"plain", "passed", "unpacked", "yes", "no", "method", "done", "killed"}
    assert Codes.of(tmp_path).all() == plain
    (tmp_path / "b.py").write_text("Problem('a' + 'b', '')\n")
    with pytest.raises(UnreadableError, match=r"b\.py:1"):
        Codes.of(tmp_path).all()


def test_every_problem_that_another_page_names_is_listed() -> None:
    listed = {code(cell) for cell, _ in rows(PROBLEMS)}
    errors = section(SIGNATURE, "## Errors")
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", errors))
    assert named
    assert named <= listed


def test_the_example_of_a_signature_is_one() -> None:
    [block] = [one for one in blocks(ROOT / "docs/reference/signature.md") if one.comment]
    signature = parameters_cell.parse_cell(block.text, Where("example.py", 1))
    assert signature.declared[0].schema == "flights.contracts:Departures"
    assert [one.name for one in signature.parameters if one.required] == ["key"]


@pytest.mark.parametrize("row", rows(section(SIGNATURE, "## Types")), ids=lambda row: code(row[0]))
def test_a_type_takes_and_refuses_what_is_said(row: list[str]) -> None:
    annotation, takes, refuses = row
    type_ = parse_type(ast.parse(code(annotation), mode="eval").body)
    for text in re.findall(r"`([^`]+)`", takes):
        fit(ast.literal_eval(text), type_)
    for text in re.findall(r"`([^`]+)`", refuses):
        with pytest.raises(MismatchError):
            fit(ast.literal_eval(text), type_)


def test_a_value_that_is_said_to_be_a_literal_is_one() -> None:
    for text in ("dict(a=1)", 'float("inf")', 'float("-inf")', 'float("nan")'):
        assert f"`{text}`" in section(SIGNATURE, "## Values")
        literals.read(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize("row", rows(section(SIGNATURE, "## Errors")), ids=lambda row: code(row[0]))
def test_an_example_of_an_error_has_its_code(row: list[str]) -> None:
    name, example = map(code, row)
    text = f"from stagebook import In, Metrics, Out\n{example}\n"
    with pytest.raises(StagebookError) as raised:
        parameters_cell.parse_cell(text, Where("example.py", 1))
    assert [one.code for one in raised.value.problems] == [name]


LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)")


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def broken_links(page: Path) -> list[str]:
    """The relative links of a page that lead nowhere."""
    broken = []
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A, `b` c\n[a](#a-b-c) [b](#c) [c](none.md) [d](page.md) [e](https://a.b)\n")
    assert broken_links(page) == ["#c", "none.md"]


@pytest.mark.parametrize(
    "page", [one for one in PAGES if one.parent.name == "adr"], ids=lambda page: page.stem
)
def test_a_decision_is_one_page_with_its_parts(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    parts = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert text.startswith(f"# {page.stem[:4]}: ")
    assert [parts[0], parts[1], parts[-1]] == ["Context", "Decision", "Consequences"]
    assert parts[2] in ("What was seen", "What was measured")
    assert len(text.split()) <= 600
    assert f"adr/{page.name}" in text_of("docs/index.md")


def test_every_page_can_be_reached_from_the_index() -> None:
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    linked = {(ROOT / "docs" / link).resolve() for link in LINK.findall(index)}
    pages = {page for page in PAGES if "docs" in page.relative_to(ROOT).parts}
    assert pages - linked == {ROOT / "docs/index.md"}
