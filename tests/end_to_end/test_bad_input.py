"""What wrong input gets: the place, what is wrong, the next command, and nothing lost."""

import json
import re
import shutil

import nbformat
import pytest
from checkout import Checkout

OUT = 'result: Out = "data/result.txt"'
DONE = 'open(result, "w").write("done")'
HEAD = '# %% tags=["parameters"]\nfrom stagebook import In, Out\n'
OTHER = "[tool.stagebook.stages.one]\nkernel = 'none'\n"

NOTEBOOKS = {
    "no parameters cell": ("# %%\n1 + 1\n", "notebooks/one.py", "tagged `parameters`"),
    "two": (f"{HEAD}{OUT}\n\n{HEAD}{OUT}\n", "notebooks/one.py, cell 2", "Cells 1 and 2"),
    "no Python": (f"{HEAD}{OUT}\nrate: float = = 1\n", "one.py, cell 1, line 3", "no valid Python"),
    "a call": (
        f"{HEAD}{OUT}\nnow = time.time()\n",
        "one.py, cell 1, line 3",
        "which is no literal",
    ),
    "an f-string": (f'{HEAD}{OUT}\nname = f"x{{1}}"\n', "cell 1, line 3", "which is no literal"),
    "outside": (f'{HEAD}r: Out = "../r.txt"\n', "cell 1, line 2", "not below the project's root"),
    "absolute": (
        f'{HEAD}r: Out = "/tmp/r.txt"\n',
        "cell 1, line 2",
        "not below the project's root",
    ),
    "reserved": (
        f'{HEAD}r: Out = ".git/r.txt"\n',
        "cell 1, line 2",
        "belongs to the project's tools",
    ),
}


@pytest.mark.parametrize("case", NOTEBOOKS)
def test_a_wrong_notebook_is_told_with_its_place(project: Checkout, case: str) -> None:
    text, place, words = NOTEBOOKS[case]
    project.write("notebooks/one.py", text)
    for command in (("stagebook", "sync"), ("stagebook", "run", "one")):
        done = project.run(*command)
        assert done.code == 3, done.output
        assert place in done.output
        assert words in done.output
        assert "→" in done.output
        assert "Traceback" not in done.output


