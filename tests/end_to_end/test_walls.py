"""What a stage may touch: only what its notebook declares, in Python and in native code."""

import json

import pytest
from checkout import Checkout

from stagebook.project.errors import Where

pytestmark = [pytest.mark.slow, pytest.mark.undelivered]

OUT = 'result: Out = "data/result.txt"'
DONE = 'open(result, "w").write("done")'

READERS = {
    "pandas": 'import pandas as pd\npd.read_csv("{path}")',
    "pandas, parquet": 'import pandas as pd\npd.read_parquet("{path}")',
    "pyarrow, native": 'import pyarrow.parquet as pq\npq.read_table("{path}")',
    "pyarrow, dataset": 'import pyarrow.dataset as ds\nds.dataset("{path}").to_table()',
    "a child process": 'import subprocess\nsubprocess.run(["cat", "{path}"], check=True)',
}
WRITERS = {
    "pandas": 'import pandas as pd\npd.DataFrame({{"a": [1]}}).to_csv("{path}")',
    "pyarrow, native": (
        "import pyarrow as pa, pyarrow.parquet as pq\n"
        'pq.write_table(pa.table({{"a": [1]}}), "{path}")'
    ),
}


def give_data(project: Checkout) -> None:
    code = (
        "import pandas as pd; frame = pd.DataFrame({'a': [1, 2]});"
        "frame.to_csv('data/other.csv'); frame.to_parquet('data/other.parquet')"
    )
    (project.root / "data").mkdir()
    project.ok("python", "-c", code)


@pytest.mark.parametrize(
    ("reader", "absolute"),
    [
        ("pandas", False),
        ("pandas", True),
        ("pandas, parquet", False),
        ("pandas, parquet", True),
        ("pyarrow, native", False),
        ("pyarrow, native", True),
        ("pyarrow, dataset", True),
        ("a child process", True),
    ],
)
def test_reading_an_undeclared_file_fails_and_names_the_line_to_add(
    project: Checkout, reader: str, absolute: bool
) -> None:
    give_data(project)
    path = "data/other.csv" if reader in ("pandas", "a child process") else "data/other.parquet"
    used = str(project.root / path) if absolute else path
    project.notebook("read", OUT, READERS[reader].format(path=used), DONE)
    done = project.run("stagebook", "run", "read")
    assert done.code != 0
    assert not (project.root / "data" / "result.txt").exists()
    if reader != "a child process":  # another program tells of it in words of its own
        assert done.code == 5, done.output
        problem = project.recorded_problem("undeclared-read")
        assert f"`{path}`" in problem.message
        assert f'other: In = "{path}"' in problem.hint


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("absolute", [False, True], ids=["relative", "absolute"])
def test_writing_an_undeclared_file_fails_and_names_the_line_to_add(
    project: Checkout, writer: str, absolute: bool
) -> None:
    path = "data/extra.parquet"
    used = str(project.root / path) if absolute else path
    (project.root / "data").mkdir()
    project.notebook("write", OUT, WRITERS[writer].format(path=used), DONE)
    done = project.run("stagebook", "run", "write")
    assert done.code == 5, done.output
    problem = project.recorded_problem("undeclared-write")
    assert f"`{path}`" in problem.message
    assert f'extra: Out = "{path}"' in problem.hint
    assert sorted(file.name for file in (project.root / "data").iterdir()) == []


@pytest.mark.parametrize("absolute", [True, False])
def test_an_undeclared_read_fails_even_where_the_notebook_swallows_the_error(
    project: Checkout, absolute: bool
) -> None:
    give_data(project)
    path = f"{project.root}/data/other.csv" if absolute else "data/other.csv"
    project.notebook("sly", OUT, f'try:\n    open("{path}")\nexcept OSError:\n    pass', DONE)
    done = project.run("stagebook", "run", "sly")
    assert done.code == 5
    problem = project.recorded_problem("undeclared-read")
    assert "`data/other.csv`" in problem.message


