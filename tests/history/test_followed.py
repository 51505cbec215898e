"""What later stages measured of a trial or a build, joined by what they read."""

from pathlib import Path
from typing import Any

import pytest
from spooled import parsed, put, record

from stagebook.history.followed import followers
from stagebook.history.history import History
from stagebook.history.sweep import Sweep, SweepOrder
from stagebook.project.settings import Gate, Settings

MODEL, SCORE = "models/m.pkl", "metrics/judge.json"


def trial(rounds: int) -> dict[str, Any]:
    return {
        "stage": "fit",
        "overrides": {"rounds": rounds},
        "folder": f"runs/fit@rounds={rounds}",
    }


def execution(name: str, stage: str, rounds: int | None, **values: Any) -> dict[str, Any]:
    """One execution of ``fit`` or ``judge``, of the build or of the trial with so many rounds."""
    of = trial(rounds) if rounds else None
    folder = f"{of['folder']}/" if of else ""
    model = {f"{folder}{MODEL}": "aa"}
    files = {"outputs": model} if stage == "fit" else {"inputs": model}
    if stage == "judge":
        files["outputs"] = {f"{folder}{SCORE}": name}
    return record(f"{name}-{stage}", stage, build=of is None, trial=of, **{**files, **values})


def swept(state: Path, *records: dict[str, Any], **settings: Any) -> Sweep:
    for one in records:
        put(state, one)
    with History.open(state) as history:
        return Sweep.read(history, "fit", 20, Settings("p", **settings))


def rounds(value: int) -> list[dict[str, Any]]:
    return [{"name": "rounds", "value": value}]


def test_a_sweep_is_judged_by_what_a_later_stage_measured(tmp_path: Path) -> None:
    found = swept(
        tmp_path,
        execution("1", "fit", None, parameters=rounds(5)),
        execution("2", "judge", None, metrics={"auc": 0.7}),
        execution("3", "fit", 10, parameters=rounds(10)),
        execution("4", "judge", 10, metrics={"auc": 0.9}),
        execution("5", "fit", 20, parameters=rounds(20)),
        execution("6", "judge", 20, metrics={"auc": 0.8}),
        gates=(Gate(SCORE, "auc", floor=0.5),),
    )
    assert [(one.parameters["rounds"], one.metrics) for one in found.rows] == [
        (10, {"auc": 0.9}),
        (20, {"auc": 0.8}),
        (5, {"auc": 0.7}),
    ]
    assert found.order == SweepOrder("auc", higher_is_better=True)


def test_the_newest_execution_of_a_later_stage_counts_and_a_failed_one_does_not(
    tmp_path: Path,
) -> None:
    found = swept(
        tmp_path,
        execution("1", "fit", 10),
        execution("2", "judge", 10, metrics={"auc": 0.6}),
        execution("3", "judge", 10, metrics={"auc": 0.9}),
        execution("4", "judge", 10, outcome="failed", outputs={}),
    )
    assert [one.metrics for one in found.rows] == [{"auc": 0.9}]


def test_a_metric_that_two_stages_have_bears_the_name_of_the_later_one(tmp_path: Path) -> None:
    both = [execution(str(n), "fit", n, parameters=rounds(n), metrics={"auc": 1.0}) for n in (1, 2)]
    later = [execution(str(n + 2), "judge", n, metrics={"auc": n / 10}) for n in (1, 2)]
    found = swept(tmp_path, *both, *later, headline=(f"{SCORE}:auc",))
    assert [one.metrics for one in found.rows] == [
        {"auc": 1.0, "judge:auc": 0.2},
        {"auc": 1.0, "judge:auc": 0.1},
    ]
    assert found.order == SweepOrder("judge:auc")


@pytest.mark.parametrize("reader", [None, 20])
def test_a_trial_is_not_judged_by_what_is_no_part_of_it(tmp_path: Path, reader: int | None) -> None:
    one = execution("1", "fit", 10)
    read = {"inputs": {one["outputs"][0]["path"]: "aa"}}
    put(tmp_path, one)
    put(tmp_path, execution("2", "judge", reader, metrics={"auc": 0.9}, **read))
    with History.open(tmp_path) as history:
        assert followers(history, parsed(one)) == ()


def test_stages_that_follow_through_others_count(tmp_path: Path) -> None:
    folder = trial(10)["folder"]
    first = execution("1", "fit", 10)
    put(tmp_path, first)
    put(tmp_path, execution("2", "judge", 10, outputs={f"{folder}/{SCORE}": "bb"}))
    put(tmp_path, execution("3", "sum", 10, inputs={f"{folder}/{SCORE}": "bb"}, outputs={}))
    with History.open(tmp_path) as history:
        later = followers(history, parsed(first))
        assert [record.stage for record in later] == ["judge", "sum"]
