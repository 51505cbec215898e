"""The extension in kernels of their own, spoken to as frontends do."""

from collections.abc import Callable
from pathlib import Path

from lab_kernels import SIGNATURE, Kernel, Little

from stagebook.execution.kernel import INSIDE

Start = Callable[..., Kernel]


def test_jupyterlab_gets_the_builds_values_under_the_cell(little: Little, start: Start) -> None:
    kernel = start(little.root / "notebooks")
    kernel.run("%load_ext stagebook", cellId="first")
    shown = kernel.run(SIGNATURE, cellId="signature", tags=["parameters"], trusted=True)
    assert "train: the build's values, from `params/train.yaml`; 2 of 3 differ" in shown.plain
    assert "<table>" in shown.html
    assert kernel.run("rate, depth, names").plain == "(1.0, None, ['a'])"


def test_vs_code_may_start_above_the_project_and_sends_no_tags(
    little: Little, start: Start
) -> None:
    kernel = start(little.root.parent)
    kernel.run(f"__vsc_ipynb_file__ = {str(little.root / 'notebooks/train.ipynb')!r}")
    assert "project's root, `little/`" in kernel.run("%load_ext stagebook").plain
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
    assert "There is no Stagebook project" in shown.plain
    assert "add a line `[tool.stagebook]` to pyproject.toml" in shown.plain
    assert "Then: `%reload_ext stagebook`" in shown.plain
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
