"""The issue of a deployed model on GitHub: one alert for each change, whatever is lost or closed.

The script is that of the workflow that is shipped; `gh` is a double (`github_double.py`).
"""

import json
from pathlib import Path

import github_double
import pytest
from github_runner import GitHub, Ran
from watched_project import TEMPLATES

QUIET = ("people: ok, keep", "true", "keep")
LOOK = ("people: look, ask", "false", "ask")
ACT = ("people: act, retrain", "false", "retrain")


@pytest.fixture
def github(tmp_path: Path) -> GitHub:
    """The workflow after its job `watch`, which has left its report."""
    github_double.install(tmp_path / "bin")
    (tmp_path / "home").mkdir()
    (tmp_path / "artifacts" / "report").mkdir(parents=True)
    (tmp_path / "artifacts" / "report" / "decision.md").write_text("Why.")
    facts = {"github.token": "a token", "github.repository": "someone/people"}
    workflow = TEMPLATES / "github" / "model-monitor.yml"
    return GitHub(tmp_path, tmp_path / "origin", facts, workflow=workflow)


def after(github: GitHub, *days: tuple[str, str, str]) -> list[tuple[str, str, int]]:
    """State, title and number of comments of all issues after some days."""
    for title, quiet, action in days:
        outputs = {"title": title, "quiet": quiet, "action": action}
        github.ran = {"watch": Ran(outputs=outputs)}
        ran = github.run_again("issue")
        assert ran.code == 0, ran.output
    return [(each["state"], each["title"], len(each["comments"])) for each in github.issues]


def test_a_model_that_holds_has_no_issue_and_starts_no_job(github: GitHub) -> None:
    assert after(github, QUIET, QUIET) == []
    assert not any(map(github.due, ("retrain", "propose", "roll-back")))


def test_an_issue_is_opened_once_renewed_by_a_change_and_closed(github: GitHub) -> None:
    assert after(github, LOOK, LOOK) == [("OPEN", LOOK[0], 0)]
    assert github.issues[0]["body"] == "Why."
    assert after(github, ACT, ACT) == [("OPEN", ACT[0], 1)]
    assert github.due("retrain")
    assert after(github, QUIET, QUIET) == [("CLOSED", QUIET[0], 2)]


def test_the_next_unrest_is_another_issue(github: GitHub) -> None:
    first = ("CLOSED", QUIET[0], 1)
    assert after(github, LOOK, QUIET, LOOK) == [first, ("OPEN", LOOK[0], 0)]


def test_an_issue_that_a_person_closed_stays_closed_until_something_changes(
    github: GitHub,
) -> None:
    after(github, LOOK)
    known = github_double.read(github.state)
    known["issues"][0]["state"] = "CLOSED"
    github.state.write_text(json.dumps(known))
    assert after(github, LOOK) == [("CLOSED", LOOK[0], 0)]
    assert after(github, QUIET, LOOK) == [("CLOSED", QUIET[0], 0), ("OPEN", LOOK[0], 0)]
