"""A decision is written with the same bytes each time, and read again."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from decided import COSTS, comparison, loss, signal, status, wave
from refusals import problem

from stagebook.monitoring.decision.deciding import decide
from stagebook.monitoring.decision.decision import Decision
from stagebook.monitoring.loss_signals import ESTIMATE, LABELS
from stagebook.monitoring.signal import SignalKind

OWN = status(
    loss(LABELS, [*wave(0.15, 20), *wave(0.3, 40)]),
    loss(ESTIMATE, [*wave(0.15, 20), *wave(0.2, 40)]),
)


@pytest.fixture
def decision() -> Decision:
    return decide(OWN, COSTS, challenger=comparison(), previous=comparison(0.01))


def written(decision: Decision, path: Path) -> Path:
    decision.write(path)
    return path


def test_a_decision_that_is_written_twice_has_the_same_bytes(
    decision: Decision, tmp_path: Path
) -> None:
    first = written(decision, tmp_path / "one" / "decision.json")
    again = decide(OWN, COSTS, challenger=comparison(), previous=comparison(0.01))
    second = written(again, tmp_path / "two" / "decision.json")
    assert first.read_bytes() == second.read_bytes()
    text = first.read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert "/home/" not in text


def keys_of(values: Any) -> list[list[str]]:
    if isinstance(values, dict):
        return [list(values), *(keys for item in values.values() for keys in keys_of(item))]
    items = values if isinstance(values, list) else []
    return [keys for item in items for keys in keys_of(item)]


def test_the_file_has_sorted_keys_and_numbers_of_six_digits(
    decision: Decision, tmp_path: Path
) -> None:
    values = json.loads(written(decision, tmp_path / "d.json").read_text(encoding="utf-8"))
    assert all(keys == sorted(keys) for keys in keys_of(values))
    assert {"format", "model", "package", "at", "state", "action", "reason"} <= set(values)
    assert values["excess"]["more"]["expected"] == 0.149643
    assert [option["action"] for option in values["options"]] == [
        "keep",
        "retrain",
        "roll back",
        "ask",
    ]


def test_a_decision_that_is_read_is_the_one_that_was_written(
    decision: Decision, tmp_path: Path
) -> None:
    path = written(decision, tmp_path / "decision.json")
    read = Decision.read(path)
    assert read.as_json() == decision.as_json()
    assert read.chosen.action is decision.action


def damaged(decision: Decision, **changes: Any) -> str:
    return json.dumps({**decision.as_json(), **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"action": "wait"},
        {"options": []},
        {"costs": {"wrong": -1, "retraining": 1, "false_alarm": 1}},
        {"signals": [{}]},
        {"action": "roll back"},  # which is not possible
    ],
)
def test_a_decision_of_another_shape_is_refused(
    changes: dict[str, Any], decision: Decision, tmp_path: Path
) -> None:
    path = tmp_path / "decision.json"
    path.write_text(damaged(decision, **changes), encoding="utf-8")
    assert problem(Decision.read, path).code == "bad-decision"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\ufeff"])
def test_a_damaged_decision_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "decision.json"
    path.write_text(text, encoding="utf-8")
    assert problem(Decision.read, path).code == "bad-decision"


def test_a_decision_that_is_missing_is_refused(tmp_path: Path) -> None:
    assert problem(Decision.read, tmp_path / "decision.json").code == "no-decision"
    assert problem(Decision.read, tmp_path).code == "no-decision"


class Tables(HTMLParser):
    """The rows of all tables, and the tags that are not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def test_a_notebook_shows_the_options_as_a_table(decision: Decision) -> None:
    tables = Tables(decision._repr_html_())
    assert tables.open == []
    head, *rows = tables.rows
    assert head[:4] == ["option", "expected cost", "gain", "interval"]
    assert [row[0] for row in rows] == ["keep", "retrain", "roll back", "ask"]
    assert rows[1][1:4] == ["3,989 €", "+500", "+350 to +650"]


def test_names_in_a_notebook_are_no_markup() -> None:
    own = {**OWN, "model": "<script>$x$"}
    html = decide(own, COSTS)._repr_html_()
    assert "<script>" not in html
    assert "$x$" not in html


def test_signals_are_kept_in_the_decision() -> None:
    own = status(signals=[signal(SignalKind.INPUT_DRIFT, "weight")])
    (kept,) = decide(own, COSTS).as_json()["signals"]
    assert (kept["kind"], kept["subject"], kept["value"]) == ("input drift", "weight", 0.4)
