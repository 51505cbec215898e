"""The pipeline is a graph without contradiction, in an order that can be built."""

import pytest
import refusals
from hypothesis import given
from hypothesis import strategies as st

from stagebook.pipeline.graph import Pipeline
from stagebook.pipeline.stage import Stage
from stagebook.project.errors import Problem


def stage(name: str, reads: str = "", writes: str = "") -> Stage:
    outs, deps = tuple(writes.split()), tuple(reads.split())
    return Stage(name, f"run {name}", deps, outs=outs, notebook=f"notebooks/{name}.ipynb")


def names(*stages: Stage) -> list[str]:
    return [one.name for one in Pipeline.of(stages, {}).stages]


def problems(*stages: Stage, written: dict[str, str] | None = None) -> tuple[Problem, ...]:
    return refusals.problems(Pipeline.of, stages, written or {})


# Order


def test_a_stage_comes_after_what_it_needs() -> None:
    assert names(stage("a", "y", "z"), stage("b", "x", "y"), stage("c", "", "x")) == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("reads", "writes"),
    [("data", "data/x"), ("data/x", "data"), ("data/deep/x", "data"), ("data/", "data/x")],
)
def test_a_folder_and_what_is_in_it_are_one_need(reads: str, writes: str) -> None:
    assert names(stage("a", reads, "out"), stage("b", "", writes)) == ["b", "a"]


def test_a_path_that_begins_alike_is_no_need() -> None:
    assert names(stage("a", "data/xy"), stage("b", "data/a", "data/x")) == ["a", "b"]


def test_metrics_and_plots_are_written_too() -> None:
    first = Stage("z", "run z", (), metrics=("m.json",), plots=("p.csv",))
    assert names(stage("a", "m.json"), stage("b", "p.csv"), first) == ["z", "a", "b"]


@st.composite
def acyclic(draw: st.DrawFn) -> list[Stage]:
    count = draw(st.integers(1, 8))
    stages = []
    for at in range(count):
        needs = draw(st.lists(st.integers(0, at - 1), max_size=3)) if at else []
        stages.append(stage(f"s{at}", " ".join(f"out/{one}" for one in needs), f"out/{at}"))
    return stages


@given(acyclic(), st.randoms())
def test_any_order_given_becomes_one_that_can_be_built(stages: list[Stage], dice: object) -> None:
    shuffled = list(stages)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    ordered = Pipeline.of(shuffled, {}).stages
    assert sorted(one.name for one in ordered) == sorted(one.name for one in stages)
    written: set[str] = set()
    for one in ordered:
        assert set(one.deps) <= written
        written.update(one.writes)


@given(acyclic(), st.randoms())
def test_the_order_does_not_depend_on_the_order_given(stages: list[Stage], dice: object) -> None:
    shuffled = list(stages)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert Pipeline.of(shuffled, {}) == Pipeline.of(stages, {})


# Circles


def test_a_circle_is_refused_with_each_stage_before_what_it_needs() -> None:
    (found,) = problems(stage("a", "y", "x"), stage("b", "z", "y"), stage("c", "x", "z"))
    assert found.code == "cycle"
    links = found.message.removesuffix(".").rsplit(": ", maxsplit=1)[1].split(" → ")
    needs = {"a": "b", "b": "c", "c": "a"}
    assert [needs[one] for one in links[:-1]] == links[1:]
    assert len(links) == 4


def test_a_circle_through_a_folder_is_refused() -> None:
    (found,) = problems(stage("a", "data", "x"), stage("b", "x", "data/y"))
    assert found.code == "cycle"


# Paths claimed twice


@pytest.mark.parametrize(
    ("one", "other"),
    [("data/x", "data/x"), ("data", "data/x"), ("data/x", "data"), ("data/x", "./data/x")],
)
def test_two_stages_that_write_one_path_are_refused(one: str, other: str) -> None:
    (found,) = problems(stage("a", "", one), stage("b", "", other))
    assert found.code == "claimed-twice"
    assert "notebooks/a.ipynb" in found.message
    assert str(found.where) == "notebooks/b.ipynb"


def test_one_stage_that_writes_a_path_twice_is_refused() -> None:
    (found,) = problems(stage("a", "", "x x"))
    assert found.code == "claimed-twice"


@pytest.mark.parametrize("path", ["data/x", "data", "data/x/y"])
def test_a_path_that_a_hand_written_stage_writes_is_refused(path: str) -> None:
    (found,) = problems(stage("a", "", "data/x"), written={path: "fetch"})
    assert found.code == "claimed-twice"
    assert "stage fetch" in found.message


def test_all_claims_are_told_at_once() -> None:
    found = problems(stage("a", "", "x y"), stage("b", "", "x y"))
    assert [one.message.split("`")[1] for one in found] == ["x", "y"]


def test_neighbours_in_a_folder_are_no_contradiction() -> None:
    assert names(stage("a", "", "data/x"), stage("b", "", "data/xy")) == ["a", "b"]


# Who writes what

PIPELINE = Pipeline.of([stage("a", "", "data/x data/y"), stage("b", "", "models")], {})


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("data/x", "a"),
        ("models", "b"),
        ("models/deep/m.pkl", "b"),
        ("data", None),
        ("data/z", None),
    ],
)
def test_a_path_tells_its_stage(path: str, name: str | None) -> None:
    found = PIPELINE.producer(path)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("outputs", "name"),
    [
        (["data/x"], "a"),
        (["data/y", "data/x"], "a"),
        (["data/x", "other"], "a"),
        (["data/x", "models"], None),
        (["other"], None),
        ([], None),
    ],
)
def test_outputs_tell_their_one_stage(outputs: list[str], name: str | None) -> None:
    found = PIPELINE.by_outputs(outputs)
    assert (found.name if found else None) == name
