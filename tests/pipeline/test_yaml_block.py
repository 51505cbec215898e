"""The quick reader of plain YAML returns what ruamel.yaml returns, or leaves the text to it."""

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from stagebook.pipeline import yaml_block

ROOT = Path(__file__).parents[2]
NOTHING = object()

WORDS = st.sampled_from(
    [
        *("data/a.csv", "stagebook run fit", "1e5", "0x1f", "017", "1_000", "2013-01-01", "yes"),
        *("12345678901234567890123456789012", "0123456789abcdef0123456789abcdef", "5e1", ".5"),
        *("'quoted: text'", "'it''s'", '"double"', "a: b", "a # b", "~", "null", "true", "-1"),
        *("- x", "x:", "*alias", "&anchor x", "[1, 2]", "{a: 1}", "| ", ">-", "<<", "!tag x"),
        *(".inf", ".nan", "a'b", "'open", "close'", "3.25", "0", "00", "@x", "`x`", "?", "=", "n"),
        *("12:30", "é", "x\ty", "d41d8cd98f00b204e9800998ecf8427e.dir", "a:b", "#", "--- x", "."),
    ]
)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=90), WORDS
)
TREES = st.recursive(
    VALUES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(st.text(max_size=4), WORDS), inner)
    ),
    max_leaves=8,
)


def plain(text: str) -> Any:
    try:
        return YAML(typ="safe").load(io.StringIO(text))
    except YAMLError:
        return NOTHING


def agrees(text: str) -> bool:
    quick, full = yaml_block.read(text), plain(text)
    return quick is None or (quick == full and repr(quick) == repr(full))


@given(TREES)
@settings(max_examples=50)
def test_what_a_dumper_writes_is_read_alike(tree: Any) -> None:
    stream = io.StringIO()
    yaml = YAML(typ="safe")
    yaml.default_flow_style = False
    yaml.dump(tree, stream)
    assert agrees(stream.getvalue())


LINES = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "", "  ", "    ", "- ", "  - ", "    - ", " "]),
    st.sampled_from(["a: ", "b:", "c: ", "data/x.y: ", "", "'k': ", "1: ", "a b: "]),
    WORDS,
    st.sampled_from(["", "", "", " # remark", " "]),
)


@settings(max_examples=200)
@given(st.lists(st.one_of(LINES, st.sampled_from(["", "# remark", "---", "..."])), max_size=6))
def test_any_lines_are_read_alike_or_left_to_ruamel(lines: list[str]) -> None:
    assert agrees("\n".join(lines))


@pytest.mark.parametrize("name", ["dvc.lock", "dvc.yaml"])
def test_the_files_of_the_reference_project_are_read_quickly(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert yaml_block.read(text) == plain(text) is not None


def test_a_folded_text_is_joined_by_spaces() -> None:
    assert yaml_block.read("a: 'one\n  two'\nb: x\n  y\n") == {"a": "one two", "b": "x y"}
