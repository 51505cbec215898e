"""The notebooks of a project make its pipeline, or say all that stands against it."""

import json
from collections.abc import Mapping
from pathlib import Path

import folders
import pytest
import refusals
from dvc.repo import Repo

from stagebook.notebook import source
from stagebook.notebook.distributions import Installed
from stagebook.pipeline import layout, notebooks, resolved, yaml_text
from stagebook.pipeline.layout import Layout
from stagebook.pipeline.resolved import DvcOutput
from stagebook.project.errors import Problem, StagebookError
from stagebook.project.project import Project
from stagebook.project.settings import parse_settings


def cell(text: str) -> str:
    return f'# %% tags=["parameters"]\n{text}\n'


def ipynb(text: str) -> str:
    code = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": text}
    cells = [{**code, "outputs": [], "execution_count": None}]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells})


FETCH = cell('from stagebook import Out\nx: Out = "data/x.csv"')
TRAIN = cell('from stagebook import In, Out\nx: In = "data/x.csv"\nm: Out = "models/m"\nn: int = 1')
BROKEN = cell("n = f()")


def project(root: Path, files: Mapping[str, str], settings: Mapping[str, object]) -> Project:
    folders.write(root, files)
    return Project(root, parse_settings(settings, "flights"))


def made(root: Path, files: Mapping[str, str], **settings: object) -> Project:
    return project(root, {f"notebooks/{name}": text for name, text in files.items()}, settings)


def problems(found: Project) -> tuple[Problem, ...]:
    return refusals.problems(notebooks.read_all, found)


def test_every_notebook_is_a_stage(tmp_path: Path) -> None:
    found = notebooks.read_all(made(tmp_path, {"train.py": TRAIN, "fetch.ipynb": ipynb("n = 1")}))
    assert [one.stage.name for one in found] == ["fetch", "train"]


def test_a_params_file_that_is_there_belongs_to_its_stage(tmp_path: Path) -> None:
    files = {"notebooks/train.py": TRAIN, "notebooks/fetch.py": FETCH, "params/train.yaml": "n: 2"}
    found = notebooks.read_all(project(tmp_path, files, {}))
    assert [one.stage.params for one in found] == [(), (("params/train.yaml", ()),)]


def test_what_is_wrong_in_any_notebook_is_told_at_once(tmp_path: Path) -> None:
    found = problems(
        made(tmp_path, {"a.py": BROKEN, "b.py": TRAIN, "c.py": "# %%\n", "d.ipynb": ""})
    )
    assert [(one.code, one.where.file if one.where else None) for one in found] == [
        ("not-a-literal", "notebooks/a.py"),
        ("no-parameters-cell", "notebooks/c.py"),
        ("not-json", "notebooks/d.ipynb"),
    ]


def test_two_notebooks_of_one_name_are_refused(tmp_path: Path) -> None:
    (found,) = problems(made(tmp_path, {"train.py": TRAIN, "train.ipynb": ipynb("n = 1")}))
    assert found.code == "two-notebooks"


def test_notebooks_whose_derived_names_clash_are_both_named(tmp_path: Path) -> None:
    (found,) = problems(made(tmp_path, {"1.0-fit.py": TRAIN, "1-0-fit.ipynb": ipynb("n = 1")}))
    assert found.code == "two-notebooks"
    assert "notebooks/1.0-fit.py" in found.message
    assert "notebooks/1-0-fit.ipynb" in found.message


@pytest.mark.parametrize(
    "name", ["1-0-fit", "1.0-fit", "1.0-fit.py", "notebooks/1.0-fit.py", "./1.0-fit.py"]
)
def test_a_stage_is_named_by_its_own_name_or_its_notebooks_file(tmp_path: Path, name: str) -> None:
    found = made(tmp_path, {"1.0-fit.py": TRAIN}, stages={name: {"threads": 3}})
    assert notebooks.read_one(found, name).stage.name == "1-0-fit"
    assert notebooks.stage_named(found, name) == "1-0-fit"
    assert notebooks.stage_named(found, "train@0") == "train@0"
    (one,) = notebooks.read_all(found)
    assert one.params == "params/1-0-fit.yaml"
    assert found.settings.stage(one.stage.name).threads == 3


def test_settings_for_one_stage_under_two_names_are_refused(tmp_path: Path) -> None:
    stages = {"1.0-fit": {"threads": 3}, "1-0-fit": {"threads": 2}}
    with pytest.raises(StagebookError) as caught:
        made(tmp_path, {"1.0-fit.py": TRAIN}, stages=stages)
    assert [problem.code for problem in caught.value.problems] == ["bad-setting"]


def test_settings_for_a_notebook_that_is_not_there_are_refused(tmp_path: Path) -> None:
    (found,) = problems(made(tmp_path, {"train.py": TRAIN}, stages={"trian": {"threads": 2}}))
    assert (found.code, "`train`" in found.hint) == ("unknown-stage", True)