FILES = {
    "no JSON": ('{"cells": [\n  broken', "notebooks/one.ipynb, line 2: The notebook is no JSON"),
    "a merge conflict": ("<<<<<<< ours\n{}\n=======\n", "Resolve the merge conflict"),
    "JSON but no notebook": ("[1, 2]", "notebooks/one.ipynb"),
    "an empty file": ("", "notebooks/one.ipynb"),
    "an old format": (
        '{"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0, "worksheets": []}',
        "jupyter nbconvert --to notebook --nbformat 4 --inplace notebooks/one.ipynb",
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_is_no_notebook_is_told(project: Checkout, case: str) -> None:
    text, words = FILES[case]
    project.write("notebooks/one.ipynb", text)
    done = project.run("stagebook", "sync")
    assert done.code == 3, done.output
    assert words in done.output
    assert "Traceback" not in done.output


PARAMS = {
    "unknown": ("rat: 0.5\n", "params/one.yaml, line 1", "Did you mean `rate`?"),
    "mistyped": ("# first\nrate: fast\n", "params/one.yaml, line 2", "'fast' is no float"),
    "a path": ("result: x.txt\n", "params/one.yaml, line 1", "Paths are declared"),
    "no mapping": ("- 1\n", "params/one.yaml, line 1", "no mapping"),
    "no YAML": ("rate: [1\n", "params/one.yaml", "no YAML"),
    "missing": ("", "one.py, cell 1, line 4", "Add to params/one.yaml: needed"),
}


@pytest.mark.parametrize("case", PARAMS)
def test_wrong_values_in_a_params_file_are_told_with_their_line(
    project: Checkout, case: str
) -> None:
    text, place, words = PARAMS[case]
    extra = "\nneeded: int" if case == "missing" else ""
    project.notebook("one", f"{OUT}\nrate: float = 0.1{extra}", DONE)
    project.write("params/one.yaml", text)
    done = project.run("stagebook", "run", "one")
    assert done.code == 3, done.output
    assert place in done.output
    assert words in done.output
    assert not (project.root / "data").exists()


def test_every_problem_of_every_notebook_is_told_at_once(project: Checkout) -> None:
    project.write("notebooks/one.py", NOTEBOOKS["a call"][0])
    project.write("notebooks/two.py", NOTEBOOKS["outside"][0])
    output = project.run("stagebook", "sync").output
    assert "notebooks/one.py" in output
    assert "notebooks/two.py" in output


def test_an_override_that_does_not_fit_is_told(project: Checkout) -> None:
    project.notebook("one", f"{OUT}\nrate: float = 0.1", DONE)
    assert "'fast' is no float" in project.run("stagebook", "run", "one", "-P", "rate=fast").output
    assert "Did you mean `rate`?" in project.run("stagebook", "run", "one", "-P", "rats=1").output
    assert project.run("stagebook", "run", "one", "-P", "rate").code == 2


def test_a_stage_that_is_not_there_is_told_with_the_nearest(project: Checkout) -> None:
    project.notebook("train", OUT, DONE)
    done = project.run("stagebook", "run", "trian")
    assert done.code == 3
    assert "Did you mean `train`?" in done.output


def test_a_missing_kernel_is_told_with_those_that_are_there(project: Checkout) -> None:
    project.write("pyproject.toml", f'[project]\nname = "x"\n[tool.stagebook]\n{OTHER}')
    project.notebook("one", OUT, DONE)
    done = project.run("stagebook", "run", "one")
    assert done.code == 4, done.output
    assert "The kernel `none` is not installed here; there is: python3" in done.output
    assert 'Set kernel = "python3"' in done.output
    assert project.left_in_executions() == []


def test_a_path_claimed_twice_is_told_with_both_notebooks(project: Checkout) -> None:
    project.notebook("one", OUT, DONE)
    project.notebook("two", OUT, DONE)
    done = project.run("stagebook", "sync")
    assert done.code == 3
    assert "notebooks/two.py: `data/result.txt` is written by notebooks/one.py too" in done.output


def test_a_cycle_is_told_with_its_stages(project: Checkout) -> None:
    project.notebook("one", 'a: In = "data/a.txt"\nb: Out = "data/b.txt"', "1")
    project.notebook("two", 'b: In = "data/b.txt"\na: Out = "data/a.txt"', "1")
    done = project.run("stagebook", "sync")
    assert done.code == 3
    assert "one → two → one" in done.output or "two → one → two" in done.output


def test_a_stage_called_like_a_handwritten_one_is_told(project: Checkout) -> None:
    text = "stages:\n  one:\n    cmd: echo by hand\n"
    project.write("dvc.yaml", text)
    project.notebook("one", OUT, DONE)
    done = project.run("stagebook", "sync")
    assert done.code == 3
    assert "hand-written stage `one`" in done.output
    assert project.read("dvc.yaml") == text


def test_an_input_that_is_not_there_names_the_stage_that_makes_it(project: Checkout) -> None:
    project.notebook("maker", OUT, DONE)
    project.notebook("user", 'result: In = "data/result.txt"\nb: Out = "data/b.txt"', "1")
    done = project.run("stagebook", "run", "user")
    assert done.code == 3
    assert "notebooks/user.py, cell 1, line 3" not in done.output
    assert (
        "notebooks/user.py, cell 1, line 2: The input `data/result.txt` is not there" in done.output
    )
    assert "dvc repro maker" in done.output
    project.notebook("user", 'raw: In = "data/raw.txt"\nb: Out = "data/b.txt"', "1")
    assert "dvc pull" in project.run("stagebook", "run", "user").output


def test_without_dvc_the_next_command_is_told(project: Checkout) -> None:
    shutil.rmtree(project.root / ".dvc")
    project.notebook("one", OUT, DONE)
    for command in (("stagebook", "sync"), ("stagebook", "run", "one")):
        done = project.run(*command)
        assert done.code == 4
        assert "dvc init" in done.output


def test_without_git_a_stage_runs_and_its_record_names_no_commit(project: Checkout) -> None:
    shutil.rmtree(project.root / ".git")
    shutil.rmtree(project.root / ".dvc")
    project.ok("dvc", "init", "-q", "--no-scm")
    project.notebook("one", OUT, DONE)
    project.ok("stagebook", "sync")
    assert project.build() == {"sources", "one"}
    assert project.records()[-1]["git"] is None
    (row,) = re.findall(r">commit</th>(.*?)</tr>", project.read("runs/one.ipynb"))
    assert re.sub(r"<.*?>", "", row) == "none"


def test_outside_a_project_the_line_to_add_is_told(project: Checkout) -> None:
    (project.root / "pyproject.toml").unlink()
    done = project.run("stagebook", "sync")
    assert done.code == 3
    assert "[tool.stagebook]" in done.output


def test_an_unknown_setting_is_told_with_the_nearest(project: Checkout) -> None:
    project.write("pyproject.toml", '[project]\nname = "x"\n[tool.stagebook]\nthread = 2\n')
    done = project.run("stagebook", "sync")
    assert done.code == 3
    assert "Did you mean `threads`?" in done.output


def test_problems_can_be_read_by_a_machine(project: Checkout) -> None:
    project.write("notebooks/one.py", NOTEBOOKS["a call"][0])
    done = project.run("stagebook", "sync", "--json")
    assert done.code == 3
    (problem,) = json.loads(done.output)["problems"]
    assert problem["code"] == "not-a-literal"
    assert problem["where"] == {"file": "notebooks/one.py", "cell": 1, "line": 3}


@pytest.mark.slow
def test_a_notebook_with_a_space_and_letters_beyond_ascii_is_a_stage(project: Checkout) -> None:
    node = nbformat.v4.new_notebook()
    cell = 'from stagebook import Out\n\nresult: Out = "daten/größe 1.txt"'
    node.cells.append(nbformat.v4.new_code_cell(cell, metadata={"tags": ["parameters"]}))
    node.cells.append(nbformat.v4.new_code_cell(DONE))
    nbformat.write(node, project.root / "notebooks" / "größe messen.ipynb")
    project.ok("stagebook", "sync")
    assert project.build() == {"sources", "größe messen"}
    assert project.read("daten/größe 1.txt") == "done"
    assert (project.root / "runs" / "größe messen.html").exists()
    assert project.build() == set()


def test_help_is_shown_without_importing_what_is_slow(project: Checkout) -> None:
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from stagebook.cli.main import main\n"
        "result = CliRunner().invoke(main, ['--help'])\n"
        "assert result.exit_code == 0, result.output\n"
        "slow = {'dvc', 'mlflow', 'nbformat', 'papermill', 'pandas', 'rich', 'IPython', 'ruamel'}\n"
        "print(sorted(slow & {name.partition('.')[0] for name in sys.modules}))\n"
    )
    assert project.ok("python", "-c", code).output.strip() == "[]"
