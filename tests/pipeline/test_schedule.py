"""Which stage of a build starts next."""

import pytest

from stagebook.pipeline.schedule import PlannedStage, PlanState, Schedule, StageCost, StageKind

GIGABYTE = 10**9


def stage(name: str, *needs: str, kind: StageKind = StageKind.NOTEBOOK) -> PlannedStage:
    return PlannedStage(name, kind, frozenset(needs), name)


def start_all(schedule: Schedule) -> list[str]:
    """Starts what can start; returns the names, in order."""
    started = []
    while item := schedule.next():
        schedule.states[item.name] = PlanState.RUNNING
        started.append(item.name)
    return started


def test_independent_stages_run_side_by_side_up_to_the_number_of_jobs() -> None:
    schedule = Schedule((stage("a"), stage("b"), stage("c")), jobs=2)
    assert start_all(schedule) == ["a", "b"]
    schedule.settle("a", PlanState.BUILT)
    assert start_all(schedule) == ["c"]


@pytest.mark.parametrize("state", [PlanState.BUILT, PlanState.CACHED, PlanState.FRESH])
def test_a_stage_starts_once_all_that_it_needs_is_there(state: PlanState) -> None:
    schedule = Schedule((stage("a"), stage("b"), stage("c", "a", "b")), jobs=3)
    assert start_all(schedule) == ["a", "b"]
    schedule.settle("b", state)
    assert start_all(schedule) == []
    schedule.settle("a", state)
    assert start_all(schedule) == ["c"]


def test_a_command_that_is_no_notebook_runs_alone_at_its_place_in_the_order() -> None:
    command = stage("script", kind=StageKind.COMMAND)
    schedule = Schedule((stage("a"), stage("b"), command, stage("c")), jobs=4)
    assert start_all(schedule) == ["a", "b"]
    schedule.settle("a", PlanState.BUILT)
    assert start_all(schedule) == []
    schedule.settle("b", PlanState.BUILT)
    assert start_all(schedule) == ["script"]
    schedule.settle("script", PlanState.BUILT)
    assert start_all(schedule) == ["c"]


def test_the_stage_with_the_longest_chain_after_it_starts_first() -> None:
    costs = {"short": StageCost(3.0), "head": StageCost(1.0), "tail": StageCost(9.0)}
    stages = (stage("short"), stage("head"), stage("tail", "head"))
    assert start_all(Schedule(stages, jobs=1, costs=costs)) == ["head"]


def test_two_stages_that_need_too_much_memory_together_run_one_after_the_other() -> None:
    costs = {name: StageCost(memory=6 * GIGABYTE) for name in ("a", "b")}
    costs["c"] = StageCost(memory=GIGABYTE)
    stages = (stage("a"), stage("b"), stage("c"))
    schedule = Schedule(stages, jobs=3, memory=8 * GIGABYTE, costs=costs)
    assert start_all(schedule) == ["a", "c"]
    schedule.settle("a", PlanState.BUILT)
    assert start_all(schedule) == ["b"]


def test_a_stage_that_needs_more_than_the_memory_runs_alone() -> None:
    costs = {"large": StageCost(9.0, 20 * GIGABYTE), "small": StageCost(1.0, GIGABYTE)}
    stages = (stage("small"), stage("large"))
    schedule = Schedule(stages, jobs=2, memory=8 * GIGABYTE, costs=costs)
    assert start_all(schedule) == ["large"]
    schedule.settle("large", PlanState.BUILT)
    assert start_all(schedule) == ["small"]


def test_after_a_failure_nothing_starts() -> None:
    schedule = Schedule((stage("a"), stage("b", "a"), stage("c", "b"), stage("d")), jobs=1)
    assert start_all(schedule) == ["a"]
    assert schedule.settle("a", PlanState.FAILED) == ("b", "c")
    assert start_all(schedule) == []
    assert schedule.states["d"] is PlanState.WAITING


def test_with_keep_going_what_does_not_depend_on_a_failed_stage_still_starts() -> None:
    command = stage("script", "b", kind=StageKind.COMMAND)
    stages = (stage("a"), stage("b", "a"), command, stage("d"))
    schedule = Schedule(stages, jobs=1, keep_going=True)
    assert start_all(schedule) == ["a"]
    assert schedule.settle("a", PlanState.FAILED) == ("b", "script")
    assert start_all(schedule) == ["d"]


def test_a_stage_that_reads_the_lock_waits_for_all_stages_before_it() -> None:
    package = PlannedStage("package", StageKind.NOTEBOOK, frozenset({"a"}), reads_lock=True)
    schedule = Schedule((stage("a"), stage("b"), package, stage("c")), jobs=4)
    assert start_all(schedule) == ["a", "b", "c"]
    schedule.settle("a", PlanState.BUILT)
    assert start_all(schedule) == []
    schedule.settle("b", PlanState.BUILT)
    assert schedule.settled == ("a", "b")
    assert start_all(schedule) == ["package"]
