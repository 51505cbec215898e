"""Gates: failures, values that cannot be checked, and metrics that do not exist."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import spooled
from hypothesis import given
from hypothesis import strategies as st

from stagebook.history import gates
from stagebook.history.gates import NOTHING, judge
from stagebook.history.metric_files import MetricFiles
from stagebook.pipeline import git
from stagebook.pipeline.nodes import Node
from stagebook.project.errors import Where
from stagebook.project.settings import Gate

FILE = "metrics/a.json"
NUMBERS = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
SIZES = st.one_of(st.integers(min_value=0), st.floats(min_value=0, allow_infinity=False))


def gate(**bounds: float) -> Gate:
    return Gate(FILE, "auc", **bounds)


@given(st.tuples(NUMBERS, NUMBERS, NUMBERS).map(sorted), SIZES)
def test_a_value_inside_its_bounds_never_fails(three: list[float], slack: float) -> None:
    floor, value, ceiling = three
    bounds = gate(floor=floor, ceiling=ceiling, drop=slack, rise=slack)
    assert judge(bounds, value, value, "main").holds


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, SIZES)
def test_what_is_better_never_fails_where_worse_holds(
    value: float, other: float, floor: float, base: float, drop: float
) -> None:
    worse, better = sorted((value, other))
    bounds = gate(floor=floor, drop=drop)
    if judge(bounds, worse, base, "main").holds:
        assert judge(bounds, better, base, "main").holds


@given(NUMBERS, NUMBERS, SIZES)
def test_a_ceiling_and_a_rise_are_a_floor_and_a_drop_of_the_negative(
    value: float, base: float, size: float
) -> None:
    up = judge(gate(ceiling=value, rise=size), base, value, "main")
    down = judge(gate(floor=-value, drop=size), -base, -value, "main")
    assert up.holds is down.holds


@pytest.mark.parametrize(
    ("bounds", "value", "base", "failures"),
    [
        ({"floor": 0.7}, 0.7, NOTHING, ()),
        ({"floor": 0.7}, 0.69, NOTHING, ("floor of 0.7",)),
        ({"ceiling": 0.2}, 0.21, NOTHING, ("ceiling of 0.2",)),
        ({"drop": 0.01}, 0.69, 0.7, ()),  # as doubles, a hair more than 0.01
        ({"drop": 0.01}, 0.6899, 0.7, ("0.01 below main",)),
        ({"rise": 0}, 3, 2, (" 0 above main",)),
        ({"drop": 0}, 10**400, 10**400 + 1, (" 0 below main",)),
        (
            {"floor": 0.7, "drop": 0.01},
            0.5,
            0.8,
            ("floor of 0.7", "0.01 below main"),
        ),
        ({"floor": 0}, math.nan, 1, ("not finite",)),
        ({"floor": 0}, math.inf, 1, ("not finite",)),
        ({"floor": 0}, "high", 1, ("a number",)),
        ({"floor": 0}, True, 1, ("a number",)),
        ({"floor": 0}, None, 1, ("a number",)),
        ({"floor": 0}, NOTHING, 1, ("missing",)),
    ],
)
def test_a_metric_fails_all_that_it_does_not_keep_to(
    bounds: dict[str, float], value: Any, base: Any, failures: tuple[str, ...]
) -> None:
    verdict = judge(gate(**bounds), value, base, "main")
    assert verdict.holds is not bool(failures)
    for words, failure in zip(verdict.failures, failures, strict=True):
        assert failure in words


@pytest.mark.parametrize(
    ("base", "against", "note"),
    [
        (NOTHING, "", "no commit"),
        (NOTHING, "main", " main has "),
        (math.nan, "main", "not finite"),
        ("high", "main", "a number"),
    ],
)
def test_what_cannot_be_compared_is_said_and_does_not_fail(
    base: Any, against: str, note: str
) -> None:
    found = judge(gate(drop=0.1), 0.5, base, against)
    assert found.holds
    [words] = found.notes
    assert words.startswith("not compared: ")
    assert note in words
    assert not found.judged
    assert judge(gate(floor=0.1, drop=0.1), 0.5, base, against).judged
    assert judge(gate(floor=0.1), 0.5, base, against).notes == ()


@pytest.mark.parametrize(
    ("bounds", "better"),
    [
        ({"floor": 1}, True),
        ({"drop": 1}, True),
        ({"ceiling": 1}, False),
        ({"rise": 1}, False),
        ({"floor": 1, "ceiling": 2}, None),
    ],
)
def test_a_gate_says_in_which_direction_a_metric_is_better(
    bounds: dict[str, float], better: bool | None
) -> None:
    assert gate(**bounds).higher_is_better is better


NODES = (Node("train", outs=(FILE, "model.pkl")),)


def verdict(root: Path, gate: Gate, base: tuple[str, str] = ("", "")) -> gates.GateVerdict:
    [found] = gates.verdicts((gate,), NODES, MetricFiles.read(root, (gate.file,), base))
    return found


def test_files_of_a_commit_are_not_mixed_up(tmp_path: Path) -> None:
    names = [f"metrics/{name}.json" for name in ("same", "new", "odd", "again", "empty", "a b")]
    texts = ['{"m": 1}', None, "{", '{"m": 1}', "", '{"m": 2}']
    (tmp_path / "metrics").mkdir()
    for name, text in zip(names, texts, strict=True):
        if text is not None:
            (tmp_path / name).write_text(text)
    spooled.committed(tmp_path)
    commit = git.commit_named(tmp_path, "main") or ""
    found = MetricFiles.read(tmp_path, names, ("main", commit))
    assert {name: one.values.get("m") for name, one in found.before.items() if not one.problem} == {
        "metrics/same.json": 1,
        "metrics/again.json": 1,
        "metrics/a b.json": 2,
    }
    assert found.both("metrics/new.json")[1].values == {}
    assert found.both("metrics/odd.json")[1].problem


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "metrics").mkdir()
    (tmp_path / FILE).write_text('{"auc": 0.7, "odd": NaN}')
    return tmp_path


def test_a_file_that_no_stage_writes_is_an_error_that_names_the_nearest(root: Path) -> None:
    found = verdict(root, Gate("metrics/b.json", "auc", floor=0))
    assert found.problem is not None
    assert found.problem.code == "no-metric"
    assert "`metrics/a.json`" in found.problem.hint


def test_a_metric_that_was_never_there_is_an_error_that_names_the_nearest(root: Path) -> None:
    found = verdict(root, Gate(FILE, "acu", floor=0))
    assert found.problem is not None
    assert found.problem.code == "no-metric"
    assert "`auc`" in found.problem.hint


@pytest.mark.parametrize("text", [None, "{}"])
def test_a_metric_that_is_gone_fails_its_gate(root: Path, text: str | None) -> None:
    (root / FILE).unlink()
    if text is not None:
        (root / FILE).write_text(text)
    found = verdict(root, gate(floor=0))
    assert (found.failures, found.problem) == (("missing",), None)


BROKEN = {
    "cut off": (b'{"auc": 0.', "It is not valid JSON"),
    "merged": (b'<<<<<<< HEAD\n{"auc": 0.7}\n=======\n', "It is not valid JSON"),
    "a list": (b"[]", "It is not a mapping"),
    "no text": (b"\xff\x00", "It is not UTF-8 text"),
    "too deep": (b"[" * 100_000, "The file is nested too deeply"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_metric_in_a_file_that_cannot_be_read_is_no_missing_metric(root: Path, how: str) -> None:
    content, reason = BROKEN[how]
    (root / FILE).write_bytes(content)
    found = verdict(root, gate(floor=0))
    assert found.problem is not None
    assert (found.problem.code, found.problem.where) == ("bad-metrics", Where(FILE))
    assert found.problem.message.startswith(reason)
    assert not found.holds


def test_a_folder_in_place_of_a_metrics_file_cannot_be_read(root: Path) -> None:
    (root / FILE).unlink()
    (root / FILE).mkdir()
    found = verdict(root, gate(floor=0))
    assert found.problem is not None
    assert found.problem.code == "bad-metrics"


def test_a_file_that_another_commit_has_broken_is_not_compared_with_and_says_so(root: Path) -> None:
    (root / FILE).write_text("[]")
    spooled.committed(root)
    (root / FILE).write_text('{"auc": 0.5}')
    found = verdict(root, gate(drop=0.1), ("main", "HEAD"))
    assert found.holds
    (note,) = found.notes
    assert "main" in note
    assert found.base is None


def test_the_other_value_is_the_one_in_the_commit(root: Path) -> None:
    spooled.committed(root)
    (root / FILE).write_text('{"odd": 0.5}')
    assert verdict(root, gate(floor=0), ("main", "HEAD")).failures == ("missing",)
    (root / FILE).write_text('{"auc": 0.5}')
    found = verdict(root, gate(drop=0.1), ("main", "HEAD"))
    assert (found.value, found.base) == (0.5, 0.7)
    (failure,) = found.failures
    assert "0.1" in failure
    assert "main" in failure
    odd = verdict(root, Gate(FILE, "odd", drop=0), ("main", "HEAD"))
    assert odd.as_json()["base"] == "nan"
    json.dumps(odd.as_json(), allow_nan=False)
