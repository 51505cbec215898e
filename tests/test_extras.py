import json
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from stagebook.project import extras
from stagebook.project.errors import Exit, StagebookError
from stagebook.project.extras import Extra

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
OPTIONAL = tomllib.loads(PYPROJECT.read_text())["project"]["optional-dependencies"]


def required(extra: str) -> list[Requirement]:
    return [Requirement(line) for line in OPTIONAL[extra]]


@pytest.mark.parametrize("extra", extras.EXTRAS, ids=lambda extra: extra.name)
def test_an_extra_names_what_pyproject_installs(extra: Extra) -> None:
    names = {*extra.modules, *extra.shared}
    assert names == {requirement.name for requirement in required(extra.name)} - {"stagebook"}
    assert not extra.missing


def test_all_is_every_extra() -> None:
    names = {extra.name for extra in extras.EXTRAS}
    assert names == OPTIONAL.keys() - {"all"}
    assert [one.extras for one in required("all")] == [names]


def test_no_module_of_an_extra_is_a_part_of_the_core() -> None:
    """Else an extra would seem to be installed where it is not."""
    core = {
        Requirement(line).name
        for line in metadata.requires("stagebook") or ()
        if "extra ==" not in line
    }
    providers = metadata.packages_distributions()
    for extra in extras.EXTRAS:
        assert not core & {name for module in extra.modules.values() for name in providers[module]}


def test_a_missing_extra_is_a_problem_with_the_line_that_installs_it() -> None:
    extra = Extra("maps", "A map", {"here": "json", "atlas": "no_atlas", "globe": "no_globe"})
    with pytest.raises(StagebookError) as raised:
        extra.require()
    (problem,) = raised.value.problems
    assert raised.value.exit_code == Exit.ENVIRONMENT
    assert (problem.code, problem.hint) == ("no-extra", "pip install 'stagebook[maps]'")
    assert "atlas" in problem.message
    assert "globe" in problem.message
    assert "here" not in problem.message


def run_without(module: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Types a verb where a module cannot be imported."""
    (folder / "pyproject.toml").write_text('[tool.stagebook]\nname = "little"\n')
    (folder / "table.csv").write_text("value\n1\n2\n")
    code = (
        f"import sys; sys.modules[{module!r}] = None; from stagebook.cli.main import main;"
        f"sys.argv[1:] = {list(words)!r}; main()"
    )
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("module", "words", "extra"),
    [
        ("scipy", ["drift", "table.csv", "table.csv"], "drift"),
    ],
)
def test_a_verb_without_its_extra_ends_with_one_problem(
    tmp_path: Path, module: str, words: list[str], extra: str
) -> None:
    ended = run_without(module, tmp_path, *words)
    assert ended.returncode == Exit.ENVIRONMENT, ended.stderr
    assert ended.stderr.count(f"pip install 'stagebook[{extra}]'") == 1
    assert "Traceback" not in ended.stderr


def test_profiles_are_merged_without_scipy(tmp_path: Path) -> None:
    ended = run_without("scipy", tmp_path, "profile", "--merge", "table.csv", "table.csv", "--json")
    assert ended.returncode == Exit.DONE, ended.stderr
    assert json.loads(ended.stdout)["rows"] == 4
