"""`stagebook model export` as a person types it."""

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from little_model import fitted, write

from stagebook.cli.main import main
from stagebook.execution.variables import MATERIALS
from stagebook.model.materials import Content, Materials, Step, render
from stagebook.project.errors import Exit


@pytest.fixture
def handed(tmp_path: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that says what it is made of, as one that a stage made."""
    step = Step("fit", "notebooks/fit.py", "0" * 64, {}, (Content("data/people.csv", "0" * 32),))
    (tmp_path / "materials.json").write_text(render(Materials((step,))))
    with monkeypatch.context() as inside:
        inside.setenv(MATERIALS, str(tmp_path / "materials.json"))
        write(fitted(), tmp_path / "tall", files)
    return tmp_path / "tall"


def typed(package: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["model", "export", str(package), *words])


def test_a_person_sees_how_near_the_file_is(handed: Path) -> None:
    done = typed(handed, "--to", "onnx", "--attestation", "ignore")
    assert done.exit_code == Exit.DONE, done.output
    lines = done.stdout.splitlines()
    assert [line[:2] for line in lines[:2]] == ["  ", "  "]
    assert "onnx" in lines[0]
    assert "128" in lines[1]
    assert lines[2].startswith("tall  ")
    assert lines[3].startswith("  rows     128, ")
    assert "golden.parquet" in lines[3]
    assert lines[5].startswith("  differ   ")
    assert "onnxruntime" in "".join(lines[6:8])
    assert "--rows FILE" in done.stdout
    assert lines[-2] == f"Written: {handed.with_name('tall.onnx')}"
    assert lines[-1].strip() == f"{handed.with_name('tall.onnx.parity.json')}"
    assert done.stderr == ""


def test_on_the_test_set_nothing_is_missing(handed: Path, files: dict[str, Path]) -> None:
    done = typed(handed, "--to", "skops", "--rows", str(files["test"]))
    assert "  rows     300, " in done.stdout
    assert "--rows FILE" not in done.stdout
    assert "attestation" in done.stderr
    parity = json.loads(handed.with_name("tall.skops.parity.json").read_text())["parity"]
    assert (parity["off"], parity["largest"]["difference"]) == (0, 0.0)


def test_json_is_the_report(handed: Path) -> None:
    done = typed(handed, "--to", "pickle", "--json")
    assert json.loads(done.stdout) == json.loads(
        handed.with_name("tall.pkl.parity.json").read_text()
    )


def test_a_refusal_ends_with_12_and_is_told_in_json_too(handed: Path) -> None:
    (handed / "MLmodel").write_text("")
    for words in ((), ("--json",)):
        done = typed(handed, "--to", "pickle", *words)
        assert done.exit_code == Exit.UNFIT
    assert json.loads(done.stdout)["problems"][0]["code"] == "package-changed"
    assert not handed.with_name("tall.pkl").exists()


@pytest.mark.parametrize("number", ["-1", "nan", "inf", "some"])
def test_a_tolerance_is_a_number(handed: Path, number: str) -> None:
    assert typed(handed, "--to", "pickle", "--tolerance", number).exit_code == Exit.USAGE


def test_without_java_the_environment_is_wrong(
    handed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert not shutil.which("java")
    assert typed(handed, "--to", "pmml").exit_code == Exit.ENVIRONMENT
