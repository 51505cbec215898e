"""The gist of a build for a pull request: what it says, how long it gets, and that it is inert."""

import json
import math
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import refusals
import spooled
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from spooled import md5, put

from stagebook.data.contracts.verdict import RuleFailure
from stagebook.history.gates import GateVerdict
from stagebook.history.project_status import HeadlineMetric, ProjectStatus, StageState, StageStatus
from stagebook.pipeline.git import Git
from stagebook.pipeline.lock import LockEntry
from stagebook.pipeline.nodes import Node
from stagebook.project.errors import Problem, Where
from stagebook.project.project import Project
from stagebook.project.settings import Gate
from stagebook.report.site import gist, inert
from stagebook.report.site.line import ListLine
from stagebook.workflow import reporting

STAGES = {
    "make": (["data/raw.csv"], ["data/made.parquet"]),
    "train": (["data/made.parquet"], ["model.pkl", "metrics/train.json"]),
}
SETTINGS = """headline = ["metrics/train.json:auc"]
[tool.stagebook.gates."metrics/train.json:auc"]
floor = 0.6
[tool.stagebook.gates."metrics/train.json:loss"]
rise = 0
"""
EVIL = (
    "@everyone #1 a|b `c` ``d`` <img src=x onerror=alert(1)> [e](https://evil.example) "
    "https://evil.example www.evil.example a@evil.example **f** </code>"
)


def execution(name: str, stage: str, repro: str, **values: Any) -> dict[str, Any]:
    return spooled.execution(name, stage, repro, STAGES, **values)


def built(root: Path, values: Any = None) -> Path:
    spooled.project(root, STAGES, more=SETTINGS)
    for stage in STAGES:
        put(root / ".stagebook", execution("20260101T100000000000", stage, "one"))
    metrics(root, json.dumps({"auc": 0.7, "loss": 0.2} if values is None else values))
    return root


def metrics(root: Path, text: str = '{"auc": 0.7}') -> None:
    (root / "metrics").mkdir(exist_ok=True)
    (root / "metrics/train.json").write_text(text)


def printed(root: Path, link: str = "") -> str:
    return reporting.markdown(Project.find(root), None, link)


def test_it_says_what_was_executed_and_how_good_it_is(tmp_path: Path) -> None:
    text = printed(built(tmp_path), "https://example.org/site?run=1")
    assert "### ⚠️ `late`: good, with warnings (`loss`: " in text
    assert "| `auc` | 0.7 |  |  | ✅ at least 0.6 |" in text
    assert "| `loss` | 0.2 |  |  | ⚠️ at most 0 above the base (not compared) |" in text
    assert "- `train`: `first execution`" in text
    assert text.endswith("[All pages](<https://example.org/site?run=1>)\n")


def test_a_metric_out_of_its_bounds_is_the_headline(tmp_path: Path) -> None:
    text = printed(built(tmp_path, {"auc": 0.5, "loss": math.nan}))
    assert "### ❌ `late`: failed (`auc`: `below its floor of 0.6`, and 1 more)\n" in text
    assert "| ❌ **below its floor of 0.6** |" in text
    assert "| NaN |  |  | ❌ **not finite** |" not in text  # a word that is no number is code
    assert "| `NaN` |  |  | ❌ **not finite** |" in text


def test_a_failed_stage_is_told_with_its_first_problem_and_its_notebook(tmp_path: Path) -> None:
    built(tmp_path)
    where = {"file": "notebooks/make.ipynb", "cell": 3, "line": 1}
    problem = {"code": "cell-failed", "message": "ValueError: no", "hint": "", "where": where}
    failed = execution("20260102", "make", "two", outcome="failed", problems=[problem])
    put(tmp_path / ".stagebook", failed)
    (tmp_path / "runs").mkdir()
    stopped = tmp_path / "runs/make.failed.ipynb"
    stopped.write_text("record 20260101-make")  # of a failure before
    assert "no notebook was executed" in printed(tmp_path)
    stopped.write_text(f"record {failed['volatile']['id']}")
    text = printed(tmp_path)
    assert "### ❌ `late`: failed (`make`: `failed, cell 3`, and 2 more)\n" in text
    assert "**`make` failed**, cell 3: `ValueError: no`; the notebook up to the failure: " in text
    assert "`runs/make.failed.ipynb`" in text
    assert "Not reached: `train`" in text


