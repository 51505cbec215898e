"""What a version in the registry is called, and what is said of it there."""

import json
import os
from dataclasses import replace
from pathlib import Path

import mlflow
import pytest
import refusals
from hypothesis import given
from hypothesis import strategies as st
from mlflow.utils.validation import (
    _validate_model_alias_name,
    _validate_model_alias_name_reserved,
    _validate_model_name,
    _validate_model_version_tag,
)

from stagebook.history.remote import is_model
from stagebook.model import registry, version_tags
from stagebook.model.load_gate import pass_through
from stagebook.model.policy import Policy
from stagebook.model.registry import Title, register
from stagebook.model.registry_address import RegistryAddress, session
from stagebook.model.verification import VerificationReport
from stagebook.project.errors import StagebookError


def codes(name: str, alias: str | None) -> list[str]:
    problems = refusals.problems(Title.of, name, alias)
    assert all(problem.hint for problem in problems)
    return [problem.code for problem in problems]


@pytest.mark.parametrize(
    "name", ["", "a/b", "a:b", "a@b", "a'b", ".", "..", " a", "a\nb", "x" * 251]
)
def test_a_name_that_is_none_is_refused(name: str) -> None:
    assert codes(name, None) == ["bad-title"]


@pytest.mark.parametrize("alias", ["", "a b", "a/b", "a@b", "é", "3", "v3", "latest", "Latest"])
def test_an_alias_that_is_none_is_refused(alias: str) -> None:
    assert codes("late", alias) == ["bad-title"]


def test_everything_that_is_wrong_with_a_title_is_said_at_once() -> None:
    assert codes("a/b", "v1") == ["bad-title", "bad-title"]


@given(st.text(max_size=12), st.text(max_size=12))
def test_what_is_a_title_is_one_for_mlflow_and_for_trace(name: str, alias: str) -> None:
    try:
        title = Title.of(name, alias)
    except StagebookError:
        return
    _validate_model_name(title.name)
    _validate_model_alias_name(title.alias)
    _validate_model_alias_name_reserved(title.alias)
    assert is_model(title.uri)


@pytest.fixture
def passage(packaged: Path) -> VerificationReport:
    return pass_through(packaged, Policy(materials="ignore", attestation="ignore"))


def test_what_the_tags_say_is_in_the_package(passage: VerificationReport) -> None:
    found = version_tags.tags(passage, None)
    assert found["stagebook.package"] == passage.manifest.digest
    assert found["stagebook.test.auc"] == "0.8"
    assert found["stagebook.test.auc_low"] == "0.75"
    assert found["stagebook.baseline.auc"] == "0.5"
    splits = json.loads((passage.folder / "splits.json").read_text())["parts"]
    assert found["stagebook.split.test"] == splits[1]["md5"]
    assert "scikit-learn" in found["stagebook.requires"]
    checks = [check.rsplit(" ", 1) for check in found["stagebook.checks"].split(", ")]
    assert checks[:2] == [["files", "passed"], ["environment", "passed"]]
    assert not any("commit" in name for name in found)


def _with(passage: VerificationReport, name: str, data: bytes) -> VerificationReport:
    """The same package with other bytes in one of its files."""
    contents = replace(passage.contents, files={**passage.contents.files, name: data})
    return VerificationReport(contents, passage.policy, passage.checks)


@given(name=st.text(min_size=1, max_size=300), value=st.text(max_size=6000))
def test_no_tag_is_more_than_mlflow_takes(original: Path, name: str, value: str) -> None:
    passage = pass_through(original / "tall", Policy(materials="ignore", attestation="ignore"))
    evaluation = json.dumps({"test": {name: value}}).encode()
    odd = _with(passage, "evaluation.json", evaluation)
    for key, text in version_tags.tags(odd, None).items():
        _validate_model_version_tag(key, text)
        assert len(text) <= 5000


def test_a_long_card_is_cut_between_two_paragraphs(passage: VerificationReport) -> None:
    whole = passage.contents.text("MODEL_CARD.md")
    assert version_tags.description(passage.contents) == whole
    long = whole + "\n\n".join(["", *["word " * 100] * 20])
    said = version_tags.description(_with(passage, "MODEL_CARD.md", long.encode()).contents)
    assert said.startswith(whole)
    assert said.endswith("word \n\n…")
    assert len(said) <= 5000


def test_what_was_refused_is_not_registered(passage: VerificationReport, tmp_path: Path) -> None:
    (passage.folder / "splits.json").unlink()
    refused = pass_through(passage.folder, passage.policy)
    place = RegistryAddress(f"sqlite:///{tmp_path / 'm.db'}", "tall", tmp_path)
    with pytest.raises(StagebookError) as caught:
        register(refused, Title("tall"), place)
    assert [one.code for one in caught.value.problems] == ["package-changed"]
    assert not (tmp_path / "m.db").exists()


def test_outside_of_a_project_somebody_has_to_say_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(StagebookError) as caught:
        RegistryAddress.of(None, None, "tall")
    (problem,) = caught.value.problems
    assert (problem.code, "--tracking-uri" in problem.hint) == ("no-registry", True)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    assert RegistryAddress.of(None, None, "tall").uri == "http://127.0.0.1:1"
    assert RegistryAddress.of(None, "sqlite:////a.db", "tall").uri == "sqlite:////a.db"


@pytest.mark.parametrize("variable", [None, "http://127.0.0.1:1"])
@pytest.mark.parametrize("address", [None, "http://127.0.0.1:2"])
def test_a_registry_that_was_used_leaves_mlflows_address_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None, address: str | None
) -> None:
    mlflow.set_tracking_uri(None)  # type: ignore[arg-type]
    if address:
        mlflow.set_tracking_uri(address)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    if variable:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", variable)
    before = mlflow.get_tracking_uri()
    with session(RegistryAddress(f"sqlite:///{tmp_path / 'm.db'}", "tall", tmp_path)):
        assert mlflow.get_tracking_uri() != before
    assert (mlflow.get_tracking_uri(), os.environ.get("MLFLOW_TRACKING_URI")) == (before, variable)
    mlflow.set_tracking_uri(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("uri", ["models:/none@champion", "models:/none/1", "models:/own@nobody"])
def test_an_address_that_does_not_exist_is_no_failure_of_the_registry(
    uri: str, tmp_path: Path
) -> None:
    place = RegistryAddress(f"sqlite:///{tmp_path}/mlflow.db", "own", tmp_path)
    mlflow.MlflowClient(place.uri).create_registered_model("own")
    with pytest.raises(StagebookError) as raised, registry.fetched(uri, place):
        pass
    assert [problem.code for problem in raised.value.problems] == ["no-alias"]
    if "@" in uri:
        assert refusals.problem(registry.version_of, uri, place).code == "no-alias"
