"""``dvc.yaml`` gets the stages of ours, and everything else in it stays as it is."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from stagebook.pipeline import dvc_file
from stagebook.pipeline.change import FileChange
from stagebook.pipeline.stage import Stage
from stagebook.project.errors import Exit, StagebookError, Where

TRAIN = Stage(
    "train",
    "stagebook run train",
    deps=(".stagebook/sources/train.py", "data/in.csv"),
    params=(("params/train.yaml", ()),),
    outs=("models/model.pkl",),
    metrics=("metrics/train.json",),
    plots=("plots/curve.csv",),
    notebook="notebooks/train.ipynb",
)
SOURCES = Stage(
    "sources",
    "stagebook sources",
    deps=("notebooks",),
    params=(("pyproject.toml", ("tool.stagebook",)),),
    outs=(".stagebook/sources/train.py",),
)
RENDERED = """\
stages:
  sources:
    cmd: stagebook sources
    deps:
      - notebooks
    params:
      - pyproject.toml:
          - tool.stagebook
    outs:
      - .stagebook/sources/train.py
    meta:
      stagebook: sources
  train:
    cmd: stagebook run train
    deps:
      - .stagebook/sources/train.py
      - data/in.csv
    params:
      - params/train.yaml:
    outs:
      - models/model.pkl
    metrics:
      - metrics/train.json:
          cache: false
    plots:
      - plots/curve.csv
    meta:
      stagebook: notebooks/train.ipynb
"""
HANDWRITTEN = """\
# Mine.
vars:
  - config.yaml

stages:
  # Gets it.
  fetch:
    desc: "Gets it"   # in words
    cmd: curl 'x' > data/in.csv
    always_changed: true
    outs:
      - data/in.csv:
          persist: true
  each:
    foreach: [ eu, us ]
    do:
      cmd: make ${item}
      outs: [ "out/${item}.csv" ]
  grid:
    matrix:
      size: [1, 2]
    cmd: echo ${item.size}

# Figures.
plots:
  - data/in.csv:
      x: a
"""


def load(text: str) -> Any:
    return YAML(typ="safe").load(text)


# Rendered


def test_a_stage_is_written_in_dvcs_terms() -> None:
    assert load(dvc_file.render([SOURCES, TRAIN], "")) == load(RENDERED)


def test_what_is_right_already_comes_back_unchanged() -> None:
    assert dvc_file.render([SOURCES, TRAIN], RENDERED) == RENDERED


def test_what_is_right_in_another_order_and_layout_comes_back_unchanged() -> None:
    text = """\
stages:
    train:
        meta: {stagebook: notebooks/train.ipynb, owner: me}
        plots: ["plots/curve.csv"]
        metrics: [{metrics/train.json: {cache: false}}]
        outs:
        - models/model.pkl: {persist: true}
        params: [params/train.yaml: ]
        deps: ['data/in.csv', .stagebook/sources/train.py]
        desc: a
        cmd: "stagebook run train"
"""
    assert dvc_file.render([TRAIN], text) == text


def test_what_people_wrote_keeps_its_bytes() -> None:
    result = dvc_file.render([TRAIN], HANDWRITTEN)
    lines = HANDWRITTEN.splitlines(keepends=True)
    remaining = iter(result.splitlines(keepends=True))
    assert all(line in remaining for line in lines)
    assert load(result)["stages"]["train"] == load(RENDERED)["stages"]["train"]


def test_a_comment_after_the_stages_stays_after_them() -> None:
    result = dvc_file.render([TRAIN], HANDWRITTEN)
    assert result.endswith(HANDWRITTEN[HANDWRITTEN.index("\n# Figures.") :])


def test_keys_and_options_that_people_added_to_a_stage_of_ours_stay() -> None:
    text = RENDERED.replace(
        "      - models/model.pkl\n",
        "      - models/model.pkl:   # keep\n          persist: true\n    frozen: true\n",
    ).replace("cmd: stagebook run train", "desc: trains\n    cmd: stagebook run train")
    changed = replace(TRAIN, deps=(*TRAIN.deps, "data/new.csv"))
    result = dvc_file.render([SOURCES, changed], text)
    dep = "      - data/in.csv\n"
    assert result == text.replace(dep, f"{dep}      - data/new.csv\n")


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ("      - data/in.csv\n", "", replace(TRAIN, deps=TRAIN.deps[:1])),
        ("    params:\n      - params/train.yaml:\n", "", replace(TRAIN, params=())),
        ("run train", "run 'train'", replace(TRAIN, cmd="stagebook run 'train'")),
        ("curve.csv", "other.csv", replace(TRAIN, plots=("plots/other.csv",))),
        (
            "notebooks/train.ipynb",
            "notebooks/train.py",
            replace(TRAIN, notebook="notebooks/train.py"),
        ),
    ],
)
def test_a_change_to_a_notebook_changes_its_lines_only(
    before: str, after: str, changed: Stage
) -> None:
    assert dvc_file.render([SOURCES, changed], RENDERED) == RENDERED.replace(before, after)


def test_an_output_that_becomes_metrics_moves() -> None:
    changed = replace(TRAIN, outs=(), metrics=(*TRAIN.metrics, *TRAIN.outs))
    entry = load(dvc_file.render([changed], RENDERED))["stages"]["train"]
    assert "outs" not in entry
    assert entry["metrics"] == [{path: {"cache": False}} for path in changed.metrics]


def test_other_keys_of_a_params_file_are_wanted_anew() -> None:
    changed = replace(SOURCES, params=(("pyproject.toml", ("tool.other",)),))
    result = dvc_file.render([changed, TRAIN], RENDERED)
    assert result == RENDERED.replace("tool.stagebook", "tool.other")


def test_a_stage_goes_with_its_notebook_and_comments_of_neighbours_stay() -> None:
    text = """\
