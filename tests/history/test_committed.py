"""Commits of which no execution is remembered, and what is said of them all the same."""

import html
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import folders
import pytest
import spooled
from click.testing import CliRunner
from spooled import committed, hashed, md5, put, record

from stagebook.cli.main import main
from stagebook.history.comparison import Comparison
from stagebook.history.history import History
from stagebook.history.sides import RevisionResolver
from stagebook.project.project import Project
from stagebook.report.comparison import differences, words
from stagebook.workflow import comparing

FILE = "metrics/make.json"
STAGES = {"make": (["in.csv"], ["out.csv", FILE]), "other": ([], ["b.txt"])}


def commit(root: Path, rate: Any, auc: float | None, *, source: str = "a" * 32) -> None:
    """Commits a build with this value of a parameter, and this metric."""
    lock: dict[str, Any] = {"schema": "2.0", "stages": {"other": entry("other", {})}}
    values = {"out.csv": str(rate), FILE: str(auc)}
    lock["stages"]["make"] = {
        **entry("make", values),
        "deps": hashed({".stagebook/sources/make.py": source, "in.csv": md5("in")}),
        "params": {"params/make.yaml": {"rate": rate}},
    }
    lock["stages"]["sources"] = {"cmd": "stagebook sources", "deps": hashed({"x": source})}
    (root / "dvc.lock").write_text(json.dumps(lock))
    (root / "metrics").mkdir(exist_ok=True)
    if auc is None:
        (root / FILE).unlink(missing_ok=True)
    else:
        (root / FILE).write_text(json.dumps({"auc": auc}))
    if not (root / ".git").exists():
        committed(root)
    folders.commit(root)


def entry(stage: str, content: Mapping[str, str]) -> dict[str, Any]:
    outs = {path: md5(content.get(path, path)) for path in STAGES[stage][1]}
    return {"cmd": f"stagebook run {stage}", "outs": hashed(outs)}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    spooled.project(tmp_path, STAGES)
    (tmp_path / ".gitignore").write_text(".stagebook\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def executed(name: str, rate: Any, auc: float, **more: Any) -> dict[str, Any]:
    """The record of the execution that such a build had."""
    values = [{"name": "rate", "value": rate}, {"name": "kind", "value": "tree"}]
    outputs = {"out.csv": md5(str(rate)), FILE: md5(str(auc))}
    inputs = {"in.csv": md5("in")}
    named = {"parameters": values, "inputs": inputs, "outputs": outputs, "metrics": {"auc": auc}}
    return record(name, **{**named, **more})


@contextmanager
def meaning(root: Path) -> Iterator[RevisionResolver]:
    project = Project.find(root)
    with History.open(project.state) as history:
        yield RevisionResolver(project, history)


def compared(root: Path, before: str = "HEAD~1", now: str = "HEAD") -> Comparison:
    with meaning(root) as meant:
        return Comparison.of(meant.side(before), meant.side(now))


def test_without_records_commits_are_told_by_what_git_has(root: Path) -> None:
    commit(root, 1, 0.5)
    commit(root, 2, 0.7)
    found = compared(root)
    [one] = found.stages
    assert (one.stage, one.remembered) == ("make", False)
    assert one.parameters == {"rate": (1, 2)}
    assert one.measured == {"auc": (0.5, 0.7)}
    assert set(one.writes) == {"out.csv", FILE}
    assert not one.reads
    assert one.changes is not None
    assert not one.changes.code
    assert found.unchanged == ("other",)
    assert words.execution(one.now)
    assert "make" in next(words.notes(found))


def test_other_code_is_told_though_not_which(root: Path) -> None:
    commit(root, 1, 0.5)
    commit(root, 1, 0.5, source="b" * 32)
    [one] = compared(root).stages
    assert one.changes is not None
    assert one.changes.code
    assert words.gist(one) == "code"
    assert len(differences.groups(one)[0].lines) == 1  # and no cell or module is named


def test_the_same_build_in_two_commits_does_not_differ(root: Path) -> None:
    commit(root, 1, 0.5)
    commit(root, 1, 0.5)
    found = compared(root)
    assert (found.stages, set(found.unchanged)) == ((), {"make", "other"})


def test_one_side_that_is_remembered_keeps_its_name_and_makes_nothing_up(root: Path) -> None:
    commit(root, 1, 0.5)
    commit(root, 2, 0.7)
    put(root / ".stagebook", executed("20260102T100000000000-make-11112222", 2, 0.7))
    [one] = compared(root).stages
    assert one.parameters == {"rate": (1, 2)}
    assert one.now is not None
    assert one.now.id.endswith("11112222")
    assert one.changes is not None
    assert not one.changes.packages


@pytest.mark.parametrize("sides", [("last", "HEAD~1"), ("11112222", "HEAD~1")])
def test_an_execution_beside_such_a_commit_is_told_by_what_both_know(
    root: Path, sides: tuple[str, str]
) -> None:
    commit(root, 1, 0.5)
    commit(root, 2, 0.7)
    put(root / ".stagebook", executed("20260102T100000000000-make-11112222", 2, 0.7))
    found = compared(root, sides[1], sides[0])
    [one] = found.stages
    assert list(words.notes(found))
    assert one.parameters == {"rate": (1, 2)}
    assert one.measured == {"auc": (0.5, 0.7)}
    assert one.changes is not None
    assert not one.changes.code
    assert not one.changes.packages


def test_metrics_that_git_has_not_are_no_metrics_that_are_gone(root: Path) -> None:
    commit(root, 1, 0.5)
    commit(root, 2, None)
    [one] = compared(root).stages
    assert not one.measured
    assert set(one.writes) == {"out.csv", FILE}


def test_the_verb_ends_well_and_its_page_says_the_same(root: Path) -> None:
    commit(root, 1, 0.5)
    commit(root, 2, 0.7)
    done = CliRunner().invoke(main, ["compare", "HEAD", "HEAD~1"])
    assert done.exit_code == 0
    assert "make" in done.stdout
    found = compared(root)
    page = comparing.comparison_page(Project.find(root), found)
    assert "▲ +0.2" in page
    assert html.escape(words.execution(found.stages[0].now)) in page


SECRET = "correct-horse-battery"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (f"{SECRET} in a label", "*** in a label"),
        ([1, SECRET], [1, "***"]),
        ({"key": 12345678}, {"key": "***"}),
    ],
)
def test_an_execution_whose_parameter_is_masked_is_found(root: Path, value: Any, kept: Any) -> None:
    commit(root, value, 0.5)
    commit(root, value, 0.7)
    for place, auc in enumerate((0.5, 0.7)):
        one = executed(f"2026010{place}T100000000000-make-1111222{place}", value, auc)
        one["parameters"][0]["value"] = kept
        put(root / ".stagebook", one)
    [one] = compared(root).stages
    assert one.remembered
    assert one.before is not None
    assert one.before.id.endswith("11112220")


def test_a_masked_value_is_not_taken_for_any_other(root: Path) -> None:
    commit(root, f"{SECRET} in a label", 0.5)
    commit(root, f"{SECRET} in a label", 0.7)
    other = executed("20260101T100000000000-make-11112222", f"{SECRET} in a label", 0.5)
    other["parameters"][0]["value"] = "*** in another"
    put(root / ".stagebook", other)
    [one] = compared(root).stages
    assert not one.remembered


def test_what_a_commit_has_is_told_without_secrets(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(root, 1, 0.5)
    commit(root, SECRET, 0.7)
    monkeypatch.setenv("API_TOKEN", SECRET)
    [one] = compared(root).stages
    assert one.parameters == {"rate": (1, "***")}
