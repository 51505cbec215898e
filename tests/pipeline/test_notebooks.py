"""The notebooks of a project make its pipeline, or say all that stands against it."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from stagebook.errors import Problem, StagebookError
from stagebook.notebook import source
from stagebook.pipeline import notebooks, yaml_text
from stagebook.pipeline.notebooks import Layout
from stagebook.project import Project
from stagebook.settings import parse_settings


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
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return Project(root, parse_settings(settings, "flights"))


def made(root: Path, files: Mapping[str, str], **settings: object) -> Project:
    return project(root, {f"notebooks/{name}": text for name, text in files.items()}, settings)


def problems(found: Project) -> list[Problem]:
    with pytest.raises(StagebookError) as caught:
        notebooks.read_all(found)
    return list(caught.value.problems)


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


def test_settings_for_a_notebook_that_is_not_there_are_refused(tmp_path: Path) -> None:
    (found,) = problems(made(tmp_path, {"train.py": TRAIN}, stages={"trian": {"threads": 2}}))
    assert (found.code, found.hint) == ("unknown-stage", "Did you mean `train`?")


def test_one_notebook_is_read_by_its_stages_name(tmp_path: Path) -> None:
    files = {"train.py": TRAIN, "broken.py": BROKEN}
    assert notebooks.read_one(made(tmp_path, files), "train").stage.name == "train"


@pytest.mark.parametrize(
    ("name", "hint"), [("trian", "Did you mean `train`?"), ("zzz", "It has: fetch, train.")]
)
def test_a_stage_that_is_not_there_has_a_nearest_name(tmp_path: Path, name: str, hint: str) -> None:
    with pytest.raises(StagebookError) as caught:
        notebooks.read_one(made(tmp_path, {"train.py": TRAIN, "fetch.py": FETCH}), name)
    (found,) = caught.value.problems
    assert (found.code, found.hint) == ("no-stage", hint)


# Layout


def test_the_sources_stage_comes_first_and_depends_on_what_notebooks_import(
    tmp_path: Path,
) -> None:
    files = {
        "notebooks/train.py": TRAIN + "# %%\nimport flights.features\nimport helper, tool\n",
        "notebooks/helper.py": "",
        "src/flights/__init__.py": "",
        "src/flights/features.py": "",
        "src/unused/__init__.py": "",
        "tool.py": "",
        "uv.lock": "",
    }
    layout = Layout.read(project(tmp_path, files, {}))
    assert [change.path for change in layout.changes] == ["dvc.yaml", ".gitignore", ".dvcignore"]
    stages = yaml_text.load(layout.changes[0].after, "dvc.yaml", plain=True)["stages"]
    assert list(stages) == ["sources", "train"]
    assert stages["sources"]["deps"] == ["notebooks", "src/flights", "tool.py", "uv.lock"]
    assert stages["train"]["deps"] == [".stagebook/sources/train.py", "data/x.csv"]


def test_a_helper_beside_the_notebooks_needs_no_code_folder(tmp_path: Path) -> None:
    files = {"train.py": TRAIN + "# %%\nimport helper\n", "helper.py": ""}
    layout = Layout.read(made(tmp_path, files, code=["src"]))
    stages = yaml_text.load(layout.changes[0].after, "dvc.yaml", plain=True)["stages"]
    assert stages["sources"]["deps"] == ["notebooks"]


def test_a_layout_that_is_written_needs_no_change(tmp_path: Path) -> None:
    found = made(tmp_path, {"train.py": TRAIN, "fetch.py": FETCH})
    for change in Layout.read(found).changes:
        change.write(tmp_path)
    assert Layout.read(found).changes == ()


def test_a_layout_has_stages_in_order_and_the_source_of_each(tmp_path: Path) -> None:
    layout = Layout.read(made(tmp_path, {"a.py": TRAIN, "b.py": FETCH}))
    assert [stage.name for stage in layout.pipeline.stages] == ["b", "a"]
    texts = {one.stage: source.render(one) for one in layout.sources}
    assert "n: int = 1" in texts["a"]


def test_without_notebooks_dvc_yaml_stays_unwritten(tmp_path: Path) -> None:
    layout = Layout.read(made(tmp_path, {}))
    assert "dvc.yaml" not in [change.path for change in layout.changes]


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
        ".gitignore",
        "dvc.lock",
    )