stages:
  # Before.
  a:
    cmd: a
  # Ours.
  train:   # too
    cmd: stagebook run train
    # inside
    meta:
      stagebook: notebooks/train.ipynb

  # After.
  b:
    cmd: b
"""
    start, end = text.index("  train:"), text.index("\n  # After.")
    assert dvc_file.render([], text) == text[:start] + text[end:]


def test_with_the_last_stage_the_key_goes_too() -> None:
    assert dvc_file.render([], RENDERED) == ""


def test_a_renamed_notebook_is_another_stage() -> None:
    renamed = replace(TRAIN, name="fit", cmd="stagebook run fit", notebook="notebooks/fit.ipynb")
    assert set(load(dvc_file.render([renamed], RENDERED))["stages"]) == {"fit"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a comment\n",
        "stages:\n",
        "stages: {}\n",
        "vars: [a]\n",
        "stages: {a: {cmd: b}}\n",
        "{stages: {a: {cmd: b}}}\n",
        "stages:\n  a:\n",
        RENDERED.replace("\n", "\r\n"),
        HANDWRITTEN,
    ],
)
def test_rendering_twice_is_rendering_once(text: str) -> None:
    once = dvc_file.render([SOURCES, TRAIN], text)
    assert dvc_file.render([SOURCES, TRAIN], once) == once
    mine = (load(text) or {}).get("stages") or {}
    assert load(once)["stages"] == {**mine, **load(RENDERED)["stages"]}


@pytest.mark.parametrize("text", ["", "stages:\n", "vars: [a]\n", "# c\n", HANDWRITTEN])
def test_without_notebooks_nothing_changes(text: str) -> None:
    assert dvc_file.render([], text) == text


def test_windows_line_ends_stay() -> None:
    windows = dvc_file.render([TRAIN], HANDWRITTEN.replace("\n", "\r\n"))
    assert windows == dvc_file.render([TRAIN], HANDWRITTEN).replace("\n", "\r\n")


def test_a_hand_written_stage_of_the_same_name_is_refused() -> None:
    text = "stages:\n  train:\n    cmd: make\n  sources:\n    cmd: make\n"
    with pytest.raises(StagebookError) as caught:
        dvc_file.render([SOURCES, TRAIN], text)
    assert [(one.code, str(one.where)) for one in caught.value.problems] == [
        ("stage-taken", "dvc.yaml"),
        ("stage-taken", "notebooks/train.ipynb"),
    ]


# Any stages

names = st.text(
    st.characters(exclude_categories=["C", "P", "S", "Zl", "Zp"]) | st.sampled_from("-_"),
    min_size=1,
    max_size=8,
)
paths = st.lists(
    st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=6),
    min_size=1,
    max_size=3,
).map("/".join)
several = st.lists(paths, max_size=3, unique=True).map(tuple)
stages_of_any_name = st.builds(
    Stage,
    names,
    paths,
    deps=several,
    params=st.lists(st.tuples(paths, several), max_size=2, unique_by=lambda one: one[0]).map(tuple),
    outs=several,
    metrics=several,
    plots=several,
    notebook=st.none() | paths,
)
some_stages = st.lists(stages_of_any_name, max_size=4, unique_by=lambda one: one.name)
taken = {"fetch", "each", "grid"}
texts = st.sampled_from(
    [
        "",
        "# c\n",
        HANDWRITTEN,
        HANDWRITTEN.replace("      - ", "    - "),
        "stages: {}\n",
        "vars: []",
    ]
)


@settings(max_examples=40)
@given(some_stages, some_stages, texts)
def test_what_is_rendered_is_stable_and_whole(
    before: list[Stage], after: list[Stage], text: str
) -> None:
    before, after = ([one for one in some if one.name not in taken] for some in (before, after))
    first = dvc_file.render(before, text)
    second = dvc_file.render(after, first)
    assert dvc_file.render(after, second) == second
    assert dvc_file.parse(second).ours == {one.name for one in after}
    kept = {key: value for key, value in (load(text) or {}).items() if key != "stages"}
    found = load(second) or {}
    assert {key: value for key, value in found.items() if key != "stages"} == kept
    entries = found.get("stages") or {}
    for stage in after:
        entry = entries[stage.name]
        assert entry["cmd"] == stage.cmd
        assert set(entry.get("deps", ())) == set(stage.deps)
        assert set(entry.get("outs", ())) == set(stage.outs)
    mine = (load(text) or {}).get("stages") or {}
    assert {name: entries[name] for name in mine} == mine


@settings(max_examples=40)
@given(some_stages)
def test_a_file_of_ours_alone_goes_without_a_trace(some: list[Stage]) -> None:
    assert dvc_file.render([], dvc_file.render(some, "")) == ""


# Read


def test_ours_and_hand_written_stages_are_told_apart() -> None:
    there = dvc_file.parse(dvc_file.render([TRAIN], HANDWRITTEN))
    assert there.ours == {"train"}
    assert there.handwritten == {"fetch", "each", "grid"}


def test_what_hand_written_stages_write_is_told() -> None:
    text = """\
