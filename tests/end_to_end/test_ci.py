"""The commands of the CI files in the docs, run one after the other as CI would run them.

A job works in a fresh clone, with the cache that the job before it left. What GitHub, GitLab and
Jenkins do around the commands, and the commands that install something, are left out.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from checkout import TIMES, Checkout, Done, distribution
from ruamel.yaml import YAML

pytestmark = [pytest.mark.slow, pytest.mark.undelivered]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "ci.md").read_text(encoding="utf-8")

SETTINGS = """[project]
name = "trips"

[tool.stagebook.report]

[tool.stagebook.gates."metrics/fit.json:auc"]
floor = 0.6
drop = 0.05
"""
SCHEMAS = """import pandera.pandas as pa


class Trips(pa.DataFrameModel):
    hour: int = pa.Field(ge=0, le=23)
"""
DATA = "hour\n7\n23\n"


def file_of(name: str) -> str:
    found = re.search(rf"<!-- file: {re.escape(name)} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert found, name
    return found[1]


Step = tuple[str, bool]
"""A script, and whether it is run after one that failed too."""


def github(text: str) -> Iterator[Step]:
    for step in YAML(typ="safe").load(text)["jobs"]["build"]["steps"]:
        if "run" in step and step["name"] != "Install":
            yield step["run"], step.get("if") == "${{ !cancelled() }}"


def gitlab(text: str) -> Iterator[Step]:
    """One shell for all lines, which ends with the first that fails."""
    lines = YAML(typ="safe").load(text)["build"]["script"]
    yield "\n".join(line for line in lines if "pip install" not in line), False


def jenkins(text: str) -> Iterator[Step]:
    stages, post = text.split("    post {")
    for part, always in ((stages, False), (post, True)):
        for script in re.findall(r"(?:sh |script: )'([^']*)'", part):
            if "pip install" not in script:
                yield script, always


SYSTEMS: dict[str, tuple[Callable[[str], Iterator[Step]], str]] = {
    "GitHub": (github, ".github/workflows/build.yml"),
    "GitLab": (gitlab, ".gitlab-ci.yml"),
    "Jenkins": (jenkins, "Jenkinsfile"),
}


def steps(system: str) -> list[Step]:
    reader, name = SYSTEMS[system]
    return list(reader(file_of(name)))


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built project, whose main branch a bare repository has; never changed, only cloned."""
    folder = tmp_path_factory.mktemp("ci")
    distribution(folder / "site", "1.0", TIMES)
    (folder / "main").mkdir()
    project = Checkout(folder / "main", {"PYTHONPATH": str(folder / "site")})
    project.write("pyproject.toml", SETTINGS)
    project.write("src/schemas.py", SCHEMAS)
    project.write("data/trips.csv", DATA)
    project.write("params/fit.yaml", "auc: 0.7\n")
    project.notebook(
        "clean",
        'from schemas import Trips\ntrips: In[Trips] = "data/trips.csv"\n'
        'clean: Out = "data/clean.csv"',
        "import shutil\nshutil.copy(trips, clean)",
    )
    project.notebook(
        "fit",
        'clean: In = "data/clean.csv"\nreport: Metrics = "metrics/fit.json"\nauc: float = 0.5',
        'import json, tinydist\njson.dump({"auc": auc}, open(report, "w"))',
    )
    project.begin()
    project.ok("git", "branch", "-M", "main")
    assert project.build() == {"sources", "clean", "fit", "site"}
    project.commit()
    project.ok("git", "clone", "-q", "--bare", ".", str(folder / "origin.git"))
    return folder


@pytest.fixture
def clone(origin: Path, tmp_path: Path) -> Iterator[Checkout]:
    """A fresh clone of the main branch, with DVC's cache restored."""
    shutil.copytree(origin / "site", tmp_path / "site")
    project = Checkout(tmp_path / "work", {"PYTHONPATH": str(tmp_path / "site")})
    project.root.mkdir()
    project.ok("git", "clone", "-q", str(origin / "origin.git"), ".")
    project.ok("git", "config", "user.email", "someone@example.org")
    project.ok("git", "config", "user.name", "Someone")
    shutil.copytree(origin / "main" / ".dvc" / "cache", project.root / ".dvc" / "cache")
    yield project
    project.assert_no_kernels()


def better(project: Checkout) -> None:
    project.write("params/fit.yaml", "auc: 0.71\n")


def worse(project: Checkout) -> None:
    project.write("params/fit.yaml", "auc: 0.55\n")


def broken(project: Checkout) -> None:
    text = project.read("notebooks/fit.py")
    project.write("notebooks/fit.py", f"{text}\n\n# %%\nraise ValueError('no fit')\n")


def refused(project: Checkout) -> None:
    project.write("data/trips.csv", f"{DATA}24\n")


def other_environment(project: Checkout) -> None:
    better(project)
    project.write("requirements.lock", "tinydist==1.0\n")
    distribution(project.root.parent / "site", "2.0", TIMES)


