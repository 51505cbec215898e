"""A model is watched, retrained, replaced and rolled back by the workflows that are shipped.

The steps are read from the files in `docs/workflows` and run one after the other. Git with a bare
repository, DVC with two remotes, an MLflow server and two servers of the model are real; only the
program `gh`, whose calls go to GitHub's API, is a double (`github_double.py`).
"""

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest
import watched_project
from checkout import Checkout
from github_runner import GitHub, Ran
from ruamel.yaml import YAML
from trackers import Server, serving, wait_until
from watched_project import CHANGED, NAME, TEMPLATES, USUAL, WatchedProject

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("without_running_loop")]

MONITOR = TEMPLATES / "github" / "model-monitor.yml"
PROMOTE = TEMPLATES / "github" / "model-promote.yml"
GITLAB = TEMPLATES / "gitlab" / "model.gitlab-ci.yml"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "mlflow") as server:
        yield server


@pytest.fixture
def world(server: Server, tmp_path: Path) -> WatchedProject:
    """A deployed model that was asked for a week, and whose project is on the main branch."""
    world = WatchedProject(tmp_path, server.uri)
    world.live(56, USUAL, served=False)
    developer = world.develop()
    assert world.champion == 1
    world.live(7, USUAL)
    watched_project.import_log(developer)
    developer.commit()
    developer.ok("ci/model.sh", "watch")
    assert _decided(developer) == ["action=keep", "title=people: ok, keep", "quiet=true"]
    watched_project.publish(developer)
    return world


def _decided(project: Checkout) -> list[str]:
    return project.ok("ci/model.sh", "decided").output.splitlines()


def ended(ran: dict[str, Ran], **codes: int) -> None:
    """Asserts which jobs ran, and how they ended."""
    expected = {name.replace("_", "-"): code for name, code in codes.items()}
    words = "\n".join(f"## {name}\n{job.output}" for name, job in ran.items())
    assert {name: job.code for name, job in ran.items()} == expected, words


def merge(project: Checkout, branch: str) -> None:
    """What GitHub's button does: a merge commit on the main branch, and the branch is deleted."""
    project.ok("git", "fetch", "-q", "--prune", "origin")
    project.ok("git", "switch", "-q", "--force-create", "main", "origin/main")
    project.ok("git", "merge", "-q", "--no-ff", "--no-edit", f"origin/{branch}")
    project.ok("git", "push", "-q", "origin", "main")
    project.ok("git", "push", "-q", "origin", "--delete", branch)


def test_github_replaces_a_model_by_a_merge_and_rolls_back(
    world: WatchedProject, tmp_path: Path
) -> None:
    facts = {
        "secrets.AWS_ACCESS_KEY_ID": "",
        "secrets.AWS_SECRET_ACCESS_KEY": "",
        "secrets.MLFLOW_TRACKING_URI": world.uri,
        "github.token": "a token",
        "github.repository": "someone/people",
        "github.ref_name": "main",
    }
    github = GitHub(tmp_path / "github", world.origin, facts)
    person = world.clone("person")

    # people are another kind of people, and the predictions are wrong
    world.live(56, CHANGED)
    ran = github.run(MONITOR)
    ended(ran, watch=0, issue=0, retrain=0, propose=0)
    assert ran["watch"].outputs["action"] == "retrain"
    assert "Retrain: `people`" in ran["watch"].summary
    (issue,) = github.issues
    assert (issue["state"], issue["title"]) == ("OPEN", "people: act, retrain")
    (pull,) = github.pulls
    assert (pull["base"], pull["label"], pull["title"]) == ("main", "retrain", issue["title"])
    assert pull["head"].startswith("retrain/")
    for part in ("Retrain: `people`", "✓ better  by auc", "### ⚠️ `watched`: good"):
        assert part in pull["body"]
    assert world.champion == 1  # until a person merges

    # a branch that waits is not made again; the issue is as it was
    waits = github.run_again("retrain")
    assert (waits.code, waits.outputs["branch"]) == (0, "")
    assert f"{pull['head']} waits for a person" in waits.summary
    ended({"issue": github.run_again("issue")}, issue=0)
    assert github.issues == [issue]

    with watched_project.following(world.uri, 2) as addresses:
        first, second = (world.digest(version) for version in (1, 2))
        assert {watched_project.answering(address) for address in addresses} == {first}
        merge(person, pull["head"])
        ended(github.run(PROMOTE), promote=0)
        assert world.champion == 2
        for address in addresses:
            wait_until(lambda address=address: watched_project.answering(address) == second)

        # a worse challenger that is merged nevertheless is not promoted
        person.ok("git", "switch", "-q", "--create", "retrain/worse")
        person.ok("dvc", "pull", "-q", "data/test.parquet")
        sides = ("models:/people@champion", "models:/people/1", "--data", "data/test.parquet")
        kept = ("--save", "monitoring/challenger.json")
        assert person.run("stagebook", "model", "compare", *sides, *kept).code == 15
        person.commit()
        person.ok("git", "push", "-q", "origin", "retrain/worse")
        merge(person, "retrain/worse")
        ended(github.run(PROMOTE), promote=15)
        assert world.champion == 2

        # people are as they were, and the model before was right
        world.live(28, USUAL)
        ran = github.run(MONITOR)
        ended(ran, watch=0, issue=0, roll_back=0)
        assert world.champion == 1
        (issue,) = github.issues
        assert (issue["title"], len(issue["comments"])) == ("people: act, roll back", 1)
        for address in addresses:
            wait_until(lambda address=address: watched_project.answering(address) == first)
    tags = world.client.get_model_version(NAME, "2").tags
    assert tags["stagebook.champion.left_reason"].startswith("The package before is expected")
    assert len(github.pulls) == 1