stages:
  a:
    cmd: a
    outs: [x, y: {cache: false}]
    metrics: [m.json]
    plots: [p.csv: {x: a}]
  b:
    wdir: sub/deep
    cmd: b
    outs: [../z, ./w]
  c:
"""
    assert dvc_file.parse(text).written == {
        "x": "a",
        "y": "a",
        "m.json": "a",
        "p.csv": "a",
        "sub/z": "b",
        "sub/deep/w": "b",
    }


def test_all_that_any_stage_writes_is_told() -> None:
    text = dvc_file.render([TRAIN], "stages:\n  a:\n    cmd: a\n    outs: [x]\n")
    assert dvc_file.all_written(text) == ("x", *TRAIN.writes)


@pytest.mark.parametrize("entry", ["[{}]", "", "[null]", "x"])
def test_outputs_that_dvc_will_refuse_are_left_to_it(entry: str) -> None:
    assert dvc_file.parse(f"stages:\n  a:\n    outs: {entry}\n").handwritten == {"a"}


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("stages:\n  a: [\n", "bad-yaml", 3),
        ("stages:\n  a: 1\n  a: 2\n", "bad-yaml", 3),
        ("stages: [a]\n", "bad-dvc-yaml", None),
        ("stages: 3\n", "bad-dvc-yaml", None),
        ("[]\n", "bad-dvc-yaml", None),
        ("stages\n", "bad-dvc-yaml", None),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(text: str, code: str, line: int | None) -> None:
    for read in (dvc_file.parse, lambda text: dvc_file.render([TRAIN], text)):
        with pytest.raises(StagebookError) as caught:
            read(text)
        (problem,) = caught.value.problems
        assert problem.code == code
        assert problem.where is not None
        assert problem.where.line == line


def test_a_change_of_dvc_yaml_is_out_of_sync() -> None:
    dvc_file.require_in_sync([FileChange(".gitignore", "", "a")])
    with pytest.raises(StagebookError) as caught:
        dvc_file.require_in_sync([FileChange("dvc.yaml", "", "a")])
    assert caught.value.exit_code is Exit.OUT_OF_SYNC
    assert caught.value.problems[0].where == Where("dvc.yaml")


def test_the_file_is_read_with_its_own_line_ends(tmp_path: Path) -> None:
    assert dvc_file.read(tmp_path) == ""
    (tmp_path / "dvc.yaml").write_bytes(b"stages:\r\n")
    assert dvc_file.read(tmp_path) == "stages:\r\n"


# DVC itself


def test_dvc_reads_what_is_rendered(tmp_path: Path) -> None:
    from dvc.repo import Repo

    odd = Stage(
        "Größe messen 2",
        "stagebook run 'Größe messen 2'",
        deps=("data/été 2013.csv", "data/[x] #1: {a}.csv"),
        params=(("params/Größe messen 2.yaml", ()),),
        outs=("data/naïve file.csv", "data/- dash", "data/'quoted\".csv"),
        metrics=("metrics/größe.json",),
        plots=("plots/%.svg",),
        notebook="notebooks/Größe messen 2.ipynb",
    )
    text = dvc_file.render([SOURCES, odd], HANDWRITTEN)
    (tmp_path / "dvc.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "config.yaml").write_text("a: 1\n", encoding="utf-8")
    Repo.init(str(tmp_path), no_scm=True).close()
    with Repo(str(tmp_path)) as repo:
        stages = {stage.name: stage for stage in repo.index.stages}
    assert {"sources", odd.name, "fetch", "each@eu", "grid@1"} < stages.keys()
    found = stages[odd.name]
    assert found.cmd == odd.cmd
    assert found.meta == {"stagebook": odd.notebook}
    relative = [Path(str(one)).as_posix() for one in found.outs]
    assert sorted(relative) == sorted(odd.writes)
    cached = {Path(str(one)).as_posix(): one.use_cache for one in found.outs}
    assert [path for path, cache in cached.items() if not cache] == list(odd.metrics)
    assert [Path(str(one)).as_posix() for one in found.deps] == [
        *odd.deps,
        "params/Größe messen 2.yaml",
    ]


# Layouts as people have them: comments, anchors, aliases and flow style stay

HAND_WRITTEN = (
    "  fetch:  # f1\n    cmd: curl x   # f2\n    outs: [data/raw.csv, {b: {cache: false}}]\n",
    "  # e1\n  each:\n    foreach: [eu, us] # e2\n    do: {cmd: 'x ${item}', outs: ['${item}']}\n",
    "\n  m: {matrix: {k: [1, 2]}, cmd: x, outs: ['${item.k}.txt']} # m1\n",
    "  anchored:\n    <<: &d {frozen: true} # a1\n    cmd: >-\n      make\n      it\n",
    "  # l1\n  linked:\n    cmd: &c make  # l2\n    desc: *c # l3\n    deps: &l\n      - x # l4\n",
)
OURS = (
    "cmd: stagebook run train  # t1\n    deps: [data/in.csv]  # t2\n    outs: [ a ] # t3\n",
    "cmd: old # t1\n    outs: &t # t2\n    - a # item\n    frozen: true # t4\n    deps: *t # t5\n",
    "deps: [data/in.csv,\n      b # t2\n      ] # t3\n    # t4\n    cmd: x\n    outs:\n    - a\n",
    "cmd: &k stagebook run train # t1\n    desc: *k # t2\n    plots:\n      - a # item\n",
    "<<: {frozen: true} # t1\n    cmd: x # t2\n    outs:\n      - a: {persist: true} # item\n",
)


def comments(text: str) -> set[str]:
    return {
        word.split("#")[0].strip() for line in text.splitlines() for word in line.split("# ")[1:]
    }


@given(
    st.lists(st.sampled_from(HAND_WRITTEN), unique=True),
    st.sampled_from(OURS),
    st.booleans(),
    st.lists(st.sampled_from(["a", "b", "x y"]), unique=True, min_size=1),
    st.lists(st.sampled_from(["data/in.csv", "b", "c: d"]), unique=True, min_size=1),
)
@settings(max_examples=25)
def test_what_sync_need_not_change_keeps_its_bytes_and_every_comment_stays(
    others: list[str], body: str, first: bool, outs: list[str], deps: list[str]
) -> None:
    train = f"  train:\n    # t0\n    {body}    meta: {{stagebook: n.py}} # t9\n"
    stages = [train, *others] if first else [*others, train]
    text = "# top\nvars: [{v: 1}]  # v\nstages: # s\n" + "".join(stages) + "\n# end\n"
    stage = Stage("train", "stagebook run train", tuple(deps), outs=tuple(outs), notebook="n.py")
    rendered = dvc_file.render([stage], text)
    assert [other for other in others if other not in rendered] == []
    gone = set() if "a" in outs and "plots" not in body else {"item"}
    assert comments(text) - comments(rendered) <= gone
    entry = YAML(typ="safe").load(rendered)["stages"]["train"]
    written = [next(iter(out)) if isinstance(out, dict) else out for out in entry["outs"]]
    assert (set(written), set(entry["deps"])) == (set(outs), set(deps))
    assert entry["cmd"] == "stagebook run train"
    assert entry.get("frozen") == ("frozen" in body or None)
    assert dvc_file.render([stage], rendered) == rendered