def test_a_broken_contract_is_a_row_for_each_rule(tmp_path: Path) -> None:
    built(tmp_path)
    failures = [asdict(RuleFailure("value-refused", "delay", "at least 0", 1200, 5000))]
    table = {"paths": ["data/made.parquet"], "contract": "x:Y", "holds": False}
    put(
        tmp_path / ".stagebook",
        execution(
            "20260102",
            "train",
            "two",
            outcome="refused by contract",
            tables=[{**table, "failures": failures}],
        ),
    )
    text = printed(tmp_path)
    assert "### ❌ `late`: failed (`train`: refused by contract, and 1 more)\n" in text
    assert "| `data/made.parquet` | `delay: at least 0` | 1,200 of 5,000 |" in text


def test_drift_and_models_that_cannot_be_shown_say_why(tmp_path: Path) -> None:
    built(tmp_path)
    with (tmp_path / "pyproject.toml").open("a") as file:
        file.write('[tool.stagebook.drift]\n"data/new.csv" = "data/old.csv"\n')
    assert "- ⚠️ `data/new.csv` cannot be shown: `" in printed(tmp_path)


def test_a_stage_that_is_another_than_on_the_branch_is_told_with_what_changed(
    tmp_path: Path,
) -> None:
    spooled.project(tmp_path, STAGES, more='[tool.stagebook.report]\nagainst = "main"\n')
    now = json.loads((tmp_path / "dvc.lock").read_text())
    base = json.loads((tmp_path / "dvc.lock").read_text())
    base["stages"]["train"]["deps"][0]["md5"] = md5("other")
    base["stages"]["train"]["params"] = {"params/train.yaml": {"trees": 3}}
    now["stages"]["train"]["params"] = {"params/train.yaml": {"trees": 4}}
    (tmp_path / "dvc.lock").write_text(json.dumps(base))
    spooled.committed(tmp_path)
    (tmp_path / "dvc.lock").write_text(json.dumps(now))
    (tmp_path / "params").mkdir(exist_ok=True)
    (tmp_path / "params/train.yaml").write_text("trees: 4\n")
    metrics(tmp_path)
    text = printed(tmp_path)
    told = "**Different from `main`, not executed here**\n- `train`: `trees 3 → 4`, "
    assert told in text
    assert "**Rebuilt**" not in text
    assert "Unchanged: `make`  \n" in text


def test_before_any_build_it_says_so(tmp_path: Path) -> None:
    spooled.project(tmp_path, STAGES)
    (tmp_path / "dvc.lock").unlink()
    text = printed(tmp_path)
    assert "### ❌ `late`: failed (`make`: was never built, and 1 more)\n" in text
    assert "\n\nNothing was built here yet. Build with: " in text
    assert "Never built: `make`, `train`" in text


@pytest.mark.parametrize("text", ["", "stages:\n<<<<<<< ours\n", "stages: {}\n"])
def test_without_a_stage_nothing_is_good(tmp_path: Path, text: str) -> None:
    built(tmp_path)
    (tmp_path / "dvc.yaml").write_text(text)
    assert "### ❌ `late`: failed (`dvc.yaml`: has no stage" in printed(tmp_path)


def test_a_clone_before_anything_was_pulled_is_not_good(tmp_path: Path) -> None:
    spooled.project(tmp_path, STAGES)
    metrics(tmp_path)
    (tmp_path / "data/made.parquet").unlink()
    text = printed(tmp_path)
    assert "### ⚠️ `late`: good, with warnings (`make`: has outputs that are missing here)\n" in text
    assert "Outputs missing: `make`  \n" in text


def test_headlines_without_a_value_are_not_good(tmp_path: Path) -> None:
    built(tmp_path)
    metrics(tmp_path, "[]")
    text = printed(tmp_path)
    assert "### ❌ `late`: failed (`auc`: `It is not a mapping" in text
    assert "It is not a mapping" in text


