"""What wrong input gets: the place, what is wrong, the next command, and nothing lost."""

import json
import re
import shutil

import nbformat
import pytest
from checkout import Checkout

from stagebook.project.errors import Where

OUT = 'result: Out = "data/result.txt"'
DONE = 'open(result, "w").write("done")'
HEAD = '# %% tags=["parameters"]\nfrom stagebook import In, Out\n'
OTHER = "[tool.stagebook.stages.one]\nkernel = 'none'\n"

NOTEBOOKS = {
    "no parameters cell": ("# %%\n1 + 1\n", (None, None), "no-parameters-cell"),
    "two": (f"{HEAD}{OUT}\n\n{HEAD}{OUT}\n", (2, None), "two-parameters-cells"),
    "no Python": (f"{HEAD}{OUT}\nrate: float = = 1\n", (1, 3), "bad-python"),
    "a call": (f"{HEAD}{OUT}\nnow = time.time()\n", (1, 3), "not-a-literal"),
    "an f-string": (f'{HEAD}{OUT}\nname = f"x{{1}}"\n', (1, 3), "not-a-literal"),
    "outside": (f'{HEAD}r: Out = "../r.txt"\n', (1, 2), "path-outside"),
    "absolute": (f'{HEAD}r: Out = "/tmp/r.txt"\n', (1, 2), "path-outside"),
    "reserved": (f'{HEAD}r: Out = ".git/r.txt"\n', (1, 2), "reserved-path"),
}


@pytest.mark.parametrize("case", NOTEBOOKS)
def test_a_wrong_notebook_is_told_with_its_place(project: Checkout, case: str) -> None:
    text, (cell, line), code = NOTEBOOKS[case]
    project.write("notebooks/one.py", text)
    for command in (("stagebook", "sync"), ("stagebook", "run", "one")):
        ended = project.run(*command, "--json")
        assert ended.code == 3, ended.output
        (problem,) = ended.problems
        assert (problem.code, problem.where) == (code, Where("notebooks/one.py", cell, line))
        assert problem.hint
    shown = project.run("stagebook", "sync").output
    assert "→" in shown
    assert "Traceback" not in shown


