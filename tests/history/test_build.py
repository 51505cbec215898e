"""What stands of each stage after a build, told from hashes alone."""

from pathlib import Path

import pytest
import spooled

from stagebook.history.build import Build, UnchangedOutput, UnchangedStage
from stagebook.history.build import parse as parse_build
from stagebook.history.build import read as read_build
from stagebook.history.build import render as render_build
from stagebook.pipeline import lock
from stagebook.pipeline.lock import Lock
from stagebook.pipeline.nodes import Node, parse
from stagebook.record.record import Record

START = "2013-01-02T03:04:10.000+00:00"
REPRO = "20130102T030405000000-4711"

# raw → make → {split → train, plot}, and one stage apart
NODES = (
    Node("sources", ("notebooks",), (".stagebook/sources/make.py",), notebook=False),
    Node("make", (".stagebook/sources/make.py", "raw.csv"), ("data/made",)),
    Node("split", ("data/made",), ("data/split.csv", "metrics/split.json")),
    Node("train", ("data/split.csv",), ("model.pkl",)),
    Node("plot", ("data/made/part.csv",), ("plot.png",)),
    Node("apart", ("other.csv",), ("apart.txt",)),
)

LOCK = """
schema: '2.0'
stages:
  sources:
    cmd: stagebook sources
    outs: [{path: .stagebook/sources/make.py, md5: s1}]
  make:
    cmd: stagebook run make
    deps: [{path: .stagebook/sources/make.py, md5: s1}, {path: raw.csv, md5: r1}]
    outs: [{path: data/made, md5: m1.dir}]
  split:
    cmd: stagebook run split
    deps: [{path: data/made, md5: m1.dir}]
    outs: [{path: data/split.csv, md5: p1}, {path: metrics/split.json, md5: q1}]
  train:
    cmd: stagebook run train
    deps: [{path: data/split.csv, md5: p1}]
    outs: [{path: model.pkl, md5: t1}]
  plot:
    cmd: stagebook run plot
    deps: [{path: data/made/part.csv, md5: x1}]
    outs: [{path: plot.png, md5: y1}]
  apart:
    cmd: stagebook run apart
    deps: [{path: other.csv, md5: o1}]
    outs: [{path: apart.txt, md5: a1}]
"""


def record(stage: str, outcome: str = "done", start: str = START, **outputs: str) -> Record:
    volatile = {"id": f"id-{stage}", "started": start, "seconds": 2.5}
    return spooled.recorded("", stage, outcome=outcome, outputs=outputs, volatile=volatile)


def built(*records: Record, text: str = LOCK, nodes: tuple[Node, ...] = NODES) -> Build:
    return Build.of(REPRO, records, nodes, lock.parse(text))


def states(build: Build) -> dict[str, str]:
    """What became of each stage."""
    return {
        **{one.stage: one.outcome for one in build.executed},
        **{one.stage: "unchanged" for one in build.unchanged},
        **dict.fromkeys(build.not_reached, "not reached"),
        **dict.fromkeys(build.stale, "stale"),
    }


def test_what_nothing_happened_to_is_unchanged_and_names_its_outputs() -> None:
    build = built(record("apart", **{"apart.txt": "a2"}))
    assert states(build) == {
        "apart": "done",
        **dict.fromkeys(("make", "split", "train", "plot"), "unchanged"),
    }
    outputs = (UnchangedOutput("data/split.csv", "p1"), UnchangedOutput("metrics/split.json", "q1"))
    assert UnchangedStage("split", outputs) in build.unchanged


def test_what_writes_the_same_as_before_makes_nothing_stale() -> None:
    assert states(built(record("make", **{"data/made": "m1.dir"})))["split"] == "unchanged"


def test_what_needs_another_content_than_it_was_made_from_is_stale_and_so_is_what_needs_that() -> (
    None
):
    """The lock still has the entry of before, since DVC writes it when the stage has ended."""
    found = states(built(record("make", **{"data/made": "m2.dir"})))
    assert found["split"] == found["train"] == "stale"
    assert found["apart"] == "unchanged"


def test_each_stage_that_runs_brings_the_next_up_to_date() -> None:
    ran = [record("make", **{"data/made": "m2.dir"}), record("split", **{"data/split.csv": "p1"})]
    found = states(built(*ran))
    assert (found["split"], found["train"]) == ("done", "unchanged")