def test_one_notebook_is_read_by_its_stages_name(tmp_path: Path) -> None:
    files = {"train.py": TRAIN, "broken.py": BROKEN}
    assert notebooks.read_one(made(tmp_path, files), "train").stage.name == "train"


@pytest.mark.parametrize(("name", "hint"), [("trian", "`train`"), ("zzz", "fetch, train")])
def test_a_stage_that_is_not_there_has_a_nearest_name(tmp_path: Path, name: str, hint: str) -> None:
    here = made(tmp_path, {"train.py": TRAIN, "fetch.py": FETCH})
    found = refusals.problem(notebooks.read_one, here, name)
    assert (found.code, hint in found.hint) == ("no-stage", True)


# Layout


def test_the_sources_stage_comes_first_and_runs_in_every_build(tmp_path: Path) -> None:
    files = {"notebooks/train.py": TRAIN + "# %%\nimport tool\n", "tool.py": "", "uv.lock": ""}
    layout = Layout.read(project(tmp_path, files, {}))
    assert [change.path for change in layout.changes] == ["dvc.yaml", ".gitignore", ".dvcignore"]
    stages = yaml_text.load(layout.changes[0].after, "dvc.yaml", plain=True)["stages"]
    assert list(stages) == ["sources", "train"]
    assert stages["sources"] == {
        "cmd": "stagebook sources",
        "outs": [".stagebook/sources/train.py"],
        "always_changed": True,
        "meta": {"stagebook": "sources"},
    }
    assert stages["train"]["deps"] == [".stagebook/sources/train.py", "data/x.csv"]


def test_the_sources_stage_of_an_older_stagebook_loses_its_deps(tmp_path: Path) -> None:
    found = made(tmp_path, {"train.py": TRAIN})
    text = Layout.read(found).changes[0].after
    older = text.replace("    always_changed: true\n", "    deps:\n      - notebooks\n").replace(
        "    meta:\n      stagebook: sources",
        "    params:\n      - pyproject.toml:\n          - tool.stagebook\n"
        "    meta:\n      stagebook: sources",
    )
    (tmp_path / "dvc.yaml").write_text(older, encoding="utf-8")
    change = Layout.read(found).changes[0]
    stages = yaml_text.load(change.after, "dvc.yaml", plain=True)["stages"]
    assert stages == yaml_text.load(text, "dvc.yaml", plain=True)["stages"]


def test_dvc_yaml_that_was_found_to_fit_is_not_read_again(tmp_path: Path) -> None:
    found = made(tmp_path, {"train.py": TRAIN})
    for change in Layout.read(found).changes:
        change.write(tmp_path)
    read = notebooks.read_all(found)
    fits = layout.require_fit(found, read, "")
    assert layout.require_fit(found, read, fits) == fits
    assert layout.require_fit(found, read, "another") == fits


@pytest.mark.parametrize("file", ["dvc.yaml", "notebooks/train.py"])
def test_what_was_found_to_fit_does_not_fit_after_a_change(tmp_path: Path, file: str) -> None:
    found = made(tmp_path, {"train.py": TRAIN})
    for change in Layout.read(found).changes:
        change.write(tmp_path)
    fits = layout.require_fit(found, notebooks.read_all(found), "")
    path = tmp_path / file
    path.write_text(path.read_text(encoding="utf-8").replace("models/m", "models/other"))
    with pytest.raises(StagebookError) as caught:
        layout.require_fit(found, notebooks.read_all(found), fits)
    assert [one.code for one in caught.value.problems] == ["out-of-sync"]


def test_a_layout_that_is_written_needs_no_change(tmp_path: Path) -> None:
    found = made(tmp_path, {"train.py": TRAIN, "fetch.py": FETCH})
    for change in Layout.read(found).changes:
        change.write(tmp_path)
    assert Layout.read(found).changes == ()


def test_a_layout_has_stages_in_order_and_the_source_of_each(tmp_path: Path) -> None:
    found = made(tmp_path, {"a.py": TRAIN, "b.py": FETCH})
    layout = Layout.read(found)
    assert [stage.name for stage in layout.pipeline.stages] == ["b", "a"]
    made_of = notebooks.makings(found, layout.notebooks, Installed({}))
    texts = {one.source.stage: source.render(one.source) for one in made_of}
    assert "n: int = 1" in texts["a"]


def test_without_notebooks_dvc_yaml_stays_unwritten(tmp_path: Path) -> None:
    layout = Layout.read(made(tmp_path, {}))
    assert "dvc.yaml" not in [change.path for change in layout.changes]


def test_without_notebooks_sync_says_where_it_looked_and_where_some_are(tmp_path: Path) -> None:
    files = {"notebooks/eda/a.ipynb": "", "b.ipynb": "", ".ipynb_checkpoints/b.ipynb": ""}
    (warning,) = Layout.read(project(tmp_path, files, {})).warnings
    assert warning.code == "no-notebooks"
    assert "notebooks/" in warning.message
    assert "., notebooks/eda" in warning.hint


