"""A package is checked without opening its model: packaging has recorded what it found."""

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from little_model import fitted, split_files, write
from spooled import recorded

from stagebook.execution import variables
from stagebook.model import attestation, load_gate, manifest, materials, opening
from stagebook.model.formats.model_file import ModelFile
from stagebook.model.materials import Materials, Step
from stagebook.model.opening import OpeningCheck
from stagebook.model.policy import Policy
from stagebook.model.verification import CheckState
from stagebook.report.site import parts

TIME = datetime.datetime(2026, 3, 4, 5, 6, 7, tzinfo=datetime.UTC)
SEEN = OpeningCheck("sklearn.pipeline.Pipeline", "128 rows within 1e-09", TIME)


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package that a stage wrote, whose notes lie in ``kernel``."""
    folder = tmp_path_factory.mktemp("staged")
    kernel = folder / "kernel"
    kernel.mkdir()
    made_of = Materials((Step("package", "notebooks/package.py", "0" * 64, {}, ()),))
    (kernel / "materials.json").write_text(materials.render(made_of))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(variables.MATERIALS, str(kernel / "materials.json"))
        patch.setenv(variables.NOTES, str(kernel))
        write(fitted(), folder / "tall", split_files(folder))
    return folder


def attest(staged: Path, opened: OpeningCheck | None) -> Path:
    package = staged / "tall"
    text = attestation.render(manifest.read(package), "tall", recorded("a"), "", opened)
    attestation.write(package, text)
    return package


def states(package: Path) -> dict[str, tuple[CheckState, str]]:
    checks = load_gate.as_recorded(package, Policy()).checks
    return {check.name: (check.state, check.detail) for check in checks}


def test_packaging_leaves_what_opening_the_model_gave(staged: Path) -> None:
    package = staged / "tall"
    check = opening.noted(staged / "kernel", manifest.read(package).digest)
    assert check is not None
    assert (check.type, check.rows) == (SEEN.type, SEEN.rows)
    assert check.time.tzinfo is not None


def test_an_attestation_carries_what_opening_gave(staged: Path) -> None:
    package = attest(staged, SEEN)
    statement = attestation.parse(attestation.path_of(package).read_bytes())
    assert statement.opened == SEEN


def test_a_recorded_opening_is_shown_with_its_time_and_no_model_is_opened(
    staged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(*_: Any) -> None:
        raise AssertionError

    package = attest(staged, SEEN)
    monkeypatch.setattr(ModelFile, "open", opened)
    monkeypatch.setattr(load_gate.rehearsal, "rehearse", opened)
    found = states(package)
    when = "checked at packaging, 2026-03-04 at 05:06 UTC"
    assert found["opening"] == (CheckState.PASSED, f"{SEEN.type}, {when}")
    assert found["golden rows"] == (CheckState.PASSED, f"{SEEN.rows}, {when}")
    assert found["schema"][0] is CheckState.PASSED
    assert parts.model_line(staged, "tall").mark == "warned"  # nobody signed the attestation


def test_an_opening_that_nothing_records_is_a_warning_with_the_line_that_checks(
    staged: Path,
) -> None:
    report = load_gate.as_recorded(attest(staged, None), Policy())
    (problem,) = next(check.problems for check in report.checks if check.name == "opening")
    assert problem.code == "opening-not-recorded"
    assert problem.hint.endswith(f"stagebook model check {staged / 'tall'}")
    assert report.worst is CheckState.WARNED


def test_a_recorded_opening_of_another_class_is_refused(staged: Path) -> None:
    other = OpeningCheck("builtins.dict", SEEN.rows, SEEN.time)
    assert states(attest(staged, other))["opening"][0] is CheckState.REFUSED


def test_a_recorded_opening_of_another_package_does_not_count(staged: Path) -> None:
    package = attest(staged, SEEN)
    path = attestation.path_of(package)
    path.write_text(path.read_text().replace(manifest.read(package).digest, "1" * 64))
    report = load_gate.as_recorded(package, Policy())
    assert {problem.code for problem in report.refusals} == {"wrong-attestation"}


@pytest.mark.parametrize("junk", [3, {}, {"type": "a", "rows": "b", "time": "noon"}])
def test_an_attestation_with_a_junk_opening_cannot_be_read(staged: Path, junk: Any) -> None:
    package = attest(staged, SEEN)
    path = attestation.path_of(package)
    values = json.loads(path.read_text())
    values["predicate"]["runDetails"]["metadata"]["stagebook_opened"] = junk
    path.write_text(json.dumps(values))
    report = load_gate.as_recorded(package, Policy())
    assert {problem.code for problem in report.refusals} == {"wrong-attestation"}