def test_listing_an_undeclared_folder_fails(project: Checkout) -> None:
    give_data(project)
    project.notebook("list", OUT, f'import os\nos.listdir("{project.root / "data"}")', DONE)
    assert project.run("stagebook", "run", "list").code == 5


@pytest.mark.parametrize(
    "change",
    [
        'open(data, "a").write("more")',
        'import pathlib\npathlib.Path(data).unlink()\nopen(data, "w").write("new")',
        'import pyarrow as pa, pyarrow.csv as c\nc.write_csv(pa.table({"a": [1]}), data)',
        "import os\ntry:\n    os.truncate(data, 0)\nexcept OSError:\n    pass",
    ],
    ids=["appended", "replaced", "native", "swallowed"],
)
def test_an_input_that_the_notebook_changes_fails_and_is_as_it_was(
    project: Checkout, change: str
) -> None:
    project.write("data/in.csv", "a\n1\n")
    project.notebook("change", f'data: In = "data/in.csv"\n{OUT}', change, DONE)
    done = project.run("stagebook", "run", "change")
    assert done.code == 5, done.output
    assert "`data/in.csv`" in project.recorded_problem("input-changed").message
    assert project.read("data/in.csv") == "a\n1\n"


def test_a_folder_can_be_input_and_output(project: Checkout) -> None:
    project.write("data/parts/a.txt", "1")
    project.write("data/parts/deep/b.txt", "2")
    project.notebook(
        "folders",
        'parts: In = "data/parts"\ncopies: Out = "data/copies"',
        "import pathlib, shutil\nshutil.copytree(parts, copies)",
    )
    project.ok("stagebook", "run", "folders")
    assert project.read("data/copies/deep/b.txt") == "2"


def test_a_list_of_paths_is_laid_out_and_collected(project: Checkout) -> None:
    project.write("data/a.txt", "1")
    project.write("data/b.txt", "2")
    project.notebook(
        "many",
        'ins: In = ["data/a.txt", "data/b.txt"]\nouts: Out = ["data/c.txt", "data/d.txt"]',
        "for one, other in zip(ins, outs):\n    open(other, 'w').write(open(one).read())",
    )
    project.ok("stagebook", "run", "many")
    assert [project.read("data/c.txt"), project.read("data/d.txt")] == ["1", "2"]


def test_an_output_that_is_not_written_fails_with_the_line_that_declares_it(
    project: Checkout,
) -> None:
    project.notebook("lazy", OUT, "1 + 1")
    done = project.run("stagebook", "run", "lazy")
    assert done.code == 5
    (problem,) = project.recorded_problems()
    assert (problem.code, problem.where) == ("no-output", Where("notebooks/lazy.py", 1, 2))
    assert "`data/result.txt`" in problem.message


def test_outputs_land_all_or_none(project: Checkout) -> None:
    project.write("data/one.txt", "old")
    project.notebook(
        "two",
        'one: Out = "data/one.txt"\ntwo: Out = "data/two.txt"',
        'open(one, "w").write("new")\nraise ValueError("half-way")',
    )
    done = project.run("stagebook", "run", "two")
    assert done.code == 1
    assert project.read("data/one.txt") == "old"
    assert not (project.root / "data" / "two.txt").exists()


def test_code_that_no_import_statement_names_cannot_be_loaded(project: Checkout) -> None:
    project.write("src/hidden.py", "answer = 42\n")
    load = 'import importlib\nname = "hid" + "den"\nimportlib.import_module(name)'
    project.notebook("dynamic", OUT, load, DONE)
    done = project.run("stagebook", "run", "dynamic")
    assert done.code == 5
    assert "`src/hidden.py`" in project.recorded_problem("unseen-module").message


def test_a_helper_beside_the_notebook_and_one_in_src_can_be_imported(project: Checkout) -> None:
    project.write("notebooks/beside.py", "one = 1\n")
    project.write("src/package/inner.py", "two = 2\n")
    project.notebook(
        "both",
        OUT,
        "import beside\nfrom package import inner",
        "assert beside.one + inner.two == 3",
        DONE,
    )
    project.ok("stagebook", "run", "both")