def test_what_came_from_the_cache_alone_is_good(tmp_path: Path) -> None:
    spooled.project(tmp_path, STAGES)
    metrics(tmp_path)
    text = printed(tmp_path)
    assert "### ✅ `late`: good\n\nNothing was executed here: the outputs of 2 stages" in text
    assert "Unchanged: `make`, `train`" in text


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "site/index.html", "https://", "https://a b", "https://a>b", ""]
)
def test_only_an_address_of_the_web_is_linked(tmp_path: Path, link: str) -> None:
    if not link:
        assert "All pages" not in printed(built(tmp_path))
        return
    assert refusals.problem(printed, built(tmp_path), link).code == "bad-link"


def evil_book() -> ProjectStatus:
    """A book in which every text is planted, and there is too much of everything."""
    table = {
        "paths": [EVIL],
        "contract": EVIL,
        "holds": False,
        "failures": [asdict(RuleFailure(EVIL, EVIL, EVIL, 1, 2))] * 9,
    }
    problem = Problem(EVIL, EVIL, where=Where(EVIL, 1)).as_json()
    record = spooled.recorded(EVIL, title=EVIL, problems=[problem], tables=[table])
    states = [
        StageState.FAILED,
        StageState.EXECUTED,
        StageState.UNCHANGED,
        StageState.NOT_REACHED,
        StageState.STALE,
        StageState.UNKNOWN,
    ]
    stages = [
        StageStatus(Node(EVIL), state, record, EVIL if state is StageState.FAILED else "")
        for state in [*states, StageState.NEVER]
        for _ in range(30)
    ]
    gates = [Gate(EVIL, f"{EVIL}{number}", floor=1, drop=1, rise=1) for number in range(30)]
    params = {EVIL: {f"{EVIL}{number}": EVIL for number in range(30)}}
    failures = (f"more than 1 below {EVIL}",)
    return ProjectStatus(
        EVIL,
        Git(EVIL, EVIL),
        "2026-01-01T10:00",
        EVIL,
        tuple(stages),
        (),
        tuple(HeadlineMetric(EVIL, EVIL, EVIL, EVIL, EVIL) for _ in range(30)),
        (),
        frozenset(),
        (EVIL,) * 30,
        tuple(GateVerdict(one, EVIL, EVIL, failures, (EVIL,)) for one in gates),
        None,
        {EVIL: (LockEntry(EVIL, params=params), LockEntry(EVIL))},
    )


def evil_gist() -> str:
    lines = [ListLine(EVIL, EVIL, EVIL, "bad", (EVIL,))] * 30
    return gist.render(evil_book(), lines, lines, {EVIL: EVIL}, "https://example.org")


def outside_code(html: str) -> str:
    return re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)


def test_it_never_gets_long() -> None:
    assert len(evil_gist().splitlines()) <= gist.LONGEST


def test_nothing_that_is_planted_is_markup_a_link_or_a_mention() -> None:
    html = MarkdownIt("commonmark").enable("table").render(evil_gist())
    assert html.count("@everyone") > 50
    rest = outside_code(html)
    for planted in ("@", "#1", "evil", "onerror", "img"):
        assert planted not in rest
    assert re.findall(r'href="([^"]*)"', html) == ["https://example.org"]
    tables = re.findall(r"<tr>.*?</tr>", html, re.DOTALL)
    assert {row.count("<t") - 1 for row in tables} == {3, 5}  # no cell was cut in two


@given(st.text())
def test_any_text_is_code_and_nothing_else(text: str) -> None:
    html = MarkdownIt("commonmark").render(f"- {inert.code(text)}")
    assert re.fullmatch(r"<ul>\n<li><code>[^<]*</code></li>\n</ul>\n", html)


@given(st.text())
def test_any_text_is_one_cell(text: str) -> None:
    lines = inert.table(("a", "#b"), [[inert.code(text), inert.number(text)]])
    html = MarkdownIt("commonmark").enable("table").render("\n".join(lines))
    assert html.count("<td") == 2
