"""A stage is judged as DVC does it, from hashes, parameters and the run cache."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from stagebook.pipeline.dvc import HashedPath
from stagebook.pipeline.lock import Lock, LockEntry
from stagebook.pipeline.nodes import Node
from stagebook.pipeline.plan.judgement import judge
from stagebook.pipeline.plan.plan import Plan, StagePlan
from stagebook.pipeline.plan.present import ParamsState, Present
from stagebook.project.errors import StagebookError

MAKE = Node("make", ("raw.csv",), ("data.csv",), cmd="make", keys={"p.yaml": ()})
FIT = Node("fit", ("data.csv",), ("model",), cmd="fit")
SHOW = Node("show", ("model/a",), ("page",), cmd="show")
NODES = (SHOW, FIT, MAKE)
HASHES = {"raw.csv": "r", "data.csv": "d", "model": "m.dir", "model/a": "a", "page": "p"}
PARAMS = {("make", "p.yaml"): ParamsState({"n": 1})}


@dataclass(frozen=True)
class Files:
    """Files that are only hashes."""

    hashes: Mapping[str, str | None] = field(default_factory=dict)
    uncached: frozenset[str] = frozenset()

    def md5(self, path: str, *, legacy: bool = False) -> str | None:
        return {**HASHES, **self.hashes}.get(path)

    def unreadable(self, path: str) -> str:
        return ""

    def is_executable(self, path: str) -> bool:
        return False

    def is_cached(self, md5: str) -> bool:
        return md5 not in self.uncached

    def listing(self, md5: str) -> Mapping[str, str] | None:
        return {"m.dir": {"a": "a"}, "other.dir": {"a": "a"}, "new.dir": {"a": "b"}}.get(md5)


def entry(node: Node) -> LockEntry:
    deps, outs = (
        tuple(HashedPath(path, HASHES[path], 1) for path in side) for side in (node.deps, node.outs)
    )
    return LockEntry(node.name, node.cmd, deps, outs, {file: {"n": 1} for file in node.keys})


LOCK = Lock({node.name: entry(node) for node in NODES})


def judged(
    files: Files | None = None,
    nodes: tuple[Node, ...] = NODES,
    lock: Lock = LOCK,
    values: Mapping[str, object] | None = None,
    runs: Mapping[str, str] | None = None,
) -> dict[str, StagePlan]:
    params = {("make", "p.yaml"): ParamsState(values)} if values is not None else PARAMS
    present = Present(files or Files(), params, restore=lambda _: runs)
    return {stage.name: stage for stage in judge(nodes, lock, present)}


def states(**options: object) -> dict[str, str]:
    return {name: stage.state.value for name, stage in judged(**options).items()}  # type: ignore[arg-type]


def test_what_is_as_in_the_lock_is_fresh_and_comes_in_order() -> None:
    assert list(states().items()) == [("make", "fresh"), ("fit", "fresh"), ("show", "fresh")]


def test_what_follows_a_stale_stage_waits_for_its_outputs() -> None:
    found = judged(values={"n": 2})
    assert [stage.state.value for stage in found.values()] == ["stale", "after", "after"]
    assert (found["fit"].after, found["show"].after) == (("make",), ("fit",))


def test_a_changed_output_is_restored_from_the_lock() -> None:
    assert states(files=Files({"data.csv": "edited"})) == {
        "make": "restored",
        "fit": "fresh",
        "show": "fresh",
    }


def test_a_changed_output_without_its_content_is_built_again() -> None:
    files = Files({"data.csv": "edited"}, frozenset({"d"}))
    assert states(files=files) == {"make": "stale", "fit": "after", "show": "after"}


def test_the_content_that_is_restored_decides_about_what_follows() -> None:
    same = states(values={"n": 2}, runs={"data.csv": "d"})
    assert same == {"make": "restored", "fit": "fresh", "show": "fresh"}
    other = states(values={"n": 2}, runs={"data.csv": "e", "model": "new.dir", "page": "p"})
    assert other == {"make": "restored", "fit": "restored", "show": "restored"}


def test_a_file_in_a_restored_folder_is_looked_up() -> None:
    lock = Lock({**LOCK.entries, "fit": replace(LOCK.entries["fit"], cmd="before")})
    runs = {"model": "other.dir"}
    assert states(lock=lock, runs=runs) == {"make": "fresh", "fit": "restored", "show": "fresh"}


def test_a_stage_that_keeps_its_outputs_is_not_restored() -> None:
    make = replace(MAKE, persisted=frozenset({"data.csv"}))
    found = states(nodes=(make, FIT, SHOW), values={"n": 2}, runs={"data.csv": "d"})
    assert found["make"] == "stale"


def test_a_stage_without_any_parameter_value_is_not_restored() -> None:
    assert states(values={}, runs={"data.csv": "d"})["make"] == "stale"


def test_a_content_that_an_earlier_stage_writes_again_is_not_missing() -> None:
    twin = Node("twin", ("raw.csv",), ("page",), cmd="twin")
    wrote = LockEntry(
        "twin", "twin", (HashedPath("raw.csv", "r", 1),), (HashedPath("page", "d", 1),)
    )
    files = Files({"raw.csv": "new", "page": "d"}, frozenset({"d"}))
    make = replace(MAKE, deps=("page",))
    lock = Lock({"twin": wrote, "make": replace(LOCK.entries["make"], deps=wrote.outs)})
    found = judged(files, (make, twin), lock)
    assert (found["make"].state.value, found["make"].after) == ("after", ("twin",))


def test_a_frozen_stage_is_left_alone() -> None:
    frozen = replace(MAKE, frozen=True)
    assert states(nodes=(frozen, FIT, SHOW), values={"n": 2})["make"] == "fresh"


def test_a_stage_that_always_runs_is_not_stale() -> None:
    found = judged(nodes=(replace(MAKE, always=True), FIT, SHOW))
    assert [stage.state.value for stage in found.values()] == ["always", "after", "after"]
    assert Plan(tuple(found.values())).stale == ()


def test_a_stage_after_one_that_always_runs_is_stale_if_it_also_waits_for_a_stale_one() -> None:
    always = Node("always", (), ("extra",), cmd="always", always=True)
    fit = replace(FIT, deps=("data.csv", "extra"))
    extra = replace(
        LOCK.entries["fit"], deps=(*LOCK.entries["fit"].deps, HashedPath("extra", "x", 1))
    )
    lock = Lock({**LOCK.entries, "fit": extra})
    files = Files({"extra": "x"})
    fresh = judged(files, (always, MAKE, fit, SHOW), lock)
    assert Plan(tuple(fresh.values())).stale == ()
    changed = judged(files, (always, MAKE, fit, SHOW), lock, values={"n": 2})
    assert set(Plan(tuple(changed.values())).stale) == {"make", "fit", "show"}


def test_stages_in_a_cycle_are_a_problem() -> None:
    with pytest.raises(StagebookError) as caught:
        judged(nodes=(replace(MAKE, deps=("model",)), FIT))
    assert caught.value.problems[0].code == "cycle"
