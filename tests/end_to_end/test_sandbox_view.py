"""What a stage sees of its project, and what it is told where that is not the whole of it."""

import pytest
from checkout import Checkout, Done

pytestmark = [pytest.mark.slow, pytest.mark.undelivered]

OUT = 'result: Out = "data/result.txt"'
DONE = 'open(result, "w").write("done")'
CONFIG = (
    "from pathlib import Path\n"
    "ROOT = Path({root!r})\n"
    'for name in ("data/raw", "data/interim", "models", "reports/figures"):\n'
    "    (ROOT / name).mkdir(parents=True, exist_ok=True)\n"
)


@pytest.fixture
def filled(project: Checkout) -> Checkout:
    """A project with more in it than its stage declares."""
    for name in ("data/jan.csv", "data/feb.csv", "figures/old.png", "notebooks/beside.csv"):
        project.write(name, "a\n1\n")
    project.write("pyproject.toml", '[project]\nname = "x"\n\n[tool.stagebook]\n')
    return project


def run(project: Checkout, *cells: str) -> Done:
    """Runs a stage that declares data/jan.csv, with these cells before the one that writes."""
    project.notebook("look", f'source: In = "data/jan.csv"\n{OUT}', *cells, DONE)
    return project.run("stagebook", "run", "look")


def test_what_only_makes_folders_or_looks_for_the_project_is_done(filled: Checkout) -> None:
    filled.write("src/config.py", CONFIG.format(root=str(filled.root)))
    done = run(
        filled,
        "import config, glob, os, pathlib\n"
        'pathlib.Path("figures").mkdir(exist_ok=True)\n'
        'os.makedirs("../reports", exist_ok=True)\n'
        'if not os.path.exists("models"):\n    os.makedirs("models")\n'
        'assert glob.glob("data/jan*.csv") == ["data/jan.csv"]\n'
        'assert not (pathlib.Path.cwd() / "pyproject.toml").exists()\n'
        'assert not os.path.exists("data/result.txt")',
        "import importlib.metadata, pkgutil\n"
        "list(importlib.metadata.distributions()), list(pkgutil.iter_modules())\n"
        "import matplotlib.pyplot, mlflow, pandas, sklearn.ensemble",
    )
    assert done.code == 0, done.output
    assert filled.read("data/result.txt") == "done"
    assert list((filled.root / "data/interim").iterdir()) == []


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (
            'import glob\nglob.glob("data/*.csv")',
            ["lists `data/*.csv`. The list lacks `data/feb.csv`", 'feb: In = "data/feb.csv"'],
        ),
        (
            "import os, pathlib\n"
            'os.listdir("data"); pathlib.Path("figures/old.png").exists()\n'
            'pathlib.Path("new").mkdir(); open("../figures/x.txt", "w")',
            [
                "lists `data`. The list lacks `data/feb.csv`",
                "reads `figures/old.png`",
                'old: In = "figures/old.png"',
                "writes `figures/x.txt`",
                'x: Out = "figures/x.txt"',
            ],
        ),
        (
            'import matplotlib.pyplot as plt\nplt.savefig("figures/x.png")',
            ["writes `figures/x.png`", 'x: Out = "figures/x.png"'],
        ),
        (
            'import pandas as pd\npd.read_csv("../data/feb.csv")',
            ["reads `data/feb.csv`", 'feb: In = "data/feb.csv"'],
        ),
        (
            'import pandas as pd\npd.read_csv("beside.csv")',
            [
                "reads `notebooks/beside.csv` by a path from its own folder",
                'beside: In = "notebooks/beside.csv"',
            ],
        ),
        (
            'import pandas as pd\npd.DataFrame({"a": [1]}).to_csv("figures/x.csv")',
            ["writes `figures/x.csv`", 'x: Out = "figures/x.csv"'],
        ),
    ],
    ids=["glob", "listing", "figure", "parent", "beside", "pandas"],
)
def test_a_file_out_of_sight_is_named_with_the_line_to_add(
    filled: Checkout, cell: str, words: list[str]
) -> None:
    done = run(filled, cell)
    assert done.code in (1, 5), done.output
    missing = [word for word in words if word not in done.output]
    assert missing == [], done.output
    assert ".stagebook/executions" not in done.output.replace(str(filled.root), "")


def test_what_a_stage_may_not_do_natively_shows_in_its_ending(filled: Checkout) -> None:
    root = filled.root
    cache = filled.write(".dvc/cache/files/md5/ab/cd", "secret")
    done = run(
        filled,
        f'!cat "{root}/data/feb.csv" 2>/dev/null',
        f'!echo x > "{root}/new.txt"',
        "!chmod 000 data/jan.csv",
        f'import subprocess\nassert subprocess.run(["cat", "{cache}"]).returncode',
    )
    assert done.code == 5, done.output
    expected = {
        "`data/feb.csv`": "undeclared-read",
        "`new.txt`": "undeclared-write",
        "`data/jan.csv`": "input-changed",
        "`.dvc/cache/files/md5/ab/cd`": "undeclared-read",
    }
    problems = filled.recorded_problems()
    for path, code in expected.items():
        assert [each.code for each in problems if path in each.message] == [code]
    assert (root / "data/jan.csv").stat().st_mode & 0o777 == 0o644


def test_what_only_native_code_saw_is_a_warning_of_a_stage_that_is_done(filled: Checkout) -> None:
    done = run(
        filled,
        f'command = "feb.csv"\n!cd "{filled.root}/data" && cat {{command}}',
        "import duckdb\nduckdb.sql(\"from read_csv('data/*.csv')\").fetchall()",
    )
    assert done.code == 0, done.output
    pattern, command = filled.records()[-1]["problems"]
    assert (pattern["code"], command["code"]) == ("unseen-files", "command-failed")
    assert 'feb: In = "data/feb.csv"' in pattern["hint"]
    assert "cat feb.csv`" in command["message"]
    assert "exit code 1" in command["message"]


def test_rights_of_a_folder_that_is_an_input_are_put_back(filled: Checkout) -> None:
    filled.write("data/parts/a.csv", "a\n1\n")
    filled.notebook("close", f'parts: In = "data/parts"\n{OUT}', "!chmod 700 data/parts", DONE)
    done = filled.run("stagebook", "run", "close")
    assert done.code == 5, done.output
    assert [one["code"] for one in filled.records()[-1]["problems"]] == ["input-changed"]
    assert (filled.root / "data/parts").stat().st_mode & 0o777 == 0o755


def test_a_pipe_or_a_link_is_no_output(filled: Checkout) -> None:
    filled.notebook(
        "odd",
        'folder: Out = "data/folder"',
        'import os\nos.mkdir(folder)\nos.mkfifo(folder + "/pipe")\n'
        f'os.symlink("{filled.root}/data/feb.csv", folder + "/link")',
    )
    done = filled.run("stagebook", "run", "odd")
    assert done.code == 5, done.output
    codes = [one["code"] for one in filled.records()[-1]["problems"]]
    assert codes == ["unfit-output", "unfit-output"]
    assert not (filled.root / "data/folder").exists()
    assert filled.left_in_executions() == []
