"""Loading, the magic, and what a person sees; in an IPython shell."""

import sys
from pathlib import Path

import pytest
from lab_kernels import SIGNATURE, Little, Shell

import stagebook


def test_loading_says_in_one_line_that_the_root_is_the_working_folder(
    shell: Shell, little: Little
) -> None:
    shown = shell.run("%load_ext stagebook")
    assert shown.plain.startswith(
        "Stagebook: the working folder is now the project's root, `little/`"
    )
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
    assert loaded.run(SIGNATURE).plain.count("the build's values") == 1


def test_reloading_shows_everything_once(loaded: Shell) -> None:
    loaded.run("%reload_ext stagebook")
    assert loaded.run(SIGNATURE).plain.count("the build's values") == 1


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
    assert "There is no Stagebook project" in shell.run("%load_ext stagebook").plain
    table.write_text(right)
    assert "the working folder is now" in shell.run("%stagebook").plain
    shell.run(SIGNATURE)
    assert shell.names["rate"] == 1.0


def test_wrong_settings_are_shown_without_a_traceback(shell: Shell, little: Little) -> None:
    (little.root / "pyproject.toml").write_text("[tool.stagebook]\nthread = 2\n")
    shown = shell.run("%load_ext stagebook")
    assert "Did you mean `threads`?" in shown.plain
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
    assert "the build's values" not in shown.all
    assert loaded.names["rate"] == 0.5


@pytest.mark.parametrize(
    "text", ["x = 3", "import os", "from stagebook import In", "def f():\n    return 1", "%pwd"]
)
def test_other_cells_are_not_answered(loaded: Shell, text: str) -> None:
    shown = loaded.run(text, cell_id="another")
    assert (shown.plain, shown.html) == ("", "")


def test_defaults_are_set_again_and_stay_for_later_runs(loaded: Shell) -> None:
    loaded.run(SIGNATURE)
    assert "2 of 3 differ in the build" in loaded.run("%stagebook defaults").plain
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
    assert "its defaults when it is run" in loaded.run("%stagebook defaults").plain
    loaded.run(SIGNATURE)
    assert loaded.names["rate"] == 0.5


def test_the_bare_magic_says_where_one_is(loaded: Shell, little: Little) -> None:
    assert "no parameters cell has run yet" in loaded.run("%stagebook").plain
    loaded.run(SIGNATURE)
    shown = loaded.run("%stagebook").plain
    assert f"project tiny in `{little.root}`, mode `build`" in shown
    assert "train: the build's values" in shown
    assert "*  rate   1.0    0.5      how fast" in shown


def test_the_bare_magic_shows_what_was_changed_and_leaves_it(loaded: Shell) -> None:
    loaded.run(SIGNATURE)
    loaded.run("rate = 9.5")
    shown = loaded.run("%stagebook").plain
    assert "1 of 3 values are not the build's; `%stagebook build` sets them" in shown
    assert "rate   9.5    0.5      the build has 1.0" in shown
    assert loaded.names["rate"] == 9.5


def test_a_variable_that_became_something_large_is_shown_by_its_type(loaded: Shell) -> None:
    loaded.run(SIGNATURE)
    loaded.run("names = object()")
    assert "<object>" in loaded.run("%stagebook").plain


def test_an_unknown_word_is_answered_with_the_near_one(loaded: Shell) -> None:
    shown = loaded.run("%stagebook biuld")
    assert "There is no `%stagebook biuld`." in shown.plain
    assert "Did you mean `build`?" in shown.plain
    assert not shown.failed


def test_nothing_in_the_project_is_written(loaded: Shell, little: Little) -> None:
    before = little.files()
    loaded.run(SIGNATURE, cell_id="signature")
    loaded.run("%stagebook defaults")
    loaded.run("%stagebook")
    assert little.files() == before
