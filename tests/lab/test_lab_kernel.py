"""The extension in kernels of their own, spoken to as frontends do."""

from collections.abc import Callable
from pathlib import Path

from lab_kernels import SIGNATURE, Kernel, Little

from stagebook.execution.variables import INSIDE

Start = Callable[..., Kernel]


def test_jupyterlab_gets_the_builds_values_under_the_cell(little: Little, start: Start) -> None:
    kernel = start(little.root / "notebooks")
    kernel.run("%load_ext stagebook", cellId="first")
    shown = kernel.run(SIGNATURE, cellId="signature", tags=["parameters"], trusted=True)
    first = shown.plain.splitlines()[0]
    assert first.startswith("train: ")
    assert "`params/train.yaml`" in first
    assert "2 of 3" in first
    assert "<table>" in shown.html
    assert kernel.run("rate, depth, names").plain == "(1.0, None, ['a'])"


def test_vs_code_may_start_above_the_project_and_sends_no_tags(
    little: Little, start: Start
) -> None:
    kernel = start(little.root.parent)
    kernel.run(f"__vsc_ipynb_file__ = {str(little.root / 'notebooks/train.ipynb')!r}")
    assert "`little/`" in kernel.run("%load_ext stagebook").plain
    kernel.run(SIGNATURE, cellId="vscode-notebook-cell:/train.ipynb#W0")
    assert kernel.run("rate").plain == "1.0"


def test_local_modules_import_as_in_a_build(little: Little, start: Start) -> None:
    kernel = start(little.root / "notebooks")
    kernel.run("%load_ext stagebook")
    assert kernel.run("from near import WHO; WHO").plain == "'near'"


def test_a_kernel_of_a_build_is_left_alone(little: Little, start: Start) -> None:
    kernel = start(little.root / "notebooks", **{INSIDE: "20130101T000000-train"})
    before = kernel.run("import os, sys; (os.getcwd(), sys.path)").plain
    assert kernel.run("%load_ext stagebook").all == ""
    assert kernel.run(SIGNATURE, cellId="signature", tags=["parameters"]).all == ""
    assert kernel.run("rate, depth").plain == "(0.5, 3)"
    assert kernel.run("import os, sys; (os.getcwd(), sys.path)").plain == before


def test_the_magic_is_silent_in_a_kernel_of_a_build(little: Little, start: Start) -> None:
    kernel = start(little.root / "notebooks", **{INSIDE: "20130101T000000-train"})
    kernel.run("%load_ext stagebook")
    shown = kernel.run("%stagebook build\n%stagebook\n%stagebook nonsense")
    assert (shown.all, shown.failed) == ("", False)


def test_without_a_project_the_kernel_says_what_to_do_and_works_on(
    tmp_path: Path, start: Start
) -> None:
    kernel = start(tmp_path)
    shown = kernel.run("%load_ext stagebook")
    (problem,) = shown.problems
    assert problem.code == "no-project"
    assert "`[tool.stagebook]`" in problem.hint
    assert "`%reload_ext stagebook`" in shown.plain
    assert "Traceback" not in shown.all
    assert kernel.run(SIGNATURE).all == ""
    assert kernel.run("1 + 1").plain == "2"


def test_tab_completes_the_words(little: Little, start: Start) -> None:
    kernel = start(little.root / "notebooks")
    kernel.run("%load_ext stagebook")
    assert "defaults" in kernel.complete("%stagebook d")


def test_nothing_heavy_or_odd_is_left_in_the_kernel(little: Little, start: Start) -> None:
    kernel = start(little.root / "notebooks")
    kernel.run("import sys; before = {name for name, one in sys.modules.items() if one is None}")
    kernel.run("%load_ext stagebook")
    kernel.run(SIGNATURE, cellId="signature")
    heavy = {"dvc.repo", "mlflow", "nbconvert", "pandas", "papermill", "rfc3987_syntax", "rich"}
    assert kernel.run(f"{heavy} & set(sys.modules)").plain == "set()"
    odd = "{name for name, one in sys.modules.items() if one is None} - before"
    assert kernel.run(odd).plain == "set()"


WHERE = "import os; os.getcwd()"


def test_a_stages_notebook_is_active_before_its_first_cell(little: Little, start: Start) -> None:
    file = little.root / "notebooks/train.ipynb"
    kernel = start(file.parent, JPY_SESSION_NAME=str(file))
    assert kernel.run("from near import WHO; WHO").plain.endswith("'near'")
    assert kernel.run(WHERE).plain == repr(str(little.root))
    kernel.run(SIGNATURE, cellId="signature", tags=["parameters"])
    assert kernel.run("rate, depth").plain == "(1.0, None)"
    assert kernel.run("%load_ext stagebook").all == ""
    assert kernel.run("rate").plain == "1.0"
    shown = kernel.run("open(raw)")
    assert "dvc repro ingest" in shown.all
    assert "Traceback" not in shown.all


