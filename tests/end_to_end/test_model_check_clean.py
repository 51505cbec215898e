"""A package checked in a fresh environment that is made from nothing but the package."""

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from checkout import Checkout

import stagebook
from stagebook.model import clean, environment, manifest, requirements
from stagebook.model.manifest import Manifest
from stagebook.model.policy import Policy
from stagebook.model.verification import CheckState
from stagebook.project import typed_json
from stagebook.project.errors import Problem, StagebookError

pytestmark = [pytest.mark.slow, pytest.mark.undelivered]


def edited(folder: Path, name: str, change: Callable[[str], str]) -> None:
    """Changes a file of a package, and lets the manifest fit it."""
    path = folder / name
    path.chmod(0o644)
    path.write_text(change(path.read_text()))
    then = manifest.read(folder)
    (folder / manifest.FILE).chmod(0o644)
    (folder / manifest.FILE).write_text(manifest.render(Manifest.of(folder, then.name, then.model)))


def refused(folder: Path) -> tuple[Problem, list[str]]:
    """Why no fresh environment can be made, and the steps until then."""
    steps: list[str] = []
    with pytest.raises(StagebookError) as caught:
        clean.check(folder, Policy(attestation="ignore"), steps.append)
    (problem,) = caught.value.problems
    assert caught.value.exit_code == 4
    return problem, steps


def test_the_checks_of_a_fresh_environment_are_those_of_this_one(
    leaving: Checkout, tmp_path: Path
) -> None:
    archive = str(tmp_path / "tall.tar")
    leaving.ok("stagebook", "model", "pack", "models/tall", "--to", archive)
    nowhere = Checkout(tmp_path / "nowhere")
    nowhere.root.mkdir()
    here = json.loads(nowhere.ok("stagebook", "model", "check", archive, "--json").output)
    said = nowhere.ok("stagebook", "model", "check", archive, "--clean", "--json").output
    found: dict[str, Any] = json.loads(said)
    assert found["checks"] == here["checks"]
    assert found["holds"]
    assert "distributions, " in found["environment"]
    assert "stagebook" in found["environment"]
    assert list(nowhere.root.iterdir()) == []


def test_what_pip_cannot_install_is_told_with_where_to_look(leaving: Checkout) -> None:
    package = leaving.root / "models/tall"
    edited(package, "requirements.txt", lambda text: f"{text}no-such-thing-stagebook==9.9.9\n")
    problem, steps = refused(package)
    assert problem.code == "no-environment"
    assert "no-such-thing-stagebook==9.9.9" in problem.message
    log = Path(problem.hint.rpartition(" ")[2])
    assert "$ " in log.read_text()
    log.unlink()
    assert len(steps) == 2


def test_another_minor_python_is_refused_where_no_other_is_at_hand(
    leaving: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = leaving.root / "models/tall"
    edited(
        package,
        environment.FILE,
        lambda text: environment.render(replace(environment.parse(text), python="3.99.1")),
    )
    for path in ("", str(Path(sys.executable).parent)):  # without uv, and with it
        monkeypatch.setenv("PATH", path)
        problem, steps = refused(package)
        assert problem.code == "other-python-version"
        assert "3.99.1" in problem.message
        assert steps == []


def test_the_running_stagebook_is_a_wheel_that_pip_installs(tmp_path: Path) -> None:
    wheel = requirements.write_running_wheel(tmp_path)
    target = tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", str(target), str(wheel)], check=True)
    home = Path(stagebook.__file__).parent
    there = {
        path.relative_to(home): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    for path, data in there.items():
        assert (target / "stagebook" / path).read_bytes() == data
    with zipfile.ZipFile(wheel) as file:
        assert sum(name.startswith("stagebook/") for name in file.namelist()) == len(there)
    asked = [sys.executable, "-I", "-m", "zipfile", "-t", str(wheel)]
    subprocess.run(asked, check=True, capture_output=True)
    shutil.rmtree(target)


def test_a_check_goes_through_json_as_it_was() -> None:
    from stagebook.model.verification import Check

    check = Check(
        "files", CheckState.REFUSED, "2 files", (Problem("no-package", "None.", "Get it."),)
    )
    assert typed_json.convert(json.loads(json.dumps(check.as_json())), Check) == check
