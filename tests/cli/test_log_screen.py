"""A log on a terminal: one row an execution, with what changed."""

import io
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console
from spooled import recorded

from stagebook.cli import log_screen
from stagebook.history.changes import Changes
from stagebook.history.log import Log, LogEntry
from stagebook.record.record import Record
from stagebook.report import log_words

LONG = {f"{word}_of_the_model": (0.5, 0.25) for word in ("depth", "width", "share", "rate", "cost")}


TRIAL = {"stage": "train", "overrides": {}, "folder": "runs/train@"}


def record(**values: Any) -> Record:
    volatile = {"id": "1-train", "started": "2013-01-01T12:00:00+00:00", "seconds": 4.04}
    return recorded("1-train", **{"stage": "train", "volatile": volatile, **values})


def row(*, first: bool = False, of: Mapping[str, Any] | None = None, **changed: Any) -> LogEntry:
    nothing: dict[str, Any] = {
        "parameters": {},
        "cells": 0,
        "modules": (),
        "code": False,
        "data": (),
        "packages": {},
        "metrics": {},
    }
    return LogEntry(record(**(of or {})), first, Changes(**{**nothing, **changed}))


def log(*rows: LogEntry, headline: frozenset[str] = frozenset()) -> Log:
    return Log(rows, headline, ())


def shown(found: Log, width: int = 200) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=True, color_system=None)
    console.print(log_screen.table(found))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def told(one: LogEntry, **more: Any) -> str:
    """The row of one execution, on a terminal that is wide enough."""
    [_, line] = shown(log(one, **more))
    return line


@pytest.mark.parametrize("width", [80, 120])
def test_a_row_has_every_word_and_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = shown(log(row(parameters=LONG)), width)
    assert max(map(len, lines)) <= width
    column = lines[0].index("changed")
    words = "".join("".join(line[column:].split()) for line in lines[1:])
    for name in list(LONG)[: log_words.MOST]:
        assert f"{name}0.5→0.25" in words
    assert f"{len(LONG) - log_words.MOST}more" in words


def test_a_row_says_when_which_how_and_how_long() -> None:
    line = told(row(first=True))
    assert line.split() == [
        "2013-01-01",
        "12:00",
        "train",
        "done",
        "4.0",
        "s",
        "first",
        "execution",
    ]
    assert "failed" in told(row(of={"outcome": "failed"}))
    assert "train -P" in told(row(of={"trial": TRIAL}))
    hours = {"id": "1", "started": "2013-01-01T12:00:00+00:00", "seconds": 7200.0}
    assert "120 min" in told(row(of={"volatile": hours}))


def test_an_execution_that_was_killed_at_once_has_no_time() -> None:
    line = told(row(of={"outcome": "killed", "volatile": {"id": "1"}}))
    assert not re.search(r"\d+(\.\d+)? (s|min)\b", line)
    assert not re.search(r"\d{4}-\d\d-\d\d", line)


def test_it_is_said_that_nothing_changed() -> None:
    assert told(row()).endswith("nothing changed")
    assert "nothing changed" not in told(row(data=("data/x.csv",)))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"parameters": {"rate": (0.1, 0.2)}}, "rate 0.1 → 0.2"),
        ({"parameters": {"rate": (None, 0.2)}}, "rate none → 0.2"),
        ({"cells": 1, "code": True}, "1 cell"),
        ({"cells": 2, "code": True}, "2 cells"),
        ({"code": True}, "code"),
        ({"modules": ("flights.clean",), "code": True}, "flights.clean"),
        ({"data": ("data/x.csv",)}, "data/x.csv"),
        ({"packages": {"pandas": ("2.2.0", "2.3.1")}}, "pandas 2.2.0 → 2.3.1"),
    ],
)
def test_what_changed_is_named(changed: dict[str, Any], words: str) -> None:
    assert told(row(**changed)).endswith(f"  {words}")


def test_a_metric_stands_with_its_difference() -> None:
    line = told(row(metrics={"auc": (0.70, 0.72), "rows": (9, 9), "new": (None, 1)}))
    assert "auc 0.72 (+0.02)" in line
    assert "rows" not in line
    assert line.endswith("new 1")


def test_a_metric_that_is_no_number_has_no_difference() -> None:
    line = told(row(metrics={"auc": (math.nan, 0.72), "loss": (0.5, math.nan)}))
    assert line.endswith("auc 0.72 (NaN before); loss NaN (0.5 before)")
    same = told(row(metrics={"auc": (math.nan, math.nan)}))
    assert same.endswith("nothing changed")


def test_a_trial_says_that_it_stands_beside_a_build() -> None:
    one = row(of={"trial": TRIAL}, parameters={"rate": (0.1, 0.2)})
    assert told(replace(one, before=record())).endswith("  compared with the build: rate 0.1 → 0.2")
    beside_a_trial = replace(one, before=record(trial=TRIAL))
    assert told(beside_a_trial).endswith("  rate 0.1 → 0.2")


def test_a_metric_of_the_headline_stands_first_also_if_it_did_not_change() -> None:
    metrics = {"loss": (0.3, 0.1), "auc": (0.7, 0.7)}
    line = told(row(metrics=metrics), headline=frozenset({"auc"}))
    assert line.endswith("auc 0.7; loss 0.1 (-0.2)")


def test_rows_stand_as_the_log_has_them() -> None:
    lines = shown(log(row(of={"stage": "second"}), row(of={"stage": "first"})))
    assert [line.split()[2] for line in lines[1:]] == ["second", "first"]


def test_values_bring_neither_markup_nor_a_line() -> None:
    line = told(row(parameters={"word": ("[red]a", "b\nc\x1b[31m")}))
    assert "[red]a" in line
    assert "\x1b" not in line


def test_without_executions_it_says_how_to_build(capsys: pytest.CaptureFixture[str]) -> None:
    log_screen.show(Log((), frozenset(), (("records/x.json", "no JSON"),)))
    out, err = capsys.readouterr()
    assert "dvc repro" in out
    assert "records/x.json" in err
    assert "no JSON" in err
