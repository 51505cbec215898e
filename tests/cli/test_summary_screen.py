"""The lines that end a build say where a person finds its pages, also in a clone."""

import re
from pathlib import Path
from typing import Any

import pytest
import spooled

from stagebook.cli import screen
from stagebook.history.staleness import Cause, CauseKind, Staleness
from stagebook.history.summary import Summary
from stagebook.pipeline import nodes as graph
from stagebook.project.errors import StagebookError
from stagebook.project.project import Project
from stagebook.record.record import Record

LOCAL = "sqlite:////a/mlflow.db"
BUILT = spooled.recorded("1-fit", "fit", git={"commit": "c" * 40, "dirty": False})


def look(record: Record | None, uri: str, site: str, capsys: Any) -> tuple[str, str]:
    found = Summary("late", (("fit", record), ("judge", record)), (), "runs", uri, site=site)
    screen.summary(found)
    built, _, places = capsys.readouterr().out.splitlines()
    return built, places


@pytest.mark.parametrize("site", ["", "site/index.html"])
def test_where_a_stage_was_built_all_its_places_are_named(site: str, capsys: Any) -> None:
    built, places = look(BUILT, LOCAL, site, capsys)
    assert built.startswith("built  late ")
    assert built.endswith(f" {'c' * 10}: fit, judge")
    assert ("site/index.html · runs/*.html" in places) == bool(site)
    assert "mlflow ui" in places
    assert places.endswith("http://127.0.0.1:5000")


@pytest.mark.parametrize(
    ("uri", "site", "places"),
    [
        (LOCAL, "site/index.html", "site/index.html"),
        (LOCAL, "", "stagebook report"),
        ("http://a:5000", "site/index.html", "site/index.html · http://a:5000"),
    ],
)
def test_a_clone_names_no_page_that_it_does_not_have(
    uri: str, site: str, places: str, capsys: Any
) -> None:
    built, shown = look(None, uri, site, capsys)
    assert built.startswith("built  late elsewhere")
    assert built.endswith(": fit, judge")
    assert shown.startswith("look   ")
    assert shown.endswith(f" {places}")


def test_a_headline_of_a_stage_that_failed_has_no_value_and_says_why(
    tmp_path: Path, capsys: Any
) -> None:
    more = 'headline = ["metrics/judge.json:auc"]\n'
    spooled.project(tmp_path, {"judge": ([], ["metrics/judge.json"])}, more=more)
    project, nodes = Project.find(tmp_path), graph.read(tmp_path)
    failed = Staleness({"judge": (Cause(CauseKind.FAILED, "judge"),)})
    found = Summary.of(project, ("judge",), {}, nodes, failed)
    screen.summary(found)
    (score,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("score")]
    assert {"auc", "judge", "failed"} <= set(re.findall(r"\w+", score))
    assert screen.summary_as_json(found)["headline"] == {"auc": None}
    with pytest.raises(StagebookError):
        Summary.of(project, ("judge",), {}, nodes, Staleness())
