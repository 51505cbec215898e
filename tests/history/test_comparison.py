"""What differs between two executions, builds or commits, and what is meant by their names."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import spooled
from hypothesis import given
from hypothesis import strategies as some
from spooled import parameters, parsed, put, record, recorded

from stagebook.history import measured
from stagebook.history.comparison import Comparison, StageComparison
from stagebook.history.history import History
from stagebook.history.sides import RevisionResolver, SideKind, execution
from stagebook.history.sweep import SharedValues, Sweep, SweepOrder
from stagebook.project.errors import StagebookError
from stagebook.project.project import Project
from stagebook.project.settings import Gate

ONE, TWO, THREE = (f"2026010{day}T100000000000" for day in (1, 2, 3))


def between(before: Mapping[str, Any], now: Mapping[str, Any]) -> StageComparison:
    return StageComparison.between("make", parsed(before), parsed(now))


@contextmanager
def meaning(root: Path, *records: Mapping[str, Any]) -> Iterator[RevisionResolver]:
    spooled.project(root, {"make": ([], ["a.txt"]), "other": ([], ["b.txt"])})
    project = Project.find(root)
    for one in records:
        put(project.state, one)
    with History.open(project.state) as history:
        yield RevisionResolver(project, history)


def code(error: pytest.ExceptionInfo[StagebookError]) -> tuple[str, str]:
    [problem] = error.value.problems
    return problem.code, problem.hint


def test_parameters_metrics_and_data_that_differ_are_told() -> None:
    table = {"paths": ["in.csv"], "rows": 7}
    before = record(
        "a", parameters=parameters(x=1, y=2), metrics={"auc": 0.5}, inputs={"in.csv": "1"}
    )
    now = record(
        "b",
        parameters=parameters(x=1, y=3),
        metrics={"auc": 0.7, "new": 1},
        inputs={"in.csv": "2", "more.csv": "3"},
        tables=[table],
    )
    found = between(before, now)
    assert found.parameters == {"y": (2, 3)}
    assert found.measured == {"auc": (0.5, 0.7), "new": (None, 1)}
    assert list(found.reads) == ["in.csv", "more.csv"]
    assert found.as_json()["inputs"]["in.csv"]["now"] == {"md5": "2", "rows": 7}
    assert not found.same


def test_nan_is_as_it_was_and_a_value_of_another_type_is_not() -> None:
    before = record("a", metrics={"loss": math.nan, "score": "0.5", "flag": True})
    now = record("b", metrics={"loss": math.nan, "score": 0.5, "flag": 1})
    assert between(before, now).measured == {"score": ("0.5", 0.5), "flag": (True, 1)}


@given(some.dictionaries(some.text(max_size=5), some.floats() | some.text() | some.booleans()))
def test_an_execution_does_not_differ_from_itself(metrics: dict[str, Any]) -> None:
    one = record(
        "a", metrics=metrics, parameters=parameters(**{f"p{k}": v for k, v in metrics.items()})
    )
    assert between(one, one).same


def test_a_trial_s_outputs_are_held_against_those_of_the_build() -> None:
    build = record("a", outputs={"data/out.csv": "1"})
    folder = {"stage": "make", "overrides": {"x": 2}, "folder": "runs/make@x=2"}
    trial = record("b", build=False, trial=folder, outputs={"runs/make@x=2/data/out.csv": "2"})
    assert list(between(build, trial).writes) == ["data/out.csv"]
    same = record("c", build=False, trial=folder, outputs={"runs/make@x=2/data/out.csv": "1"})
    assert between(build, same).same


def test_records_of_format_1_are_compared_as_far_as_they_go() -> None:
    old = record("a", parameters=parameters(x=1))
    for key in ("code", "tables"):
        del old[key]
    now = record("b", parameters=parameters(x=2), source="6" * 64)
    found = between({**old, "format": 1}, now)
    assert found.parameters == {"x": (1, 2)}
    assert found.changes is not None
    assert found.changes.code


def test_a_record_of_another_shape_is_named(tmp_path: Path) -> None:
    odd = {**record(f"{ONE}-make-11111111"), "inputs": [{"odd": 1}]}
    with meaning(tmp_path, odd) as meant:
        for name in ("11111111", ONE, f"{ONE}-make-11111111"):
            with pytest.raises(StagebookError) as error:
                meant.side(name)
            assert code(error)[0] == "bad-record"


def test_two_different_stages_are_not_compared() -> None:
    with pytest.raises(StagebookError) as error:
        Comparison.of(execution(recorded("a", "make")), execution(recorded("b", "other")))
    assert code(error)[0] == "two-stages"


def test_a_failed_execution_is_compared_with_one_that_was_done() -> None:
    found = between(record("a", metrics={"auc": 1}), record("b", outcome="failed"))
    assert found.ended == ("done", "failed")
    assert found.measured == {"auc": (1, None)}


def test_an_execution_is_compared_with_the_one_before_it(tmp_path: Path) -> None:
    first, second = record(f"{ONE}-make-1111aaaa"), record(f"{TWO}-make-2222bbbb")
    with meaning(tmp_path, first, second) as meant:
        side = meant.side("2222bbbb")
        assert side.name == f"{TWO}-make-2222bbbb"
        assert meant.before(side).name == f"{ONE}-make-1111aaaa"
        with pytest.raises(StagebookError) as error:
            meant.before(meant.side("1111aaaa"))
    assert code(error)[0] == "nothing-before"


def test_a_build_has_what_it_executed_and_what_stood_of_the_others(tmp_path: Path) -> None:
    records = (
        record(f"{ONE}-make-11111111", repro="one-1", metrics={"auc": 0.5}),
        record(f"{ONE}-other-22222222", "other", repro="one-1"),
        record(f"{TWO}-make-33333333", repro="two-2", metrics={"auc": 0.6}),
        record(f"{THREE}-make-44444444", build=False, metrics={"auc": 0.9}),
    )
    with meaning(tmp_path, *records) as meant:
        now, before = meant.side("last"), meant.side("last~1")
        assert (now.name, before.name) == ("two-2", "one-1")
        found = Comparison.of(before, now)
        with pytest.raises(StagebookError) as error:
            meant.side("last~2")
    assert [one.stage for one in found.stages] == ["make"]
    assert found.stages[0].measured == {"auc": (0.5, 0.6)}
    assert found.unchanged == ("other",)
    assert code(error)[0] == "nothing-before"


def test_a_stage_run_by_itself_is_a_build_and_a_trial_is_none(tmp_path: Path) -> None:
    records = (
        record(f"{ONE}-make-11111111", repro="one-1", metrics={"auc": 0.5}),
        record(f"{ONE}-other-22222222", "other", repro="one-1"),
        record(f"{TWO}-make-33333333", metrics={"auc": 0.6}),
        record(f"{THREE}-make-44444444", build=False, metrics={"auc": 0.9}),
    )
    with meaning(tmp_path, *records) as meant:
        now = meant.side("last")
        assert (now.kind, now.name) == (SideKind.BUILD, f"{TWO}-make-33333333")
        assert "make" in now.label
        assert now.label.endswith(f" {TWO}-make-33333333")
        assert set(now.executions) == {"make", "other"}
        assert meant.before(now).name == meant.side("last~1").name == "one-1"
        assert meant.side(now.name).kind is SideKind.EXECUTION


@given(
    some.lists(
        some.tuples(some.sampled_from([None, "a", "b"]), some.booleans(), some.booleans()),
        max_size=8,
    )
)
def test_builds_of_the_history_page_are_those_that_compare_counts(
    executions: list[tuple[str | None, bool, bool]],
) -> None:
    with TemporaryDirectory() as folder:
        state = Path(folder)
        for place, (repro, build, done) in enumerate(executions):
            outcome = "done" if done else "failed"
            put(
                state,
                record(f"{place}", repro=repro, build=build, outcome=outcome, metrics={"m": 1}),
            )
        with History.open(state) as history:
            counted = measured.names(history)
            shown = [one.name for one in measured.builds(history)]
    assert set(shown) <= set(counted)
    assert len(shown) == len(set(shown))
    if all(build and done for _, build, done in executions):
        assert tuple(reversed(shown)) == counted


def test_an_unknown_name_gets_the_nearest(tmp_path: Path) -> None:
    with meaning(tmp_path, record(f"{ONE}-make-11111111", repro="one")) as meant:
        for name, hint in (("lasst", "`last`"), ("make", "--stage make")):
            with pytest.raises(StagebookError) as error:
                meant.side(name)
            assert code(error)[0] == "unknown-comparison"
            assert hint in code(error)[1]


def test_a_name_that_fits_two_is_refused(tmp_path: Path) -> None:
    records = (record(f"{ONE}-make-11111111"), record(f"{ONE}-other-22222222", "other"))
    with meaning(tmp_path, *records) as meant, pytest.raises(StagebookError) as error:
        meant.side(ONE)
    assert code(error)[0] == "ambiguous-comparison"


def test_a_stage_that_neither_side_has_gets_the_nearest() -> None:
    with pytest.raises(StagebookError) as error:
        Comparison.of(execution(recorded("a")), execution(recorded("b")), "mak")
    assert code(error)[0] == "no-executions"
    assert "`make`" in code(error)[1]


def test_a_sweep_names_what_differs_and_sorts_by_the_headline() -> None:
    records = [
        recorded(str(place), parameters=parameters(x=x, y=1), metrics={"rows": 5, "auc": auc})
        for place, (x, auc) in enumerate([(1, 0.5), (2, math.nan), (3, 0.9), (4, "none")])
    ]
    found = Sweep.of("make", records, ["auc"])
    assert found.parameters == ("x",)
    assert found.metrics == ("auc",)
    assert found.shared == SharedValues({"y": 1}, {"rows": 5})
    assert found.order == SweepOrder("auc")
    assert [one.parameters["x"] for one in found.rows] == [3, 1, 2, 4]


@pytest.mark.parametrize(
    ("bounds", "order"),
    [
        ({"ceiling": 1.0}, [1, 2, 3]),
        ({"rise": 0.1}, [1, 2, 3]),
        ({"floor": 0.0}, [3, 2, 1]),
        ({"floor": 0.0, "ceiling": 1.0}, [3, 2, 1]),  # says nothing of what is better
    ],
)
@pytest.mark.parametrize("build", [True, False])
def test_a_sweep_has_first_what_is_better_by_the_gate(
    bounds: dict[str, float], order: list[int], build: bool
) -> None:
    file = "metrics/a.json"
    outputs = {file if build else f"runs/make@x=1/{file}": "1"}
    trial = None if build else {"stage": "make", "overrides": {"x": 1}, "folder": "runs/make@x=1"}
    of = {"build": build, "trial": trial, "outputs": outputs}
    records = [
        recorded(str(x), parameters=parameters(x=x), metrics={"m": x}, **of) for x in (2, 3, 1)
    ]
    found = Sweep.of("make", records, (), [Gate(file, "m", **bounds)])
    assert [one.parameters["x"] for one in found.rows] == order
    other = Sweep.of("make", records, (), [Gate("metrics/of-another-stage.json", "m", **bounds)])
    assert other.order == SweepOrder("m")


def test_a_sweep_is_not_sorted_by_what_does_not_differ() -> None:
    records = [recorded(str(n), metrics={"auc": 0.5, "loss": n, "note": str(n)}) for n in (1, 2)]
    assert Sweep.of("make", records, ["note", "auc"]).order == SweepOrder("loss")
    same = [recorded(str(n), metrics={"auc": 0.5}) for n in (1, 2)]
    found = Sweep.of("make", same, ["auc"])
    assert (found.order, found.metrics, found.shared.metrics) == (None, (), {"auc": 0.5})
    assert [one.name for one in found.rows] == ["1", "2"]


def test_a_failure_without_metrics_makes_none_of_them_differ() -> None:
    done = [recorded(str(n), metrics={"auc": n, "rows": 5}) for n in (1, 2)]
    found = Sweep.of("make", [recorded("0", outcome="failed"), *done], ["auc"])
    assert found.metrics == ("auc",)
    assert found.shared.metrics == {"rows": 5}
    assert [one.name for one in found.rows] == ["2", "1", "0"]


def test_a_sweep_of_records_without_metrics_keeps_their_order() -> None:
    found = Sweep.of("make", [recorded("b"), recorded("a")], ["auc"])
    assert [one.name for one in found.rows] == ["b", "a"]
    assert found.as_json()["sorted_by"] is None


def test_a_sweep_marks_what_is_of_other_code_than_the_newest() -> None:
    sources = ["6" * 64, "5" * 64, "6" * 64]
    records = [recorded(str(n), source=one, metrics={"m": n}) for n, one in enumerate(sources)]
    found = Sweep.of("make", records, ())
    assert {one.name: one.other_code for one in found.rows} == {"0": False, "1": True, "2": False}
    assert [one["other_code"] for one in found.as_json()["executions"]] == [False, True, False]