def test_temporary_files_and_the_home_folder_work_as_ever(project: Checkout) -> None:
    home = project.root.parent / "home"
    home.mkdir()
    project.env["HOME"] = str(home)
    cell = (
        "import pathlib, tempfile\n"
        "tempfile.NamedTemporaryFile().write(b'x')\n"
        "(pathlib.Path.home() / 'cache').mkdir()"
    )
    project.notebook("home", OUT, cell, DONE)
    project.ok("stagebook", "run", "home")
    assert (home / "cache").is_dir()


def test_a_persons_ipython_start_up_files_are_no_part_of_a_build(project: Checkout) -> None:
    start = project.root.parent / "ipython" / "profile_default" / "startup"
    start.mkdir(parents=True)
    (start / "mine.py").write_text("from_startup = 1\n")
    project.env["IPYTHONDIR"] = str(start.parents[1])
    project.notebook("clean", OUT, 'assert "from_startup" not in globals()', DONE)
    project.ok("stagebook", "run", "clean")


def test_threads_and_hash_seed_are_fixed_in_the_kernel(project: Checkout) -> None:
    project.write("pyproject.toml", '[project]\nname = "x"\n[tool.stagebook]\nthreads = 3\n')
    cell = (
        "import json, os\n"
        'keep = ("OMP_NUM_THREADS", "PYTHONHASHSEED")\n'
        'open(result, "w").write(json.dumps({name: os.environ[name] for name in keep}))'
    )
    project.notebook("fixed", OUT, cell)
    project.ok("stagebook", "run", "fixed")
    found = json.loads(project.read("data/result.txt"))
    assert found == {"OMP_NUM_THREADS": "3", "PYTHONHASHSEED": "0"}


def test_an_input_that_lies_outside_the_project_cannot_be_changed_either(
    project: Checkout,
) -> None:
    outside = project.root.parent / "elsewhere"
    outside.mkdir()
    (outside / "in.csv").write_text("a\n1\n")
    (project.root / "data").symlink_to(outside)
    project.notebook(
        "change", 'data: In = "data/in.csv"\nresult: Out = "made/x.txt"', "!echo 9 >> {data}", DONE
    )
    done = project.run("stagebook", "run", "change")
    assert done.code == 5, done.output
    assert (outside / "in.csv").read_text() == "a\n1\n"


def test_an_error_that_speaks_of_a_file_is_not_taken_for_a_read(project: Checkout) -> None:
    project.write("docs/help.md", "help")
    project.notebook("speak", OUT, 'raise ValueError("see docs/help.md")', DONE)
    done = project.run("stagebook", "run", "speak")
    assert done.code == 1
    assert [problem.code for problem in project.recorded_problems()] == ["cell-failed"]


def test_what_a_person_set_for_their_own_python_is_no_part_of_a_build(project: Checkout) -> None:
    start = project.root.parent / "start.py"
    start.write_text("mine = 1\n")
    project.env["PYTHONSTARTUP"] = str(start)
    project.notebook("clean", OUT, 'assert "mine" not in globals()', DONE)
    project.ok("stagebook", "run", "clean")


def test_many_scratch_files_are_told_as_their_folder(project: Checkout) -> None:
    cell = "import pathlib\nfor n in range(20):\n    p = pathlib.Path(f'scratch/{n}.log')\n"
    cell += "    p.parent.mkdir(exist_ok=True)\n    p.write_text('x')"
    project.notebook("scratch", OUT, cell, DONE)
    done = project.run("stagebook", "run", "scratch")
    assert done.code == 5
    (problem,) = project.recorded_problems()
    assert (problem.code, "`scratch`" in problem.message) == ("undeclared-write", True)


def test_a_folder_above_the_project_is_told_to_be_closed(project: Checkout) -> None:
    above = project.root.parent / "new"
    project.notebook("above", OUT, f'import os\nos.mkdir("{above}")', DONE)
    done = project.run("stagebook", "run", "above")
    assert done.code == 1, done.output
    (problem,) = project.recorded_problems()
    assert problem.code == "cell-failed"
    assert str(above) in problem.message
    assert problem.hint
