"""What went wrong in a cell is named as what it is, and nothing that a cell puts out is lost."""

import json

import nbformat
import pytest
from checkout import Checkout

from stagebook.project.errors import Where

pytestmark = [pytest.mark.slow, pytest.mark.undelivered]

OUT = 'result: Out = "data/result.txt"'
DONE = 'open(result, "w").write("done")'


def test_a_cell_that_may_raise_is_named_and_not_the_last_one(project: Checkout) -> None:
    project.write(
        "notebooks/tagged.py",
        '# %% tags=["parameters"]\nfrom stagebook import Out\n'
        f'{OUT}\n\n# %% tags=["raises-exception"]\n1 + 1\n1 / 0\n\n# %%\n{DONE}\n',
    )
    done = project.run("stagebook", "run", "tagged")
    assert done.code == 1, done.output
    (problem,) = project.recorded_problems()
    assert (problem.code, problem.where) == ("cell-failed", Where("notebooks/tagged.py", 2, 2))
    assert "ZeroDivisionError: division" in problem.message


def test_a_group_of_exceptions_is_named_with_text_and_line(project: Checkout) -> None:
    project.notebook("group", OUT, '1 + 1\nraise ExceptionGroup("both", [ValueError("a")])')
    done = project.run("stagebook", "run", "group")
    assert done.code == 1, done.output
    (problem,) = project.recorded_problems()
    assert (problem.code, problem.where) == ("cell-failed", Where("notebooks/group.py", 2, 2))
    assert "ExceptionGroup: both (1 sub-exception)" in problem.message


@pytest.mark.parametrize("asking", ["input('name? ')", "import getpass\ngetpass.getpass()"])
def test_a_cell_that_asks_for_input_is_told_to_use_a_parameter(
    project: Checkout, asking: str
) -> None:
    project.notebook("asks", OUT, f"{asking}\n{DONE}")
    done = project.run("stagebook", "run", "asks")
    assert done.code == 1, done.output
    assert [problem.code for problem in project.recorded_problems()] == ["asks-for-input"]


def test_an_output_that_no_notebook_can_hold_is_named(project: Checkout) -> None:
    deep = (
        "from IPython.display import display\nvalue = 1\n"
        "for _ in range(900):\n    value = [value]\n"
        'display({"application/json": value}, raw=True)'
    )
    project.notebook("deep", OUT, deep, DONE)
    done = project.run("stagebook", "run", "deep")
    assert done.code == 1, done.output
    (problem,) = project.recorded_problems()
    assert (problem.code, problem.where) == ("deep-output", Where("notebooks/deep.py", 2))


def test_a_cell_that_asks_for_input_is_told_to_take_a_parameter(project: Checkout) -> None:
    project.notebook("ask", OUT, 'answer = input("go on? ")', DONE)
    done = project.run("stagebook", "run", "ask")
    assert done.code == 1, done.output
    (problem,) = project.records()[-1]["problems"]
    assert problem["code"] == "asks-for-input"
    assert '`answer: str = "yes"`' in problem["hint"]


def test_no_output_of_a_cell_is_lost(project: Checkout) -> None:
    many = "from IPython.display import display\nfor number in range(3_000):\n    display(number)"
    project.notebook("many", OUT, many, DONE)
    project.ok("stagebook", "run", "many")
    node = nbformat.read(project.root / "runs/many.ipynb", 4)
    shown = [
        one.data["text/plain"]
        for cell in node.cells
        for one in cell.get("outputs", ())
        if one.output_type == "display_data"
    ]
    assert shown == [str(number) for number in range(3_000)]


def test_a_page_that_cannot_be_made_changes_no_outcome(project: Checkout) -> None:
    node = nbformat.v4.new_notebook()
    node.cells = [
        nbformat.v4.new_code_cell(
            f"from stagebook import Out\n{OUT}", metadata={"tags": ["parameters"]}
        ),
        nbformat.v4.new_code_cell(f"print(41 + 1)\n{DONE};"),
    ]
    broken = {"ab": {"model_name": "HBoxModel", "state": {}}}
    node.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": broken}
    project.write("notebooks/colab.ipynb", json.dumps(node))
    done = project.run("stagebook", "run", "colab")
    assert done.code == 0, done.output
    record = project.records()[-1]
    assert record["outcome"] == "done"
    assert project.read("data/result.txt") == "done"
    assert "42" in project.read("runs/colab.html")
    assert project.left_in_executions() == []
