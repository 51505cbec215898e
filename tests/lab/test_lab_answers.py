"""Whose cell it is, and what it gets."""

import pytest
from lab_kernels import SIGNATURE, Little, Shell

from stagebook.project.errors import Where

PARAMS = "params/train.yaml"


def test_an_edit_that_is_not_saved_counts(loaded: Shell, little: Little) -> None:
    little.params("train", "rate: 1\nwidth: 8\n")
    shown = loaded.run(SIGNATURE + "width: int = 2  # how wide\n")
    assert loaded.names["width"] == 8
    assert "how wide" in shown.plain


def test_outputs_that_are_not_saved_leave_the_cells_id(loaded: Shell) -> None:
    edited = SIGNATURE.replace("models/", "new/").replace("metrics/", "new/")
    assert loaded.run(edited, cell_id="signature").plain.startswith("train: ")


def test_a_cell_without_paths_is_known_by_its_id(loaded: Shell, little: Little) -> None:
    little.notebook("alone", "speed: int = 1\n", cell_id="alone")
    little.params("alone", "speed: 5\n")
    loaded.run("speed: int = 1\n", cell_id="alone")
    assert loaded.names["speed"] == 5
    assert loaded.run("speed: int = 1\n", cell_id="another").all == ""
    assert loaded.names["speed"] == 1


def test_a_percent_notebook_is_known_by_its_outputs(loaded: Shell, little: Little) -> None:
    little.params("ingest", "rows: 99\n")
    loaded.run('from stagebook import Out\nraw: Out = "data/raw.csv"\nrows: int = 10\n')
    assert loaded.names["rows"] == 99


@pytest.mark.parametrize("absolute", [True, False])
def test_the_files_name_tells_a_new_notebook_and_how_to_tag_it_is_said(
    loaded: Shell, little: Little, monkeypatch: pytest.MonkeyPatch, absolute: bool
) -> None:
    path = little.notebook("fresh", "", cell_id="blank", tagged=False)
    little.params("fresh", "speed: 5\n")
    monkeypatch.setenv("JPY_SESSION_NAME", str(path) if absolute else path.name)
    shown = loaded.run('from stagebook import Out\nmade: Out = "data/made.csv"\nspeed: int = 1\n')
    assert loaded.names["speed"] == 5
    (problem,) = [each for each in shown.problems if each.code == "no-parameters-cell"]
    assert "notebooks/fresh.ipynb" in str(problem)
    assert "`parameters`" in problem.hint


def test_a_cell_of_no_known_notebook_keeps_its_defaults_and_says_how_to_tag(
    loaded: Shell,
) -> None:
    shown = loaded.run('from stagebook import Out\nmade: Out = "data/made.csv"\nspeed: int = 1\n')
    (problem,) = [each for each in shown.problems if each.code == "unknown-stage"]
    assert "`parameters`" in problem.hint
    assert "notebooks/" in problem.hint
    assert loaded.names["speed"] == 1


