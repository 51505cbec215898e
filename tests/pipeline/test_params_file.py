"""A params file is names with values, each with its line."""

import datetime
import math
from pathlib import Path
from typing import Any

import folders
import pytest
from dvc.utils.serialize import parse_yaml

from stagebook.pipeline import params_file
from stagebook.pipeline.params_file import ParamsFile
from stagebook.project.errors import StagebookError, Where
from stagebook.project.project import Project
from stagebook.project.settings import Settings

PATH = "params/train.yaml"


def values(text: str) -> dict[str, Any]:
    return dict(params_file.parse(text, PATH).values)


def test_names_have_values_and_lines() -> None:
    text = "# The seed.\nseed: 5\n\nrates:\n  - 0.1\n  - 0.2\nlast: null\n"
    assert params_file.parse(text, PATH) == ParamsFile(
        PATH,
        {"seed": 5, "rates": [0.1, 0.2], "last": None},
        {"seed": 2, "rates": 4, "last": 7},
    )


@pytest.mark.parametrize("text", ["", "\n", "# only\n", "---\n", "null\n"])
def test_an_empty_file_has_no_values(text: str) -> None:
    assert params_file.parse(text, PATH) == ParamsFile(PATH, {}, {})


def test_a_file_that_is_not_there_has_no_values(tmp_path: Path) -> None:
    assert params_file.read(PATH, tmp_path) == ParamsFile(PATH, {}, {})


def test_a_file_is_read_as_utf_8(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes("größe: 'é'\r\n".encode())
    assert params_file.read("a.yaml", tmp_path).values == {"größe": "é"}


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes("größe: 1".encode("latin-1"))
    with pytest.raises(StagebookError) as caught:
        params_file.read("a.yaml", tmp_path)
    (problem,) = caught.value.problems
    assert (problem.code, problem.where) == ("bad-encoding", Where("a.yaml"))


SCALARS = {
    "1_000": 1000,
    "1e3": 1000.0,
    "1.": 1.0,
    ".inf": math.inf,
    "-.inf": -math.inf,
    "0o10": 8,
    "010": 10,
    "true": True,
    "yes": "yes",
    "on": "on",
    "~": None,
    "12:30:00": "12:30:00",
    "2013-10-01": datetime.date(2013, 10, 1),
    "'2013-10-01'": "2013-10-01",
    "[1, a, {b: 2}]": [1, "a", {"b": 2}],
}


@pytest.mark.parametrize(("text", "value"), SCALARS.items())
def test_a_value_is_what_yaml_1_2_says(text: str, value: Any) -> None:
    assert repr(values(f"a: {text}")) == repr({"a": value})


@pytest.mark.parametrize("text", SCALARS)
def test_a_value_is_what_dvc_tracks(text: str) -> None:
    assert repr(values(f"a: {text}")) == repr(dict(parse_yaml(f"a: {text}", PATH)))


def test_names_are_texts() -> None:
    assert values("2: a\ntrue: b\n") == {"2": "a", "True": "b"}


def test_a_name_that_a_merge_brings_has_no_line() -> None:
    found = params_file.parse("base: &base {a: 1}\n<<: *base\n", PATH)
    assert found.values == {"base": {"a": 1}, "a": 1}
    assert found.lines == {"base": 1}


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\nb: [1\n", "bad-yaml", 3),
        ("a: 1\na: 2\n", "bad-yaml", 2),
        ("a: 1\nb: !custom x\n", "bad-yaml", 2),
        ("- 1\n- 2\n", "bad-params", 1),
        ("text\n", "bad-params", 1),
        ("5\n", "bad-params", 1),
        ("a: \x07\n", "bad-yaml", None),
    ],
)
def test_a_file_that_holds_no_names_is_refused(text: str, code: str, line: int | None) -> None:
    with pytest.raises(StagebookError) as caught:
        params_file.parse(text, PATH)
    (problem,) = caught.value.problems
    assert (problem.code, problem.where) == (code, Where(PATH, line=line))


def project(root: Path, folder: str, *files: str) -> Project:
    folders.write(root, dict.fromkeys(files, "n: 1\n"))
    return Project(root, Settings("flights", params=folder))


@pytest.mark.parametrize(
    ("folder", "path"), [("params", PATH), (".", "train.yaml"), ("a/b", "a/b/train.yaml")]
)
def test_a_params_file_is_named_after_its_stage(tmp_path: Path, folder: str, path: str) -> None:
    assert params_file.locate("notebooks/train.ipynb", project(tmp_path, folder)) == path


@pytest.mark.parametrize("name", ["1.0-fit", "1-0-fit"])
def test_a_params_file_may_bear_the_name_of_the_notebooks_file(tmp_path: Path, name: str) -> None:
    found = project(tmp_path, "params", f"params/{name}.yaml")
    assert params_file.locate("notebooks/1.0-fit.ipynb", found) == f"params/{name}.yaml"


def test_two_params_files_of_one_notebook_are_refused(tmp_path: Path) -> None:
    found = project(tmp_path, "params", "params/1.0-fit.yaml", "params/1-0-fit.yaml")
    with pytest.raises(StagebookError) as caught:
        params_file.locate("notebooks/1.0-fit.ipynb", found)
    (problem,) = caught.value.problems
    assert problem.code == "two-params-files"
    assert "params/1.0-fit.yaml" in problem.message
    assert "params/1-0-fit.yaml" in problem.message


def test_a_params_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("n: 1\n", encoding="utf-8-sig")
    assert params_file.read("p.yaml", tmp_path) == ParamsFile("p.yaml", {"n": 1}, {"n": 1})


def test_a_pointer_of_git_lfs_is_no_params_file() -> None:
    text = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    with pytest.raises(StagebookError) as caught:
        params_file.parse(text, PATH)
    assert caught.value.problems[0].code == "lfs-pointer"
