"""Which stages a trial runs after the one that it starts with."""

import pytest

from stagebook.pipeline.nodes import Node
from stagebook.workflow.trials import Downstream

NODES = (
    Node("site", ("metrics/judge.json",), ("site",), notebook=False),
    Node("judge", ("models/m.pkl", "data/test.csv"), ("metrics/judge.json",)),
    Node("sources", (), (".stagebook/sources/fit.py",), notebook=False),
    Node("split", ("data/raw.csv",), ("data/train.csv", "data/test.csv")),
    Node("fit", (".stagebook/sources/fit.py", "data/train.csv"), ("models",)),
    Node("export", ("models/m.pkl",), ("export.bin",), notebook=False),
    Node("weigh", ("export.bin",), ("metrics/weigh.json",)),
    Node("pack", ("models/m.pkl", "data/train.csv"), ("package",)),
    Node("sum", ("metrics/judge.json",), ("metrics/sum.json",)),
    Node("apart", ("data/raw.csv",), ("data/apart.csv",)),
)


def of(stage: str) -> Downstream:
    return Downstream.of(NODES, stage, frozenset({"pack"}))


@pytest.mark.parametrize(
    ("stage", "runs"),
    [
        ("fit", ("judge", "sum")),
        ("split", ("fit", "judge", "sum")),
        ("judge", ("sum",)),
        ("sum", ()),
    ],
)
def test_each_notebook_that_follows_runs_after_what_it_needs(
    stage: str, runs: tuple[str, ...]
) -> None:
    assert of(stage).stages == runs


def test_what_a_trial_cannot_run_is_left_out_with_what_needs_it() -> None:
    left_out = {problem.message.split("`")[1] for problem in of("fit").left_out}
    assert left_out == {"export", "weigh", "pack"}
    assert {problem.code for problem in of("fit").left_out} == {"left-out"}
    assert of("judge").left_out == ()