def test_notebooks_are_found_however_deep_they_are(tmp_path: Path) -> None:
    files = {f"work/{year}/q/a.ipynb": "" for year in range(2020, 2024)}
    files |= {"venv/pyvenv.cfg": "", "venv/share/b.ipynb": "", "notebooks/plain.py": "x = 1"}
    (warning,) = Layout.read(project(tmp_path, files, {})).warnings
    assert "work/2020/q, work/2021/q, work/2022/q" in warning.hint
    assert "2023" not in warning.hint
    (tmp_path / "none").mkdir()
    (warning,) = Layout.read(project(tmp_path / "none", {}, {})).warnings
    assert warning.code == "no-notebooks"
    assert "work" not in warning.hint


def test_notebooks_that_contradict_a_hand_written_stage_are_refused(tmp_path: Path) -> None:
    text = "stages:\n  get:\n    cmd: x\n    outs: [data]\n"
    files = {"dvc.yaml": text, "notebooks/fetch.py": FETCH}
    with pytest.raises(StagebookError) as caught:
        Layout.read(project(tmp_path, files, {}))
    assert [one.code for one in caught.value.problems] == ["claimed-twice"]


def test_everything_that_is_made_is_known(tmp_path: Path) -> None:
    text = "stages:\n  get:\n    cmd: x\n    outs: [data]\n"
    assert notebooks.products(project(tmp_path, {"dvc.yaml": text}, {})) == (
        "data",
        "dvc.lock",
        ".gitignore",
    )


def test_a_derived_name_is_shown_with_its_notebook(tmp_path: Path) -> None:
    layout = Layout.read(made(tmp_path, {"1.0-fit.py": TRAIN, "fetch.py": FETCH}))
    assert layout.derived == (("notebooks/1.0-fit.py", "1-0-fit"),)


IMPORTS = "# %%\nimport pandas as pd\nimport features\n"


def test_a_text_notebook_that_hides_a_module_that_is_used_is_refused(tmp_path: Path) -> None:
    text = cell("n: int = 1")
    names = ["pandas", "numpy", "traitlets", "features", "input", "sklearn"]
    files = {
        "src/features/__init__.py": "",
        "notebooks/fit.py": text + IMPORTS,
        **{f"notebooks/{name}.py": text for name in names},
    }
    with pytest.raises(StagebookError) as caught:
        Layout.read(project(tmp_path, files, {}))
    found = {problem.where.file: problem for problem in caught.value.problems if problem.where}
    assert {problem.code for problem in found.values()} == {"bad-stage-name"}
    assert sorted(found) == [f"notebooks/{name}.py" for name in sorted(names[:4])]
    assert "jupytext --to ipynb notebooks/numpy.py" in found["notebooks/numpy.py"].hint


def test_a_text_notebook_may_be_imported_by_another(tmp_path: Path) -> None:
    files = {"fit.py": cell("n: int = 1") + "# %%\nimport fetch\n", "fetch.py": FETCH}
    assert [stage.name for stage in Layout.read(made(tmp_path, files)).pipeline.stages]


def test_sync_takes_a_byte_order_mark_out_of_the_settings_since_dvc_fails_at_it(
    tmp_path: Path,
) -> None:
    settings = b'\xef\xbb\xbf[tool.stagebook]\r\nname = "x"\r\n'
    (tmp_path / "pyproject.toml").write_bytes(settings)
    found = Project.find(tmp_path)
    assert found.settings.name == "x"
    for change in Layout.read(found).changes:
        change.write(tmp_path)
    assert (tmp_path / "pyproject.toml").read_bytes() == settings[3:]


def test_hand_written_stages_of_a_matrix_are_resolved_by_dvc(tmp_path: Path) -> None:
    text = "stages:\n  m:\n    matrix: {m: [1, 2]}\n    cmd: x\n    outs: ['data/${item.m}']\n"
    Repo.init(str(tmp_path), no_scm=True).close()
    found = project(tmp_path, {"dvc.yaml": text, "notebooks/fit.py": TRAIN}, {"report": {}})
    assert notebooks.written_by_hand(found, text) == {"data/1": "m@1", "data/2": "m@2"}
    layout = Layout.read(found)
    site = yaml_text.load(layout.text(found), "dvc.yaml", plain=True)["stages"]["site"]
    assert {"data/1", "data/2"} < set(site["deps"])
    assert layout.with_outputs(found, resolved.outputs(tmp_path, layout.text(found))).changes


def test_an_output_that_git_tracks_is_told_at_sync(tmp_path: Path) -> None:
    found = made(tmp_path, {"fetch.py": FETCH})
    layout = Layout.read(found).with_outputs(found, (DvcOutput("fetch", "a b", tracked=True),))
    (warning,) = layout.warnings
    assert warning.code == "tracked-output"
    assert warning.hint.endswith("git rm -r --cached 'a b'")
