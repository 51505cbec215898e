"""The name of a stage is derived from its notebook's file."""

import pytest
from dvc.stage.utils import is_valid_name
from hypothesis import given
from hypothesis import strategies as st

from stagebook.project.settings.stage_names import stage_name, table_name


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("train.ipynb", "train"),
        ("notebooks/train.py", "train"),
        ("Größe messen.ipynb", "Größe messen"),
        ("数据.ipynb", "数据"),
        ("a--b_.ipynb", "a--b_"),
        ("1.0-jqp-initial-data.ipynb", "1-0-jqp-initial-data"),
        ("01.02-Help.ipynb", "01-02-Help"),
        ("4.covariates.ipynb", "4-covariates"),
        ("Euler's Conjecture.ipynb", "Eulers-Conjecture"),
        ("Größe (neu).ipynb", "Größe-neu"),
        ("a${b}.ipynb", "a-b"),
        ("train.ipynb.ipynb", "train-ipynb"),
        ("-x.ipynb", "x"),
        ("--help.ipynb", "help"),
        ("a\nb.ipynb", "a-b"),
        ("bad\udcff.ipynb", "bad"),
        ("!!!.ipynb", "notebook"),
        ("-.ipynb", "notebook"),
        ("", ""),
    ],
)
def test_a_stage_has_the_name_of_its_notebook_as_far_as_dvc_can_have_it(
    file: str, name: str
) -> None:
    assert stage_name(file) == name


@given(st.text(st.characters(exclude_characters="/"), min_size=1, max_size=12))
def test_dvc_takes_every_name_and_commands_take_none_for_an_option(stem: str) -> None:
    name = stage_name(f"notebooks/x{stem}.ipynb")
    assert is_valid_name(name)
    assert not stage_name(f"{stem}.ipynb").startswith("-")
    assert stage_name(name) == stage_name(f"{name}.ipynb") == name


@given(st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=12))
def test_a_name_that_dvc_takes_stays_as_it_is(stem: str) -> None:
    if is_valid_name(stem) and not stem.startswith("-"):
        assert stage_name(f"notebooks/{stem}.ipynb") == stem


@pytest.mark.parametrize(
    ("stage", "header"),
    [
        ("1-0-fit", "[tool.stagebook.stages.1-0-fit]"),
        ("Größe messen", '[tool.stagebook.stages."Größe messen"]'),
    ],
)
def test_a_table_of_settings_is_quoted_where_toml_needs_it(stage: str, header: str) -> None:
    assert table_name(stage) == header
