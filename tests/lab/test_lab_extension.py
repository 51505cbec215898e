"""Loading, the magic, and what a person sees; in an IPython shell."""

import re
import sys
from pathlib import Path

import pytest
from lab_kernels import SIGNATURE, Little, Shell

import stagebook


def test_loading_says_in_one_line_that_the_root_is_the_working_folder(
    shell: Shell, little: Little
) -> None:
    shown = shell.run("%load_ext stagebook")
    assert "`little/`" in shown.plain
    assert len(shown.all.strip().splitlines()) == 1
    assert Path.cwd() == little.root


def test_code_folders_come_first_on_the_path_and_once(
    shell: Shell, little: Little, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = str(little.root / "src")
    monkeypatch.setattr(sys, "path", [*sys.path, source])
    shell.run("%load_ext stagebook")
    shell.run("%reload_ext stagebook")
    assert sys.path[:3] == [str(little.root / "notebooks"), source, str(little.root)]
    assert sys.path.count(source) == 1


def test_loading_twice_shows_everything_once(loaded: Shell) -> None:
    stagebook.load_ipython_extension(loaded.shell)
    assert loaded.run(SIGNATURE).plain.count("train: ") == 1


def test_reloading_shows_everything_once(loaded: Shell) -> None:
    loaded.run("%reload_ext stagebook")
    assert loaded.run(SIGNATURE).plain.count("train: ") == 1


def test_unloading_takes_the_callback_and_the_magic_away(loaded: Shell, little: Little) -> None:
    loaded.run("%unload_ext stagebook")
    assert loaded.run(SIGNATURE).all == ""
    assert loaded.names["rate"] == 0.5
    assert "%stagebook` not found" in loaded.run("%stagebook").all
    assert "%stagebook" not in loaded.shell.strdispatchers["complete_command"].strs
    assert Path.cwd() == little.root


def test_a_project_made_later_is_found_by_the_magic(shell: Shell, little: Little) -> None:
    table = little.root / "pyproject.toml"
    right = table.read_text()
    table.write_text("[project]\n")
    assert shell.run("%load_ext stagebook").codes == ["no-project"]
    table.write_text(right)
    assert "`little/`" in shell.run("%stagebook").plain
    shell.run(SIGNATURE)
    assert shell.names["rate"] == 1.0


def test_wrong_settings_are_shown_without_a_traceback(shell: Shell, little: Little) -> None:
    (little.root / "pyproject.toml").write_text("[tool.stagebook]\nthread = 2\n")
    shown = shell.run("%load_ext stagebook")
    assert shown.codes == ["unknown-setting"]
    assert "`threads`" in shown.problems[0].hint
    assert "Traceback" not in shown.all


def test_the_cell_sets_the_builds_values(loaded: Shell) -> None:
    loaded.run(SIGNATURE)
    assert (loaded.names["rate"], loaded.names["depth"]) == (1.0, None)
    assert isinstance(loaded.names["rate"], float)
    assert loaded.names["raw"] == "data/raw.csv"


def test_a_terminal_gets_a_plain_table(loaded: Shell) -> None:
    lines = loaded.run(SIGNATURE).plain.splitlines()
    assert lines[1:5] == [
        "   name   value  default  help",
        "*  rate   1.0    0.5      how fast",
        "*  depth  None   3",
        "   names  ['a']  ['a']",
    ]


def test_what_is_shown_as_html_is_escaped(loaded: Shell) -> None:
    text = SIGNATURE + 'title: str = "<script>"  # <i>what</i> & why\n'
    html = loaded.run(text).html
    assert "<script>" not in html
    assert "&lt;i&gt;what&lt;/i&gt; &amp; why" in html


def test_a_long_value_is_cut(loaded: Shell, little: Little) -> None:
    little.params("train", f"names: {['name'] * 500}\n")
    shown = loaded.run(SIGNATURE).plain
    assert max(map(len, shown.splitlines())) < 140
    assert len(loaded.names["names"]) == 500


def test_a_cell_that_raised_is_not_answered(loaded: Shell) -> None:
    shown = loaded.run(SIGNATURE + "from nowhere_at_all import Name\n")
    assert "train: " not in shown.all
    assert loaded.names["rate"] == 0.5


@pytest.mark.parametrize(
    "text", ["x = 3", "import os", "from stagebook import In", "def f():\n    return 1", "%pwd"]
)
def test_other_cells_are_not_answered(loaded: Shell, text: str) -> None:
    shown = loaded.run(text, cell_id="another")
    assert (shown.plain, shown.html) == ("", "")


def test_defaults_are_set_again_and_stay_for_later_runs(loaded: Shell) -> None:
    loaded.run(SIGNATURE)
    assert "2 of 3" in loaded.run("%stagebook defaults").plain
    assert (loaded.names["rate"], loaded.names["depth"]) == (0.5, 3)
    loaded.run(SIGNATURE)
    assert (loaded.names["rate"], loaded.names["depth"]) == (0.5, 3)


def test_build_goes_back_to_the_values_as_the_file_has_them_now(
    loaded: Shell, little: Little
) -> None:
    loaded.run(SIGNATURE)
    loaded.run("%stagebook defaults")
    little.params("train", "rate: 7\n")
    loaded.run("%stagebook build")
    assert (loaded.names["rate"], loaded.names["depth"]) == (7.0, 3)


def test_a_mode_may_be_chosen_before_the_cell_has_run(loaded: Shell) -> None:
    assert "defaults" in loaded.run("%stagebook defaults").plain
    loaded.run(SIGNATURE)
    assert loaded.names["rate"] == 0.5


def test_the_bare_magic_says_where_one_is(loaded: Shell, little: Little) -> None:
    assert len(loaded.run("%stagebook").plain.splitlines()) == 1
    loaded.run(SIGNATURE)
    shown = loaded.run("%stagebook").plain
    assert "tiny" in shown
    assert f"`{little.root}`" in shown
    assert "`build`" in shown
    assert "\ntrain: " in shown
    assert "*  rate   1.0    0.5      how fast" in shown


def test_the_bare_magic_shows_what_was_changed_and_leaves_it(loaded: Shell) -> None:
    loaded.run(SIGNATURE)
    loaded.run("rate = 9.5")
    shown = loaded.run("%stagebook").plain
    assert "1 of 3 " in shown
    assert "`%stagebook build`" in shown
    (rate,) = [line.split() for line in shown.splitlines() if " rate " in line]
    assert (rate[1:4], rate[-1]) == (["rate", "9.5", "0.5"], "1.0")
    assert loaded.names["rate"] == 9.5


def test_a_variable_that_became_something_large_is_shown_by_its_type(loaded: Shell) -> None:
    loaded.run(SIGNATURE)
    loaded.run("names = object()")
    assert "<object>" in loaded.run("%stagebook").plain


def test_an_unknown_word_is_answered_with_the_near_one(loaded: Shell) -> None:
    shown = loaded.run("%stagebook biuld")
    (problem,) = shown.problems
    assert (problem.code, "`%stagebook biuld`" in problem.message) == ("unknown-word", True)
    assert "`build`" in problem.hint
    assert not shown.failed


def test_only_the_folder_of_interactive_outputs_is_written(loaded: Shell, little: Little) -> None:
    before = little.files()
    loaded.run(SIGNATURE, cell_id="signature")
    loaded.run("%stagebook defaults")
    loaded.run("%stagebook")
    after = little.files()
    new = after.keys() - before.keys()
    assert {path.split("/")[0] for path in new} <= {"runs", ".stagebook"}
    assert before.items() <= after.items()
    assert after["runs/interactive/.gitignore"] == b"*\n"


def test_outputs_go_to_a_folder_of_the_stage_and_can_be_read_again(
    loaded: Shell, little: Little
) -> None:
    (little.root / "metrics").mkdir()
    (little.root / "metrics/train.json").write_text("{}")
    shown = loaded.run(SIGNATURE)
    assert "outputs: to `runs/interactive/train/`" in shown.plain
    assert loaded.names["raw"] == "data/raw.csv"
    loaded.run("from pathlib import Path; Path(scores).write_text('toy'); Path(model).touch()")
    assert loaded.run("Path(scores).read_text()").printed.endswith("'toy'\n")
    assert (little.root / "metrics/train.json").read_text() == "{}"
    assert (little.root / "runs/interactive/train/models/model.pkl").is_file()
    assert not (little.root / "models").exists()


def test_a_list_of_outputs_stays_a_list(loaded: Shell) -> None:
    loaded.run(SIGNATURE + 'parts: Out = ["data/a.csv", "data/b.csv"]\n', cell_id="signature")
    folder = "runs/interactive/train/data"
    assert loaded.names["parts"] == [f"{folder}/a.csv", f"{folder}/b.csv"]


def test_outputs_go_in_place_of_the_builds_when_a_person_says_so(
    loaded: Shell, little: Little
) -> None:
    loaded.run(SIGNATURE)
    assert "runs/interactive" not in loaded.run("%stagebook in-place").plain
    assert (loaded.names["model"], loaded.names["rate"]) == ("models/model.pkl", 1.0)
    assert (little.root / "models").is_dir()
    loaded.run(SIGNATURE)
    assert loaded.names["model"] == "models/model.pkl"
    loaded.run("%stagebook aside")
    assert loaded.names["model"] == "runs/interactive/train/models/model.pkl"


def test_a_copy_of_a_notebook_does_not_write_the_outputs_of_either(
    loaded: Shell, little: Little
) -> None:
    little.notebook("train_copy", SIGNATURE)
    loaded.run(SIGNATURE, cell_id="signature")
    assert loaded.names["model"] == "runs/interactive/notebook/models/model.pkl"


READS = "open(raw).close()"


@pytest.mark.parametrize(
    "failing",
    [
        READS,
        "open('data/raw.csv')",
        "raise RuntimeError(\"cannot open 'data/raw.csv': no such table\")",
        "try:\n    open(raw)\nexcept OSError as error:\n    raise ValueError('no rows') from error",
    ],
)
def test_an_error_about_an_input_that_no_build_has_made_names_its_stage(
    loaded: Shell, failing: str
) -> None:
    loaded.run(SIGNATURE)
    shown = loaded.run(failing)
    assert "`data/raw.csv`" in shown.all
    assert "dvc repro ingest" in shown.all
    assert "Traceback (most recent call last)" not in shown.all
    assert shown.failed
    assert "Traceback (most recent call last)" in loaded.run("%tb").all


@pytest.mark.parametrize("path", ["../data/other.csv", "../notebooks/../data/other.csv"])
def test_a_path_from_the_notebooks_own_folder_names_the_file_and_the_line_to_add(
    loaded: Shell, little: Little, path: str
) -> None:
    (little.root / "data").mkdir(exist_ok=True)
    (little.root / "data" / "other.csv").write_text("a\n1\n")
    for signature in ("x = 1", SIGNATURE):  # before and after the parameters cell
        loaded.run(signature)
        shown = loaded.run(f"import pandas as pd; pd.read_csv({path!r})")
        assert shown.failed
        assert 'other: In = "data/other.csv"' in shown.all
        assert "Traceback (most recent call last)" not in shown.all


@pytest.mark.parametrize("failing", ["1 / 0", "open('elsewhere.csv')", "def (", "%nothing"])
def test_other_errors_are_shown_as_ipython_shows_them(
    shell: Shell, little: Little, failing: str
) -> None:
    expected = shell.run(failing).all
    shell.run("%load_ext stagebook")
    shell.run(SIGNATURE)
    shown = shell.run(failing).all
    assert _without_counts(shown) == _without_counts(expected)


def test_an_input_that_is_there_is_not_blamed_for_an_error(loaded: Shell, little: Little) -> None:
    (little.root / "data").mkdir()
    (little.root / "data/raw.csv").touch()
    loaded.run(SIGNATURE)
    assert "dvc repro" not in loaded.run("raise ValueError('data/raw.csv is empty')").all


def _without_counts(text: str) -> str:
    return re.sub(r"\[\d+\]", "[]", text)