FILES = {
    "no JSON": ('{"cells": [\n  broken', "not-json", 2),
    "a merge conflict": ("<<<<<<< ours\n{}\n=======\n", "not-json", 1),
    "JSON but no notebook": ("[1, 2]", "bad-notebook", None),
    "an empty file": ("", "not-json", 1),
    "an old format without a parameters cell": (
        '{"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0, "worksheets": []}',
        "no-parameters-cell",
        None,
    ),
    "an old format that nobody can convert": (
        '{"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [1]}',
        "old-notebook",
        None,
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_is_no_notebook_is_told(project: Checkout, case: str) -> None:
    text, code, line = FILES[case]
    project.write("notebooks/one.ipynb", text)
    ended = project.run("stagebook", "sync", "--json")
    assert ended.code == 3, ended.output
    (problem,) = ended.problems
    assert (problem.code, problem.where) == (code, Where("notebooks/one.ipynb", line=line))


PARAMS_FILE = "params/one.yaml"
PARAMS = {
    "unknown": ("rat: 0.5\n", Where(PARAMS_FILE, line=1), "unknown-parameter", "`rate`"),
    "mistyped": ("# first\nrate: fast\n", Where(PARAMS_FILE, line=2), "wrong-type", "`float`"),
    "a path": ("result: x.txt\n", Where(PARAMS_FILE, line=1), "unknown-parameter", ""),
    "no mapping": ("- 1\n", Where(PARAMS_FILE, line=1), "bad-params", ""),
    "no YAML": ("rate: [1\n", Where(PARAMS_FILE, line=2), "bad-yaml", ""),
    "missing": ("", Where("notebooks/one.py", 1, 4), "missing-value", f"{PARAMS_FILE}: needed"),
}


@pytest.mark.parametrize("case", PARAMS)
def test_wrong_values_in_a_params_file_are_told_with_their_line(
    project: Checkout, case: str
) -> None:
    text, place, code, named = PARAMS[case]
    extra = "\nneeded: int" if case == "missing" else ""
    project.notebook("one", f"{OUT}\nrate: float = 0.1{extra}", DONE)
    project.write(PARAMS_FILE, text)
    ended = project.run("stagebook", "run", "one", "--json")
    assert ended.code == 3, ended.output
    (problem,) = ended.problems
    assert (problem.code, problem.where) == (code, place)
    assert named in problem.hint
    assert not (project.root / "data").exists()


def test_every_problem_of_every_notebook_is_told_at_once(project: Checkout) -> None:
    project.write("notebooks/one.py", NOTEBOOKS["a call"][0])
    project.write("notebooks/two.py", NOTEBOOKS["outside"][0])
    output = project.run("stagebook", "sync").output
    assert "notebooks/one.py" in output
    assert "notebooks/two.py" in output


def test_an_override_that_does_not_fit_is_told(project: Checkout) -> None:
    project.notebook("one", f"{OUT}\nrate: float = 0.1", DONE)
    wrong, unknown = (
        project.run("stagebook", "run", "one", "--json", "-P", value).problems[0]
        for value in ("rate=fast", "rats=1")
    )
    assert (wrong.code, wrong.where) == ("wrong-type", Where("-P rate"))
    assert (unknown.code, "`rate`" in unknown.hint) == ("unknown-parameter", True)
    assert project.run("stagebook", "run", "one", "-P", "rate").code == 2


def test_a_stage_that_is_not_there_is_told_with_the_nearest(project: Checkout) -> None:
    project.notebook("train", OUT, DONE)
    ended = project.run("stagebook", "run", "trian", "--json")
    assert ended.code == 3
    (problem,) = ended.problems
    assert (problem.code, "`train`" in problem.hint) == ("no-stage", True)


def test_a_missing_kernel_is_told_with_those_that_are_there(project: Checkout) -> None:
    project.write("pyproject.toml", f'[project]\nname = "x"\n[tool.stagebook]\n{OTHER}')
    project.notebook("one", OUT, DONE)
    ended = project.run("stagebook", "run", "one", "--json")
    assert ended.code == 4, ended.output
    (problem,) = ended.problems
    assert problem.code == "no-kernel"
    assert "`none`" in problem.message
    assert "python3" in problem.message
    assert 'kernel = "python3"' in problem.hint
    assert project.left_in_executions() == []


def test_a_path_claimed_twice_is_told_with_both_notebooks(project: Checkout) -> None:
    project.notebook("one", OUT, DONE)
    project.notebook("two", OUT, DONE)
    ended = project.run("stagebook", "sync", "--json")
    assert ended.code == 3
    (problem,) = ended.problems
    assert (problem.code, problem.where) == ("claimed-twice", Where("notebooks/two.py"))
    assert "`data/result.txt`" in problem.message
    assert "notebooks/one.py" in problem.message


def test_a_cycle_is_told_with_its_stages(project: Checkout) -> None:
    project.notebook("one", 'a: In = "data/a.txt"\nb: Out = "data/b.txt"', "1")
    project.notebook("two", 'b: In = "data/b.txt"\na: Out = "data/a.txt"', "1")
    ended = project.run("stagebook", "sync", "--json")
    assert ended.code == 3
    (problem,) = ended.problems
    assert problem.code == "cycle"
    assert re.search("one → two → one|two → one → two", problem.message)


def test_a_stage_called_like_a_handwritten_one_is_told(project: Checkout) -> None:
    text = "stages:\n  one:\n    cmd: echo by hand\n"
    project.write("dvc.yaml", text)
    project.notebook("one", OUT, DONE)
    ended = project.run("stagebook", "sync", "--json")
    assert ended.code == 3
    (problem,) = ended.problems
    assert (problem.code, problem.where) == ("stage-taken", Where("notebooks/one.py"))
    assert project.read("dvc.yaml") == text


def test_an_input_that_is_not_there_names_the_stage_that_makes_it(project: Checkout) -> None:
    project.notebook("maker", OUT, DONE)
    project.notebook("user", 'result: In = "data/result.txt"\nb: Out = "data/b.txt"', "1")
    ended = project.run("stagebook", "run", "user", "--json")
    assert ended.code == 3
    (problem,) = ended.problems
    assert (problem.code, problem.where) == ("no-input", Where("notebooks/user.py", 1, 2))
    assert "`data/result.txt`" in problem.message
    assert "dvc repro maker" in problem.hint
    project.notebook("user", 'raw: In = "data/raw.txt"\nb: Out = "data/b.txt"', "1")
    assert "dvc pull" in project.run("stagebook", "run", "user").output


def test_without_dvc_the_next_command_is_told(project: Checkout) -> None:
    shutil.rmtree(project.root / ".dvc")
    project.notebook("one", OUT, DONE)
    for command in (("stagebook", "sync"), ("stagebook", "run", "one")):
        done = project.run(*command)
        assert done.code == 4
        assert "dvc init" in done.output


def test_without_git_stages_run_and_say_once_that_no_commit_is_recorded(project: Checkout) -> None:
    shutil.rmtree(project.root / ".git")
    shutil.rmtree(project.root / ".dvc")
    project.ok("dvc", "init", "-q", "--no-scm")
    project.notebook("one", OUT, DONE)
    project.ok("stagebook", "sync")
    project.notebook("two", OUT.replace("result.txt", "other.txt"), DONE)
    project.ok("stagebook", "sync")
    done = project.ok("dvc", "repro")
    assert done.stages == {"sources", "one", "two"}
    failures = [record["git_failure"] for record in project.records()]
    assert [record["git"] for record in project.records()] == [None, None]
    assert [failure["reason"] for failure in failures] == ["no-repository", "no-repository"]
    assert done.output.count(failures[0]["message"]) == 1
    (row,) = re.findall(r">commit</th>(.*?)</tr>", project.read("runs/one.ipynb"))
    assert re.sub(r"<.*?>", "", row) == f"none: {failures[0]['message']}"


def test_outside_a_project_the_line_to_add_is_told(project: Checkout) -> None:
    (project.root / "pyproject.toml").unlink()
    ended = project.run("stagebook", "sync", "--json")
    assert ended.code == 3
    (problem,) = ended.problems
    assert problem.code == "no-project"
    assert "[tool.stagebook]" in problem.hint


def test_an_unknown_setting_is_told_with_the_nearest(project: Checkout) -> None:
    project.write("pyproject.toml", '[project]\nname = "x"\n[tool.stagebook]\nthread = 2\n')
    ended = project.run("stagebook", "sync", "--json")
    assert ended.code == 3
    (problem,) = ended.problems
    assert (problem.code, "`threads`" in problem.hint) == ("unknown-setting", True)


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
    assert project.build() == {"sources"}


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