@pytest.mark.parametrize("outcome", ["failed", "interrupted", "refused by contract"])
def test_what_needs_a_stage_that_failed_was_not_reached(outcome: str) -> None:
    build = built(record("make", outcome))
    assert states(build) == {
        "make": outcome,
        **dict.fromkeys(("split", "train", "plot"), "not reached"),
        "apart": "unchanged",
    }
    assert [one.stage for one in build.failed] == ["make"]


def test_a_stage_that_was_never_built_is_stale() -> None:
    new = Node("new", ("apart.txt",), ("new.txt",))
    assert states(built(record("make"), nodes=(*NODES, new)))["new"] == "stale"


def test_the_stage_of_the_sources_and_hand_written_ones_are_no_stages_of_notebooks() -> None:
    by_hand = Node("by_hand", ("apart.txt",), ("hand.txt",), notebook=False)
    found = states(built(record("apart"), nodes=(*NODES, by_hand)))
    assert not {"sources", "by_hand"} & found.keys()


def test_changed_sources_make_stale_what_was_not_asked_for() -> None:
    text = LOCK.replace(
        "{path: .stagebook/sources/make.py, md5: s1}]\n  make",
        "{path: .stagebook/sources/make.py, md5: s2}]\n  make",
    )
    assert text != LOCK
    assert states(built(record("apart"), text=text))["make"] == "stale"


def test_without_a_graph_what_was_executed_is_known_all_the_same() -> None:
    build = Build.of(REPRO, [record("make")], (), Lock({}))
    assert states(build) == {"make": "done"}


def test_a_build_lasts_from_the_start_of_dvc_to_the_end_of_its_last_stage() -> None:
    build = built(record("make"))
    assert build.started.isoformat() == "2013-01-02T03:04:05+00:00"
    assert build.ended.isoformat() == "2013-01-02T03:04:12.500000+00:00"
    assert built(record("make", "killed", start="")).ended == build.started


def test_an_unchanged_output_names_the_record_and_the_run_that_made_it() -> None:
    made = {("apart.txt", "a1"): ("newest", "older")}
    build = built(record("make")).made_by(lambda path, md5: made.get((path, md5), ()))
    build = build.with_runs({"newest": "run 1", "id-make": "run 2"}.get)
    [apart] = [one for one in build.unchanged if one.stage == "apart"]
    assert apart.outputs == (UnchangedOutput("apart.txt", "a1", "newest", "run 1"),)
    assert [one.run_id for one in build.executed] == ["run 2"]
    outputs = [one for stage in build.unchanged for one in stage.outputs]
    assert UnchangedOutput("plot.png", "y1", None, None) in outputs


def test_a_build_survives_its_file() -> None:
    build = built(record("make", "failed")).made_by(lambda path, md5: ("one",))
    assert parse_build(render_build(build)) == build


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 90_000,
        '{"format": 1}',
        '{"format": 1, "repro": "a", "executed": [{}]}',
        "{}",
    ],
)
def test_a_file_that_is_not_a_build_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "build.json").write_text(text)
    assert read_build(tmp_path / "build.json") is None
    assert read_build(tmp_path / "missing.json") is None


def test_the_graph_is_read_from_any_dvc_yaml() -> None:
    text = """
stages:
  sources: {cmd: stagebook sources, outs: [a], meta: {stagebook: sources}}
  one:
    cmd: stagebook run one
    deps: [x/y, a]
    outs: [{o: {persist: true}}]
    metrics: [{m.json: {cache: false}}]
    plots: [p]
    params: [p.yaml: , q.toml: [x], a.b]
    meta: {stagebook: notebooks/one.py}
  hand: {cmd: echo, wdir: sub, deps: [../x], outs: [z]}
  many: {foreach: [1, 2], do: {cmd: echo}}
"""
    assert parse(text) == (
        Node("sources", (), ("a",), notebook=False, cmd="stagebook sources", mark="sources"),
        Node(
            "one",
            ("x/y", "a"),
            ("o", "m.json", "p"),
            ("m.json", "p"),
            metrics=("m.json",),
            cmd="stagebook run one",
            params={"p.yaml": True, "q.toml": False, "params.yaml": False},
            keys={"p.yaml": (), "q.toml": ("x",), "params.yaml": ("a.b",)},
            uncached=frozenset({"m.json"}),
            persisted=frozenset({"o"}),
            mark="notebooks/one.py",
        ),
        Node("hand", ("x",), ("sub/z",), notebook=False, cmd="echo", folder="sub"),
        Node("many", (), (), notebook=False),
    )
    assert parse("") == parse("stages:") == ()