def test_of_two_copies_the_files_name_tells(
    loaded: Shell, little: Little, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = little.notebook("train_copy", SIGNATURE)
    little.params("train_copy", "rate: 4\n")
    (problem, *_) = loaded.run(SIGNATURE, cell_id="signature").problems
    assert problem.code == "ambiguous-stage"
    assert "notebooks/train.ipynb, notebooks/train_copy.ipynb" in problem.message
    assert loaded.names["rate"] == 0.5
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    loaded.run(SIGNATURE, cell_id="signature")
    assert loaded.names["rate"] == 4.0


def test_an_output_tells_more_than_a_name_that_has_gone_stale(
    loaded: Shell, little: Little, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", str(little.root / "notebooks/ingest.py"))
    assert loaded.run(SIGNATURE).plain.startswith("train:")


def test_notebooks_are_read_afresh(loaded: Shell, little: Little) -> None:
    text = 'from stagebook import Out\nmade: Out = "data/made.csv"\nspeed: int = 1\n'
    loaded.run(text)
    little.notebook("fresh", text, cell_id="fresh")
    little.params("fresh", "speed: 5\n")
    loaded.run(text)
    assert loaded.names["speed"] == 5


def test_other_notebooks_that_are_wrong_do_not_matter(loaded: Shell, little: Little) -> None:
    little.notebook("bad", "x = open('file')\n")
    little.notebook("untagged", "x = 1\n", tagged=False)
    (little.root / "notebooks/conflict.ipynb").write_text("<<<<<<< HEAD")
    (little.root / "notebooks/header.py").write_text(
        "# ---\n# jupyter:\n#   kernelspec:\n#     name: python3\n# ---\n# %%\nx = 1\n"
    )
    shown = loaded.run(SIGNATURE, cell_id="signature")
    assert loaded.names["rate"] == 1.0
    assert "dvc repro ingest" in shown.plain


def test_a_python_file_that_is_no_text_does_not_matter(loaded: Shell, little: Little) -> None:
    (little.root / "notebooks/latin.py").write_bytes(b"# \xff\n")
    loaded.run(SIGNATURE)
    assert loaded.names["rate"] == 1.0


def test_a_cell_that_was_saved_wrong_and_is_put_right_is_answered(
    loaded: Shell, little: Little
) -> None:
    little.notebook("train", SIGNATURE + "x = open('file')\n")
    loaded.run(SIGNATURE, cell_id="signature")
    assert loaded.names["rate"] == 1.0


def test_a_parameters_cell_that_is_no_signature_is_told_why(loaded: Shell, little: Little) -> None:
    shown = loaded.run(SIGNATURE + "late = rate > 3\n", cell_id="signature")
    (problem, *_) = shown.problems
    assert (problem.code, problem.where) == (
        "not-a-literal",
        Where("notebooks/train.ipynb", 1, 9),
    )
    assert "`late`" in problem.message
    assert "`rate > 3`" in problem.message
    assert loaded.names["rate"] == 0.5


def test_an_unknown_name_in_the_params_file_leaves_the_defaults(
    loaded: Shell, little: Little
) -> None:
    little.params("train", "depth: 9\nrat: 1\n")
    shown = loaded.run(SIGNATURE)
    (problem, *_) = shown.problems
    assert (problem.code, problem.where) == ("unknown-parameter", Where(PARAMS, line=2))
    assert "`rat`" in problem.message
    assert "`rate`" in problem.hint
    assert (loaded.names["rate"], loaded.names["depth"]) == (0.5, 3)


def test_a_wrong_type_in_the_params_file_names_both_places(loaded: Shell, little: Little) -> None:
    little.params("train", "depth: deep\n")
    shown = loaded.run(SIGNATURE)
    (problem, *_) = shown.problems
    assert (problem.code, problem.where) == ("wrong-type", Where(PARAMS, line=1))
    assert "`depth`" in problem.message
    assert "'deep'" in problem.message
    assert "`int | None`" in problem.hint
    assert str(Where("notebooks/train.ipynb", 1, 7)) in problem.hint
    assert loaded.names["depth"] == 3


def test_a_params_file_that_is_no_yaml_leaves_the_defaults(loaded: Shell, little: Little) -> None:
    little.params("train", "rate: [1\n")
    (problem, *_) = loaded.run(SIGNATURE).problems
    assert (problem.code, str(problem.where)) == ("bad-yaml", str(Where(PARAMS, line=2)))
    assert loaded.names["rate"] == 0.5


def test_a_params_file_that_is_no_text_is_told_without_a_traceback(
    loaded: Shell, little: Little
) -> None:
    (little.root / "params/train.yaml").write_bytes(b"rate: \xff\n")
    shown = loaded.run(SIGNATURE)
    (problem, *_) = shown.problems
    assert (problem.code, problem.where) == ("bad-encoding", Where(PARAMS))
    assert "Traceback" not in shown.all
    assert loaded.names["rate"] == 0.5


def test_a_params_file_that_breaks_later_brings_the_defaults_back(
    loaded: Shell, little: Little
) -> None:
    loaded.run(SIGNATURE)
    little.params("train", "rate: fast\n")
    assert "wrong-type" in loaded.run("%stagebook build").codes
    assert loaded.names["rate"] == 0.5


def test_without_a_params_file_the_defaults_are_the_builds(loaded: Shell, little: Little) -> None:
    (little.root / "params/train.yaml").unlink()
    assert PARAMS not in loaded.run(SIGNATURE).plain
    assert loaded.names["rate"] == 0.5


def test_a_parameter_without_default_has_the_builds_value_in_both_modes(
    loaded: Shell, little: Little
) -> None:
    little.params("train", "rate: 1\nkey: abc\n")
    loaded.run(SIGNATURE + "key: str\n")
    assert loaded.names["key"] == "abc"
    loaded.run("%stagebook defaults")
    assert (loaded.names["rate"], loaded.names["key"]) == (0.5, "abc")


def test_a_parameter_that_nobody_gives_a_value_has_none(loaded: Shell) -> None:
    shown = loaded.run(SIGNATURE + "key: str\n")
    (problem, *_) = shown.problems
    assert (problem.code, "`key`" in problem.message) == ("missing-value", True)
    assert f"{PARAMS}: key: <str>" in problem.hint
    assert "key" not in loaded.names
    assert not any(line.split()[0] == "key" for line in shown.plain.splitlines())


def test_a_missing_input_names_the_stage_to_build(loaded: Shell) -> None:
    (problem, *_) = loaded.run(SIGNATURE).problems
    assert (problem.code, "`data/raw.csv`" in problem.message) == ("no-input", True)
    assert "dvc repro ingest" in problem.hint


def test_a_missing_input_of_a_hand_written_stage_names_that(loaded: Shell, little: Little) -> None:
    (little.root / "dvc.yaml").write_text(
        "stages:\n  fetch:\n    cmd: curl\n    outs:\n      - data/more\n"
    )
    text = SIGNATURE + 'more: In = "data/more/file.csv"\n'
    assert any("dvc repro fetch" in problem.hint for problem in loaded.run(text).problems)


def test_a_missing_input_that_no_stage_makes_is_to_be_put_there(loaded: Shell) -> None:
    text = SIGNATURE + 'one: In = "data/one.csv"\ntwo: In = "data/two.csv"\n'
    (problem,) = [each for each in loaded.run(text).problems if "data/one.csv" in each.message]
    assert problem.code == "no-input"
    assert "`data/two.csv`" in problem.message
    assert "`dvc pull`" in problem.hint


def test_nothing_is_noted_where_inputs_and_folders_are_there(loaded: Shell, little: Little) -> None:
    for folder in ("data", "models", "metrics"):
        (little.root / folder).mkdir()
    (little.root / "data/raw.csv").write_text("x\n")
    assert "note:" not in loaded.run(SIGNATURE).plain
