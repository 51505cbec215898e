"""YAML is edited line by line, and what is not concerned keeps its bytes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from stagebook.pipeline import yaml_edit, yaml_text
from stagebook.project.errors import StagebookError, Where

TEXT = """\
# The pipeline.

vars:
  - config.yaml:a,b   # two

stages:
  # First.
  fetch:
    cmd:  'curl  x'   # hand-written
    deps: [ a,b ]

  train:
    cmd: old   # ours
    # What it reads.
    deps:
      - a
      - b   # the second
      # What it writes.
    outs:
      - c:
          cache: false
    # Why.
    meta: {x: 1}

  # Last.
  report:
    cmd: >-
      make
      report

# The plots.
plots:
  - a.csv
"""


def load(text: str) -> Any:
    return YAML(typ="safe").load(text)


def edited(text: str, *path: str, **changes: Any) -> str:
    """The text with entries of the mapping at a path set, or taken out where they are None."""
    wanted = load(text) or {}
    node = wanted
    for key in path:
        node = node[key]
    node.update(changes)
    for key in [key for key, value in changes.items() if value is None]:
        del node[key]
    result = yaml_edit.edit(text, wanted, "dvc.yaml")
    assert (load(result) or {}) == wanted
    return result


def kept(text: str, start: str, end: str, *new: str) -> str:
    """The text with the lines from the one that starts so, up to the one that starts so, new."""
    lines = text.splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if line.strip().startswith(start))
    to = next(i for i, line in enumerate(lines) if i > at and line.strip().startswith(end))
    return "".join([*lines[:at], *new, *lines[to:]])


# Edits


def test_a_text_that_holds_what_is_wanted_keeps_its_bytes() -> None:
    assert yaml_edit.edit(TEXT, load(TEXT), "dvc.yaml") == TEXT


def test_a_value_changes_in_its_line() -> None:
    result = edited(TEXT, "stages", "train", cmd="new")
    assert result == TEXT.replace("cmd: old   # ours", "cmd: new   # ours")


def test_an_item_is_put_after_the_last_one() -> None:
    result = edited(TEXT, "stages", "train", deps=["a", "b", "z"])
    second = "      - b   # the second\n"
    assert result == TEXT.replace(second, f"{second}      - z\n")


def test_an_item_goes_with_its_own_comment_and_no_other() -> None:
    result = edited(TEXT, "stages", "train", deps=["a"])
    assert result == TEXT.replace("      - b   # the second\n", "")


def test_the_first_item_goes() -> None:
    result = edited(TEXT, "stages", "train", deps=["b"])
    assert result == TEXT.replace("      - a\n      - b", "      - b", 1)


def test_a_list_of_other_items_is_replaced() -> None:
    result = edited(TEXT, "stages", "train", deps=["y", "z"])
    assert "    deps:\n      - y\n      - z\n      # What it writes.\n    outs:" in result


def test_a_key_goes_and_the_comment_before_it_stays() -> None:
    result = edited(TEXT, "stages", "train", outs=None)
    assert result == kept(TEXT, "outs:", "# Why.")


def test_a_key_is_put_after_the_one_before_it() -> None:
    wanted = load(TEXT)
    train = wanted["stages"]["train"]
    wanted["stages"]["train"] = {"cmd": train.pop("cmd"), "wdir": "x", **train}
    result = yaml_edit.edit(TEXT, wanted, "dvc.yaml")
    line = "    cmd: old   # ours\n"
    assert result == TEXT.replace(line, f"{line}    wdir: x\n")


def test_a_value_in_flow_style_stays_in_flow_style() -> None:
    result = edited(TEXT, "stages", "train", meta={"x": 2, "y": [3]})
    assert result == TEXT.replace("meta: {x: 1}", "meta: {x: 2, y: [3]}")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("outs: [data/a.csv]  # kept", "outs: [data/a.csv, 'x, y']  # kept"),
        ("outs: [ data/a.csv, b ]  # kept", "outs: [ data/a.csv, 'x, y' ]  # kept"),
        ("outs: &t [data/a.csv]  # kept", "outs: &t [data/a.csv, 'x, y']  # kept"),
        ("outs: []", "outs: [data/a.csv, 'x, y']"),
        ("outs: [b]", "outs: [data/a.csv, 'x, y']"),
        ("outs: old  # kept", "# kept\n  outs:\n  - data/a.csv\n  - x, y"),
        (
            "outs: [  # one\n    b]  # two",
            "# one\n  # two\n  outs:\n  - data/a.csv\n  - x, y",
        ),
        ("outs: # kept\n    - data/a.csv", "outs: # kept\n    - data/a.csv\n    - x, y"),
    ],
)
def test_flow_style_anchors_and_comments_of_a_list_stay(before: str, after: str) -> None:
    text = f"a:\n  {before}\n  z: 1  # z\n"
    result = edited(text, "a", outs=["data/a.csv", "x, y"])
    assert result == f"a:\n  {after}\n  z: 1  # z\n"


def test_an_alias_stays_while_it_holds_what_its_anchor_holds() -> None:
    text = "a:\n  outs: &t\n    - x\n  deps: *t  # same\n  cmd: old\n"
    assert edited(text, "a", cmd="new") == text.replace("old", "new")
    both = edited(text, "a", outs=["x", "y"], deps=["x", "y"])
    assert both == text.replace("- x\n", "- x\n    - y\n")


def test_an_alias_of_what_changes_or_goes_is_spelled_out() -> None:
    text = "a:\n  outs: &t\n    - x\n  deps: *t  # same\nb:\n  deps: *t  # too\n"
    result = edited(text, "a", outs=["x", "y"])
    assert result == text.replace("- x\n", "- x\n    - y\n").replace("*t", "[x]")
    assert edited(text, a=None) == "b:\n  deps: [x]  # too\n"
    only_one = edited(text, "a", deps=["x", "z"])
    assert only_one == text.replace("*t  # same", "[x, z]  # same")


def test_a_merge_key_stays() -> None:
    text = "x: &x {c: 1}  # x\nb:\n  <<: *x  # merged\n  d: 2  # d\n"
    assert edited(text, "b", d=3) == text.replace("d: 2", "d: 3")
    assert edited(text, x={"c": 2}) == text.replace("{c: 1}", "{c: 2}").replace("*x", "{c: 1}")


def test_a_layout_without_lines_of_its_own_keeps_its_comments() -> None:
    text = "# first\n? a\n: cmd: x  # one\n? b\n: cmd: y  # two\n"
    result = edited(text, "a", outs=["z"])
    assert [line for line in ("# first", "# one", "# two") if line not in result] == []


def test_a_stage_goes_and_its_neighbours_comments_stay() -> None:
    result = edited(TEXT, "stages", train=None)
    assert result == kept(TEXT, "train:", "# Last.")


def test_a_last_stage_goes_and_the_comment_after_it_stays() -> None:
    result = edited(TEXT, "stages", report=None)
    assert result == kept(TEXT, "report:", "# The plots.", "\n")


def test_a_stage_is_put_before_the_comment_of_what_follows_the_stages() -> None:
    result = edited(TEXT, "stages", new={"cmd": "x"})
    after = "      report\n"
    assert result == TEXT.replace(after, f"{after}  new:\n    cmd: x\n")


def test_several_stages_are_put_in_their_order() -> None:
    result = edited(TEXT, "stages", b={"cmd": "b"}, a={"cmd": "a"})
    assert list(load(result)["stages"]) == ["fetch", "train", "report", "b", "a"]


def test_a_comment_goes_with_the_stage_that_it_is_indented_below() -> None:
    text = "stages:\n  a:\n    cmd: x\n    # of a\n\n  # of c\n  c:\n    cmd: z\n"
    assert edited(text, "stages", a=None) == "stages:\n\n  # of c\n  c:\n    cmd: z\n"


def test_a_comment_at_the_margin_does_not_end_a_stage() -> None:
    text = "stages:\n  a:\n    cmd: x\n# note\n    deps:\n    - b\n  c:\n    cmd: z\n"
    assert edited(text, "stages", a=None) == "stages:\n  c:\n    cmd: z\n"


def test_a_text_of_comments_keeps_them() -> None:
    assert edited("# Mine.\n", stages={"a": 1}) == "# Mine.\nstages:\n  a: 1\n"


def test_an_empty_text_is_filled() -> None:
    assert edited("", stages={"a": ["b"]}) == "stages:\n  a:\n    - b\n"


def test_a_key_without_value_gets_one() -> None:
    assert edited("vars: [a]\nstages:\n", stages={"a": 1}) == "vars: [a]\nstages:\n  a: 1\n"


def test_a_last_line_without_end_gets_one() -> None:
    assert edited("a: 1\nb: 2", c=3) == "a: 1\nb: 2\nc: 3\n"


def test_windows_line_ends_stay() -> None:
    text = TEXT.replace("\n", "\r\n")
    result = edited(text, "stages", "train", cmd="new")
    assert result == edited(TEXT, "stages", "train", cmd="new").replace("\n", "\r\n")


@pytest.mark.parametrize(
    "text",
    [
        "a:\n- x\nb:\n  c: 1\n",
        "a:\n  - x\nb:\n  c: 1\n",
        "a:\n    - x\nb:\n    c: 1\n",
    ],
)
def test_new_lines_are_laid_out_as_the_others(text: str) -> None:
    indented = text.split("\n")[1].index("-")
    step = text.split("\n")[3].index("c")
    result = edited(text, d={"e": ["f"]})
    assert result == f"{text}d:\n{' ' * step}e:\n{' ' * (step + indented)}- f\n"


@pytest.mark.parametrize(
    "text",
    [
        "{a: 1, b: {c: 1, d: 2}}\n",
        "b: {c: 1, d: 2}\na: 1\n",
        "b: {\n  c: 1,\n  d: 2\n  }\na: 1\n",
        "? b\n: c: 1\n  d: 2\n? a\n: 1\n",
        "b: &b\n  c: 1\n  d: 2\na: 1\ne: *b\n",
        "x: &x {c: 1}\nb:\n  <<: *x\n  d: 2\n",
        "a: 1\nb:\n  c: 1\n  d: 2\n...\n",
        "---\na: 1\nb:\n  c: 1\n  d: 2\n",
        '"a": 1\n"b":\n  "c": 1\n  "d": 2\n',
        "b:\n  c: |\n    # text\n     deep\n\n  d: 2\n",
    ],
)
@pytest.mark.parametrize("changes", [{"c": 2}, {"d": None}, {"z": [1]}])
def test_a_layout_of_any_kind_ends_with_what_is_wanted(text: str, changes: Any) -> None:
    edited(text, "b", **changes)


keys = st.sampled_from(["a", "b", "c", "d e", "1", "null", "ü", "x: y", "# z"])
leaves = st.integers() | st.booleans() | st.none() | st.text(max_size=5) | st.sampled_from("abc")
nodes = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=10,
)
mappings = st.dictionaries(keys, nodes, max_size=4)


@pytest.mark.parametrize("text", ["\x85", "a\x85b", "\u2028", "a\u2029b", "\ufeff", "\x0b", "a\rb"])
def test_line_breaks_of_every_kind_are_kept(text: str) -> None:
    wanted = {"a": text, "b": [text], text: 1}
    result = yaml_edit.edit("", wanted, "a.yaml")
    assert load(result) == wanted
    assert yaml_edit.edit(result, wanted, "a.yaml") == result


@given(mappings, mappings)
def test_any_text_can_be_edited_into_any_other(one: dict[str, Any], other: dict[str, Any]) -> None:
    text = yaml_edit.edit("", one, "a.yaml")
    result = yaml_edit.edit(text, other, "a.yaml")
    assert (load(result) or {}) == other
    assert yaml_edit.edit(result, other, "a.yaml") == result


@given(mappings.filter(bool), st.data())
def test_comments_before_what_stays_stay(one: dict[str, Any], data: st.DataObject) -> None:
    plain = yaml_edit.edit("", one, "a.yaml")
    starts = {line.split(":")[0] for line in plain.splitlines() if not line.startswith((" ", "-"))}
    lines = [
        f"# before {line}\n{line}" if line.split(":")[0] in starts else line
        for line in plain.splitlines()
    ]
    commented = "\n".join(lines) + "\n"
    if load(commented) != one:  # the mark fell into a text of many lines
        return
    gone = data.draw(st.sampled_from(sorted(one)))
    result = edited(commented, **{gone: None}) if len(one) > 1 else commented
    assert result.count("# before ") == commented.count("# before ")


# Reading


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: [", 2),
        ("a: 1\na: 2\n", 2),
        ("a: 1\n\tb: 2\n", 2),
        ("a: *b\n", 1),
        ("a\n---\nb\n", 2),
        ("a: \x01\n", None),
    ],
)
@pytest.mark.parametrize("plain", [True, False])
def test_what_is_no_yaml_is_refused_with_its_line(text: str, line: int | None, plain: bool) -> None:
    with pytest.raises(StagebookError) as caught:
        yaml_text.load(text, "a.yaml", plain=plain)
    (problem,) = caught.value.problems
    assert (problem.code, problem.where) == ("bad-yaml", Where("a.yaml", line=line))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> other\n", 2),
        ("<<<<<<< HEAD\r\nb: 1\r\n=======\r\nb: 2\r\n>>>>>>> other\r\n", 1),
        ("<<<<<<< a\nb: 1\n||||||| base\nb: 0\n=======\nb: 2\n>>>>>>> b\n", 1),
        ("a: |\n  <<<<<<< HEAD\n  =======\n  >>>>>>> other\n", None),
        ("a: 1\n# =======\n", None),
    ],
)
def test_the_markers_of_a_merge_are_found_at_the_start_of_lines(
    text: str, line: int | None
) -> None:
    found = yaml_text.merge_conflict(text, "a.yaml")
    assert (found.where.line if found and found.where else None) == line