def test_vs_code_names_the_file_when_the_kernel_runs_already(little: Little, start: Start) -> None:
    kernel = start(little.root.parent)
    kernel.run(f"__vsc_ipynb_file__ = {str(little.root / 'notebooks/train.ipynb')!r}")
    assert kernel.run("from near import WHO; WHO").plain.endswith("'near'")


def test_a_front_end_that_names_no_file_is_active_from_the_parameters_cell_on(
    little: Little, start: Start
) -> None:
    kernel = start(little.root / "notebooks")
    assert kernel.run(WHERE).plain == repr(str(little.root / "notebooks"))
    shown = kernel.run(SIGNATURE.replace("\n\n", "\nfrom near import WHO\n", 1))
    assert "`little/`" in shown.plain
    assert "\ntrain: " in shown.plain
    assert kernel.run("rate, WHO").plain == "(1.0, 'near')"


def test_a_kernel_that_has_not_loaded_the_extension_is_active_by_the_import(
    little: Little, start: Start, tmp_path: Path
) -> None:
    profile = tmp_path / "ipython/profile_default"
    profile.mkdir(parents=True)
    (profile / "ipython_kernel_config.py").write_text("c.IPKernelApp.extra_extensions = []\n")
    kernel = start(little.root / "notebooks")
    assert kernel.run("import sys; 'stagebook' in sys.modules").plain == "False"
    kernel.run(SIGNATURE.replace("\n\n", "\nfrom near import WHO\n", 1))
    assert kernel.run("rate, WHO").plain == "(1.0, 'near')"


def test_a_runner_without_a_person_is_left_alone(little: Little, start: Start) -> None:
    file = little.root / "notebooks/train.ipynb"
    kernel = start(file.parent, JPY_SESSION_NAME=str(file))
    shown = kernel.run(SIGNATURE, person=False, cellId="signature", tags=["parameters"])
    assert shown.all == ""
    assert kernel.run(f"rate, model, {WHERE[11:]}", person=False).failed
    where = kernel.run(WHERE, person=False).plain
    assert where == repr(str(file.parent))
    assert kernel.run("rate, model", person=False).plain == "(0.5, 'models/model.pkl')"


def test_other_notebooks_keep_their_folder(little: Little, start: Start) -> None:
    other = little.root / "scratch"
    other.mkdir()
    kernel = start(other, JPY_SESSION_NAME=str(other / "look.ipynb"))
    assert kernel.run(f"import stagebook; {WHERE}").plain == repr(str(other))
    assert kernel.run("rate: int = 1", tags=["parameters"]).all == ""
    untagged = little.notebook("notes", "x = 1\n", tagged=False)
    kernel = start(untagged.parent, JPY_SESSION_NAME=str(untagged))
    assert kernel.run(WHERE).plain == repr(str(untagged.parent))


def test_without_a_project_nothing_is_said_or_changed(tmp_path: Path, start: Start) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool\n")
    kernel = start(tmp_path, JPY_SESSION_NAME=str(tmp_path / "train.ipynb"))
    assert kernel.run(WHERE).all == repr(str(tmp_path))
    assert kernel.run("import stagebook").all == ""
    assert kernel.run("import sys; 'stagebook.lab.recognition' in sys.modules").plain == "False"


def test_a_fault_of_the_extension_leaves_the_cell_alone(little: Little, start: Start) -> None:
    file = little.root / "notebooks/train.ipynb"
    kernel = start(file.parent, JPY_SESSION_NAME=str(file))
    broken = "from stagebook.lab import extension\ndel extension.activate"
    kernel.run(broken, person=False)
    shown = kernel.run("1 + 1")
    assert "AttributeError" in shown.printed
    assert (shown.plain, shown.failed) == ("2", False)
    assert kernel.run("1 + 2").all == "3"


THREADS = "import os; [os.environ.get(f'{n}_NUM_THREADS') for n in ('OMP', 'OPENBLAS')]"


def test_threads_are_those_of_the_stages_build(little: Little, start: Start) -> None:
    with (little.root / "pyproject.toml").open("a") as settings:
        settings.write("threads = 3\n[tool.stagebook.stages.train]\nthreads = 2\n")
    file = little.root / "notebooks/train.ipynb"
    kernel = start(file.parent, JPY_SESSION_NAME=str(file), OMP_NUM_THREADS="7")
    shown = kernel.run("import numpy")
    assert "note" not in shown.all
    assert kernel.run(THREADS).plain == "['2', '2']"
    assert kernel.run("os.environ['GOMP_SPINCOUNT']").plain == "'1000'"


def test_a_library_that_was_loaded_before_is_said_to_have_other_threads(
    little: Little, start: Start
) -> None:
    kernel = start(little.root / "notebooks")
    kernel.run("import numpy")
    shown = kernel.run(SIGNATURE, cellId="signature")
    assert "threads-too-late" in shown.codes
    assert "threads-too-late" not in kernel.run(SIGNATURE, cellId="signature").codes