def test_gitlab_proposes_a_model_and_cron_promotes_it(
    world: WatchedProject, tmp_path: Path
) -> None:
    options = tmp_path / "options"
    accept_push_options(world.origin, options)
    own = world.clone("own")
    first = own.run("ci/model-cron.sh")
    assert (first.code, first.output.splitlines()[0]) == (0, "people: ok, keep")
    world.live(56, CHANGED)

    pipeline = world.clone("pipeline")
    pipeline.env |= {
        "CI_DEFAULT_BRANCH": "main",
        "CI_SERVER_HOST": "gitlab.example.org",
        "CI_JOB_URL": "https://gitlab.example.org/job",
        "MODEL_REMOTE": str(world.origin),
    }
    for job in SCHEDULED:
        done = pipeline.run("bash", "-eo", "pipefail", "-c", gitlab(job))
        assert done.code == 0, done.output
    branch = f"retrain/{datetime.datetime.now(datetime.UTC):%Y-%m-%d}"
    assert options.read_text().splitlines() == [
        "merge_request.create",
        "merge_request.target=main",
        "merge_request.title=people: act, retrain",
        "merge_request.label=retrain",
        "merge_request.description=https://gitlab.example.org/job/artifacts/file/report/pull-request.md",
        "merge_request.remove_source_branch",
    ]
    assert "✓ better  by auc" in pipeline.read("report/pull-request.md")
    assert world.champion == 1

    merge(world.clone("person"), branch)
    merged = own.run("ci/model-cron.sh")
    assert (merged.code, merged.output) == (0, ""), own.read(".stagebook/model.log")
    assert world.champion == 2
    earlier = own.run("flock", ".stagebook/model.lock", "ci/model-cron.sh")
    assert (earlier.code, earlier.output) == (75, "")


SCHEDULED = ("model-watch", "model-ask", "model-retrain", "model-roll-back")


def gitlab(job: str) -> str:
    """The script of a job, whose lines one shell runs; what installs is left out."""
    return "\n".join(YAML(typ="safe").load(GITLAB)[job]["script"])


def accept_push_options(origin: Path, file: Path) -> None:
    """Lets a bare repository take push options, as GitLab does; they are written to a file."""
    watched_project.git_config(origin, "receive.advertisePushOptions", "true")
    hook = origin / "hooks" / "pre-receive"
    hook.write_text(
        "#!/bin/bash\nfor ((i = 0; i < ${GIT_PUSH_OPTION_COUNT:-0}; i++)); do\n"
        f'  name=GIT_PUSH_OPTION_$i; echo "${{!name}}" >> "{file}"\ndone\n'
    )
    hook.chmod(0o755)