def unsynced(project: Checkout) -> None:
    text = project.read("notebooks/fit.py")
    project.write("notebooks/fit.py", text.replace("auc: float", 'more: In = "a.csv"\nauc: float'))


def no_notebook(project: Checkout) -> None:
    text = project.read("notebooks/fit.py")
    project.write("notebooks/fit.py", text.replace("auc: float = 0.5", "auc: float = 1 + 1"))


def job(project: Checkout, system: str) -> list[Done]:
    """What came of each script of a job that was run."""
    base = project.ok("git", "rev-parse", "origin/main").output.strip()
    project.env |= {
        "AGAINST": "origin/main",
        "SITE": "https://example.org/site",
        "GITHUB_STEP_SUMMARY": str(project.root.parent / "summary.md"),
        "CI_DEFAULT_BRANCH": "main",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
        "CI_JOB_URL": "https://example.org/job",
        "MAIN": "main",
        "BUILD_URL": "https://example.org/build",
    }
    done: list[Done] = []
    for script, always in steps(system):
        if always or all(one.code == 0 for one in done):
            done.append(project.run("bash", "-e", "-c", script))
    return done


slow = pytest.mark.slow
CASES: list[Any] = [
    pytest.param(
        "GitHub", better, [0, 0, 0, 0], ["✅ `trips`: good", "▲ +0.01", "`fit`: `auc 0.7 → 0.71`"]
    ),
    pytest.param("GitHub", refused, [0, 255, 0, 10], ["`clean` refused by contract", "hour: "]),
    pytest.param("GitHub", broken, [0, 255, 0, 1], ["`fit` failed", "no fit"], marks=slow),
    pytest.param("GitHub", worse, [0, 0, 0, 13], ["below its floor", "▼ −0.15"], marks=slow),
    pytest.param(
        "GitHub", other_environment, [0, 255, 0, 4], ["`sources` could not start"], marks=slow
    ),
    pytest.param("GitHub", unsynced, [9, 0, 1], [], marks=slow),
    pytest.param("GitHub", no_notebook, [3, 0, 1], [], marks=slow),
    pytest.param("GitLab", better, [0], ["✅ `trips`: good"], marks=slow),
    pytest.param("GitLab", refused, [10], ["`clean` refused by contract"], marks=slow),
    pytest.param("GitLab", worse, [13], ["below its floor"], marks=slow),
    pytest.param("Jenkins", better, [0, 0, 0, 0, 0, 0], ["✅ `trips`: good"], marks=slow),
    pytest.param("Jenkins", broken, [0, 0, 255, 0, 0, 1], ["`fit` failed"], marks=slow),
]


@pytest.mark.parametrize(("system", "change", "codes", "told"), CASES)
def test_a_job_says_what_came_of_a_change(
    clone: Checkout,
    system: str,
    change: Callable[[Checkout], None],
    codes: list[int],
    told: list[str],
) -> None:
    change(clone)
    clone.commit()
    done = job(clone, system)
    assert [one.code for one in done] == codes, "\n".join(one.output for one in done)
    gist = clone.read("report.md")
    for words in told:
        assert words in gist
    assert (clone.root / "site" / "index.html").is_file()
    if change is broken:
        assert (clone.root / "runs" / "fit.failed.ipynb").is_file()
        assert "`runs/fit.failed.ipynb`" in gist


def test_a_job_with_nothing_to_do_runs_nothing(clone: Checkout) -> None:
    done = job(clone, "GitHub")
    assert [one.code for one in done] == [0, 0, 0, 0]
    assert done[1].stages == {"sources"}
    assert " at `commit " in clone.read("report.md")
    assert 'data-evidence="cache"' in clone.read("site/index.html")


def test_what_could_not_start_is_forgotten_once_it_was_built(clone: Checkout) -> None:
    other_environment(clone)
    assert clone.run("dvc", "repro", "--pull").code == 255
    assert clone.run("stagebook", "gate").code == 4
    distribution(clone.root.parent / "site", "1.0", TIMES)
    clone.write("params/fit.yaml", "auc: 0.7\n")
    assert "fit" not in clone.ok("dvc", "repro").stages  # it is in DVC's cache
    assert clone.run("stagebook", "gate").code == 0


def test_a_build_that_is_not_complete_fails_its_gate(clone: Checkout) -> None:
    clone.ok("dvc", "repro", "--pull")
    clone.write("data/trips.csv", f"{DATA}0\n")
    clone.ok("dvc", "repro", "clean")
    done = clone.run("stagebook", "gate")
    assert (done.code, "fit stale: " in done.output) == (14, True)


def test_the_workflow_of_this_repository_runs_the_commands_of_the_docs() -> None:
    text = (ROOT / ".github" / "workflows" / "build.yml").read_text(encoding="utf-8")
    assert list(github(text)) == steps("GitHub")
