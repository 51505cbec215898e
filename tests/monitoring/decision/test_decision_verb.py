"""``stagebook decision FILE``: in the terminal, as JSON, and as the text of a pull request."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from decided import COSTS, comparison, loss, signal, status, wave

from stagebook.cli.main import main
from stagebook.monitoring.decision.deciding import decide
from stagebook.monitoring.decision.decision import Decision
from stagebook.monitoring.loss_signals import LABELS
from stagebook.monitoring.signal import SignalKind
from stagebook.report import decision_markdown

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "decide.md"
RISEN = [*wave(0.15, 20), *wave(0.3, 40)]


@pytest.fixture
def decision() -> Decision:
    return decide(status(loss(LABELS, RISEN)), COSTS, previous=comparison(0.01))


@pytest.fixture
def file(decision: Decision, tmp_path: Path) -> Path:
    decision.write(tmp_path / "decision.json")
    return tmp_path / "decision.json"


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["decision", *words])


def test_the_terminal_shows_the_action_the_options_and_the_evidence(file: Path) -> None:
    result = run(str(file))
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert lines[0].split()[:2] == ["late", f"{'a' * 15}…,"]
    assert lines[1].startswith("retrain: ")
    rows = [line.split() for line in lines]
    assert ["option", "expected", "cost", "gain", "interval"] in rows
    assert ["keep", "4,489", "€", "0", "€"] in rows
    assert any(line.startswith("roll back: not possible.") for line in lines)


def test_the_documentation_shows_this_output(file: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    _, _, rest = page.partition("$ stagebook decision decision.json\n")
    shown = [line for line in rest.partition("```")[0].splitlines() if line != "…"]
    assert len(shown) > 10
    assert shown == run(str(file)).stdout.splitlines()[: len(shown)]


def test_the_json_is_that_of_the_file(file: Path) -> None:
    result = run(str(file), "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == json.loads(file.read_text(encoding="utf-8"))


def test_a_pull_request_gets_a_table(file: Path) -> None:
    result = run(str(file), "--markdown")
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert lines[0] == "## Retrain: `late`"
    assert "| keep | 4,489 € | 0 € |  |" in lines
    assert len(lines) < 60


def test_names_in_markdown_have_no_effect() -> None:
    odd = signal(SignalKind.INPUT_DRIFT, "@team | <b> `x` [a](b)")
    own = {**status(loss(LABELS, RISEN), signals=[odd] * 12), "model": "@all\n# x"}
    text = decision_markdown.render(decide(own, COSTS))
    lines = text.splitlines()
    assert lines[0] == "## Retrain: `@all\\n# x`"
    shown = [line for line in lines if "@team" in line]
    assert shown
    assert all(line.startswith(("- ``` `", "- `` `")) for line in shown)
    assert lines.count("- and 3 more") == 1


@pytest.mark.parametrize("words", [[], ["--json"], ["--markdown"]])
def test_a_file_that_is_no_decision_is_refused(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "d.json").write_text("{", encoding="utf-8")
    assert run(str(tmp_path / "d.json"), *words).exit_code == 3
    assert run(str(tmp_path / "none.json"), *words).exit_code == 3


def test_two_formats_at_once_are_invalid_usage(file: Path) -> None:
    assert run(str(file), "--json", "--markdown").exit_code == 2
