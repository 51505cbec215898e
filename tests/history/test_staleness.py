"""A stage is stale by its own changes and by those of the stages before it."""

from dataclasses import replace

import pytest

from stagebook.history.staleness import Cause, CauseKind, judge, never_built
from stagebook.history.tree import Tree
from stagebook.pipeline.dvc import HashedPath
from stagebook.pipeline.lock import Lock, LockEntry
from stagebook.pipeline.nodes import Node

MAKE = ".stagebook/sources/make.py"
FIT = ".stagebook/sources/fit.py"
NODES = (
    Node("make", (MAKE, "raw.csv"), ("data.csv",), params={"params/make.yaml": True}),
    Node("fit", (FIT, "data.csv"), ("m.json",), ("m.json",), metrics=("m.json",)),
    Node("other", ("else.csv",), ("o.txt",)),
)
FILES = {MAKE: "1", "raw.csv": "2", "data.csv": "3", FIT: "4", "m.json": "5"}
FILES |= {"else.csv": "6", "o.txt": "7"}


def entry(node: Node) -> LockEntry:
    deps, outs = (
        tuple(HashedPath(path, FILES[path], 1) for path in side) for side in (node.deps, node.outs)
    )
    params = {file: {"n": 5, "deep": {"a": 1}} for file in node.params}
    return LockEntry(node.name, node.cmd, deps, outs, params)


LOCK = Lock({node.name: entry(node) for node in NODES})
PARAMS = {"params/make.yaml": {"n": 5, "deep": {"a": 1}}}


def stale(
    *,
    hashes: dict[str, str | None] | None = None,
    params: dict[str, dict[str, object]] | None = None,
    failed: tuple[str, ...] = (),
    nodes: tuple[Node, ...] = NODES,
    lock: Lock = LOCK,
) -> dict[str, list[Cause]]:
    tree = Tree({**FILES, **(hashes or {})}, params or PARAMS, {("make", "1"): ("numpy 1 → 2",)})
    found = judge(nodes, lock, tree, failed)
    return {name: list(causes) for name, causes in found.items()}


def test_what_is_as_it_was_built_is_current() -> None:
    assert stale() == {}


@pytest.mark.parametrize(
    ("values", "name", "detail"),
    [
        ({"n": 6, "deep": {"a": 1}}, "n", "5 → 6"),
        ({"deep": {"a": 1}}, "n", "5 → not set"),
        ({"n": 5, "deep": {"a": 1}, "k": 1}, "k", "not set → 1"),
        ({"n": 5, "deep": {"a": 2}}, "deep", "{'a': 1} → {'a': 2}"),
    ],
)
def test_a_parameter_makes_all_that_follows_stale(
    values: dict[str, object], name: str, detail: str
) -> None:
    cause = Cause(CauseKind.PARAMETER, name, detail, "params/make.yaml")
    assert stale(params={"params/make.yaml": values}) == {"make": [cause], "fit": [cause]}
    assert cause.words.startswith(f"{name} {detail} ")
    assert cause.words.endswith(" params/make.yaml")


def test_code_makes_all_that_follows_stale() -> None:
    cause = Cause(CauseKind.CODE, "make", "numpy 1 → 2")
    assert stale(hashes={MAKE: "new"}) == {"make": [cause], "fit": [cause]}
    assert cause.words.endswith("(numpy 1 → 2)")


def test_a_file_that_no_stage_writes_makes_its_readers_stale() -> None:
    assert stale(hashes={"else.csv": "new"}) == {"other": [Cause(CauseKind.FILE, "else.csv")]}


def test_a_file_that_is_not_here_is_no_change() -> None:
    assert stale(hashes={"raw.csv": None, "data.csv": None, "m.json": None}) == {}


def test_a_failed_stage_makes_what_follows_stale_unless_its_outputs_are_there() -> None:
    found = stale(hashes={"data.csv": None}, failed=("make",))
    cause = Cause(CauseKind.FAILED, "make")
    assert found == {"make": [cause], "fit": [cause]}
    assert stale(failed=("make",)) == {}


def test_a_stage_that_was_never_built_makes_what_follows_stale() -> None:
    lock = Lock({name: one for name, one in LOCK.entries.items() if name != "make"})
    assert stale(lock=lock) == {"fit": [Cause(CauseKind.NEVER_BUILT, "make")]}


def test_an_edited_output_is_named_and_its_readers_are_stale() -> None:
    edited, metrics = (Cause(CauseKind.OUTPUT, path) for path in ("data.csv", "m.json"))
    assert stale(hashes={"data.csv": "new"}) == {"make": [edited], "fit": [edited]}
    assert stale(hashes={"m.json": "new"}) == {"fit": [metrics]}


def test_a_stage_built_alone_leaves_what_follows_stale() -> None:
    make = LOCK.entries["make"]
    built = LockEntry("make", "", make.deps, (HashedPath("data.csv", "new", 1),), make.params)
    lock = Lock({**LOCK.entries, "make": built})
    assert stale(hashes={"data.csv": "new"}, lock=lock) == {
        "fit": [Cause(CauseKind.FILE, "data.csv")]
    }


def test_a_frozen_stage_is_left_as_it_is() -> None:
    make = Node("make", NODES[0].deps, NODES[0].outs, params=NODES[0].params, frozen=True)
    params: dict[str, dict[str, object]] = {"params/make.yaml": {"n": 6}}
    assert stale(params=params, nodes=(make, *NODES[1:])) == {}


def test_another_command_makes_a_stage_stale() -> None:
    other = Node("other", ("else.csv",), ("o.txt",), cmd="sort else.csv > o.txt")
    lock = Lock({**LOCK.entries, "other": LockEntry("other", "cat", *entry_files("other"))})
    assert stale(nodes=(*NODES[:2], other), lock=lock) == {
        "other": [Cause(CauseKind.COMMAND, "other")]
    }


def entry_files(name: str) -> tuple[tuple[HashedPath, ...], tuple[HashedPath, ...]]:
    return LOCK.entries[name].deps, LOCK.entries[name].outs


def test_a_cause_says_what_kind_of_change_it_is() -> None:
    cause = Cause(CauseKind.FILE, "raw.csv")
    values = {"kind": "file", "what": "raw.csv", "words": "raw.csv changed"}
    assert cause.as_json() == values


def test_a_stage_that_the_lock_does_not_have_was_never_built() -> None:
    by_hand = Node("by_hand", outs=("x",), notebook=False)
    nodes = (*NODES, by_hand, replace(by_hand, name="held", frozen=True), Node("new"))
    assert never_built((*nodes, Node("sources", notebook=False)), LOCK) == ("by_hand", "new")


@pytest.mark.parametrize("kind", CauseKind)
def test_each_kind_of_change_is_told_with_its_subject_and_its_detail(kind: CauseKind) -> None:
    cause = Cause(kind, "subject", "detail", "file.yaml")
    assert "subject" in cause.words
    without_detail = (CauseKind.FAILED, CauseKind.NEVER_BUILT, CauseKind.COMMAND, CauseKind.FILE)
    assert ("detail" in cause.words) is (kind not in without_detail)
