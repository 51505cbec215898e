"""A notebook's signature becomes a stage that DVC can have."""

import shlex
from dataclasses import replace

import pytest
import refusals

from stagebook.notebook.signature import Declared, Role, Signature
from stagebook.pipeline.stage import SOURCES, Stage, source_path
from stagebook.project.errors import Problem, Where

WHERE = Where("notebooks/train.ipynb", 2)


def signature(**files: tuple[str, ...]) -> Signature:
    roles = {"in_": Role.IN, "out": Role.OUT, "metrics": Role.METRICS, "plots": Role.PLOTS}
    return Signature(WHERE, tuple(Declared(k, roles[k], paths) for k, paths in files.items()))


def problems(name: str, declared: Signature) -> tuple[Problem, ...]:
    return refusals.problems(Stage.from_signature, name, declared, None)


def test_each_role_has_its_place_in_the_stage() -> None:
    declared = signature(in_=("a", "b"), out=("c",), metrics=("d",), plots=("e",))
    assert Stage.from_signature("train", declared, "params/train.yaml") == Stage(
        "train",
        "stagebook run train",
        deps=(".stagebook/sources/train.py", "a", "b"),
        params=(("params/train.yaml", ()),),
        outs=("c",),
        metrics=("d",),
        plots=("e",),
        notebook=WHERE.file,
    )


def test_a_stage_without_params_file_depends_on_none() -> None:
    assert Stage.from_signature("train", signature(), None).params == ()


def test_an_input_that_is_named_twice_is_one_dependency() -> None:
    declared = signature(in_=("a", "b", "a"))
    assert Stage.from_signature("train", declared, None).deps == (source_path("train"), "a", "b")


def test_a_stage_writes_outputs_metrics_and_plots() -> None:
    declared = signature(out=("c",), metrics=("d",), plots=("e",))
    assert Stage.from_signature("train", declared, None).writes == ("c", "d", "e")


def test_the_command_quotes_a_name_with_spaces() -> None:
    cmd = Stage.from_signature("Größe messen", signature(), None).cmd
    assert shlex.split(cmd) == ["stagebook", "run", "Größe messen"]


def test_the_sources_stage_writes_the_source_of_every_stage() -> None:
    stages = tuple(Stage.from_signature(name, signature(), None) for name in ("a", "b"))
    sources = Stage.sources(stages)
    assert sources.outs == (source_path("a"), source_path("b"))
    assert sources.always
    assert sources.deps == ()
    assert all(stage.deps[0] in sources.outs for stage in stages)


def test_the_name_of_our_own_stage_is_refused() -> None:
    (found,) = problems(SOURCES, signature())
    assert found.code == "bad-stage-name"
    assert "sources_" in found.hint


def test_a_text_notebook_that_would_hide_a_module_of_python_is_refused() -> None:
    (found,) = problems("copy", replace(signature(), where=Where("notebooks/copy.py", 1)))
    assert found.code == "bad-stage-name"
    assert "copy_" in found.hint
    assert Stage.from_signature("copy", signature(), None).name == "copy"


@pytest.mark.parametrize("role", ["out", "metrics", "plots"])
@pytest.mark.parametrize(
    ("read", "written"), [("a", "a"), ("a", "a/b"), ("a/b", "a"), ("a/b/c", "a")]
)
def test_an_input_that_overlaps_an_output_is_refused(role: str, read: str, written: str) -> None:
    (found,) = problems("train", signature(in_=(read,), **{role: (written,)}))
    assert (found.code, found.where) == ("in-and-out", WHERE)


def test_every_overlap_is_told() -> None:
    found = problems("train", signature(in_=("a", "b"), out=("a",), metrics=("b/c",)))
    assert [one.code for one in found] == ["in-and-out", "in-and-out"]


def test_names_that_begin_alike_do_not_overlap() -> None:
    declared = signature(in_=("data/a", "out"), out=("data/ab", "outs"))
    assert Stage.from_signature("train", declared, None).outs == ("data/ab", "outs")
