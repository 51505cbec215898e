"""The site of a project: what each page says, and that all of them hold together."""

import json
import math
import re
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import articles
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import refusals
import spooled
from articles import code, markdown
from elements import Elements
from folders import git
from spooled import put, record

from stagebook.data.profiles import profile as profiles
from stagebook.data.profiles.column import Column, ColumnKind, Texts
from stagebook.data.profiles.profile import Profile
from stagebook.data.profiles.profiling import profile
from stagebook.data.tables.table import Table
from stagebook.execution.outcome import Outcome
from stagebook.history.project_status import ProjectStatus, StageState
from stagebook.history.verdict import BuildVerdict, Grade, ReasonKind
from stagebook.model import manifest
from stagebook.project.project import Project
from stagebook.record.kept import KeptNotebooks
from stagebook.report.site import front as front_page
from stagebook.report.site.history_page import MetricHistory
from stagebook.workflow import reporting

FIRST, SECOND = "20260101T100000000000", "20260102T100000000000"
STAGES = {
    "make": (["data/raw.csv"], ["data/made.parquet"]),
    "train": (["data/made.parquet"], ["model.pkl", "metrics/train.json"]),
    "apart": ([], ["other.txt"]),
}
HEADLINE = 'headline = ["metrics/train.json:auc"]\n'
EVIL = "<script>document.title='pwned'</script><img src=x onerror=alert(1)>&\"'"


def execution(name: str, stage: str, repro: str, **values: Any) -> dict[str, Any]:
    return spooled.execution(name, stage, repro, STAGES, **values)


def built(root: Path, more: str = HEADLINE) -> Path:
    """A project after two builds: all of it, and then `train` again, better."""
    spooled.project(root, STAGES, more=more)
    state = root / ".stagebook"
    for stage in STAGES:
        put(state, execution(FIRST, stage, "one"))
    put(state, execution(FIRST, "train", "one", metrics={"auc": 0.6}))
    put(state, execution(SECOND, "train", "two", metrics={"auc": 0.7}))
    (root / "metrics").mkdir()
    (root / "metrics/train.json").write_text('{"auc": 0.7}')
    return root


def record_of(root: Path, stage: str, begins: str) -> str:
    """Id of the execution of a stage that began then."""
    [file] = (root / ".stagebook/records").glob(f"{begins}*{stage}*.json")
    return file.stem


def pages(root: Path, against: str | None = None) -> dict[str, str]:
    return dict(reporting.site(Project.find(root), against).pages())


def status(root: Path, against: str | None = None) -> ProjectStatus:
    return reporting.site(Project.find(root), against).book


def states(root: Path) -> dict[StageState, int]:
    """How many stages are in each state."""
    return dict(Counter(stage.state for stage in status(root).stages))


def changes(root: Path, against: str | None = None) -> list[str]:
    """What the front page says of the changes of the headline metric."""
    front = Elements(pages(root, against)["index.html"])
    return [line.text for line in front.select(".tile .change") if not line.is_a(".origin")]


def drawn(root: Path) -> list[MetricHistory]:
    """Each metric over all builds."""
    book = status(root)
    names = {
        (stage, name)
        for build in book.builds
        for stage, values in build.metrics.items()
        for name in values
    }
    return [MetricHistory.of(book, book.builds, stage, name) for stage, name in sorted(names)]


def table_rows(front: str) -> dict[str, list[str]]:
    """The rows of the tables of the front page by their first cells."""
    return {row[0]: row[1:] for row in Elements(front).rows("table.list")}


def subject(page: str) -> str:
    """Which execution the page of a notebook says that it is of."""
    [heading] = Elements(page).select("h1")
    return heading.attributes["data-subject"]


def notes(page: str) -> list[str]:
    return Elements(page).texts("ul.notes li")


def broken(found: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The links that lead nowhere."""
    ids = {page: set(Elements(text).values("id")) for page, text in found.items()}
    for page, text in found.items():
        for link in Elements(text).values("href"):
            parts = urlsplit(link)
            here = (
                (Path("/") / page).parent / unquote(parts.path) if parts.path else Path("/", page)
            )
            target = str(Path(*here.resolve().parts[1:]))
            if target not in ids or (parts.fragment and unquote(parts.fragment) not in ids[target]):
                yield page, link


def test_the_front_page_tells_of_the_last_build(tmp_path: Path) -> None:
    front = Elements(pages(built(tmp_path))["index.html"])
    [summary] = front.select("#summary")
    assert summary.attributes["data-evidence"] == "records"
    assert "2026-01-02 at 10:00 UTC" in summary.text
    assert summary.text.endswith(": 1 executed, 2 unchanged.")
    assert front.texts(".tile .value") == ["0.7"]
    [change] = changes(tmp_path)
    assert change.startswith("▲ +0.1 ")
    assert change.endswith("before")
    [headline] = status(tmp_path).headlines
    assert (headline.before, headline.value, headline.edited) == (0.6, 0.7, False)


def test_what_the_last_build_did_not_execute_is_unchanged_since_the_build_before(
    tmp_path: Path,
) -> None:
    state = built(tmp_path) / ".stagebook"
    put(state, execution("20260103T100000", "apart", "three", outcome="refused by contract"))
    put(state, execution("20260104T100000", "apart", "four"))
    [headline] = status(tmp_path).headlines
    assert (headline.before, headline.value) == (0.7, 0.7)
    [change] = changes(tmp_path)
    assert change.startswith("unchanged ")
    gist = reporting.markdown(Project.find(tmp_path), None, "")
    assert "| `auc` | 0.7 | 0.7 | unchanged |" in gist


def test_a_plot_that_is_json_changes_no_metric_s_name(tmp_path: Path) -> None:
    file = built(tmp_path) / "dvc.yaml"
    pipeline = json.loads(file.read_text())
    pipeline["stages"]["train"]["plots"] = ["plots/roc.json"]
    file.write_text(json.dumps(pipeline))
    [headline] = status(tmp_path).headlines
    assert (headline.name, headline.before) == ("auc", 0.6)
    [change] = changes(tmp_path)
    assert change.startswith("▲ +0.1 ")


def test_a_build_is_told_beside_the_build_before_also_after_trials(tmp_path: Path) -> None:
    state = built(tmp_path) / ".stagebook"
    for name, rate, auc in (("20260103", 0.3, 0.7), ("20260104", 0.5, 0.75)):
        tried = [{"name": "rate", "value": rate}]
        values = {"parameters": tried, "metrics": {"auc": auc}, "build": False}
        put(state, execution(f"{name}T100000", "train", "", **values) | {"volatile": {"id": name}})
    now = {"parameters": [{"name": "rate", "value": 0.3}], "metrics": {"auc": 0.8}}
    put(state, execution("20260105T100000", "train", "5", **now))
    (tmp_path / "metrics/train.json").write_text('{"auc": 0.8}')
    [headline] = status(tmp_path).headlines
    assert (headline.before, headline.edited) == (0.7, False)
    [change] = changes(tmp_path)
    assert change.startswith("▲ +0.1 ")
    front = pages(tmp_path)["index.html"]
    assert "rate none → 0.3" in front
    assert "rate 0.5 → 0.3" not in front


def test_there_is_a_page_for_each_notebook_and_each_file_and_all_links_lead_somewhere(
    tmp_path: Path,
) -> None:
    found = pages(built(tmp_path))
    assert set(found) == {
        "index.html",
        "history.html",
        *(f"notebooks/{stage}.html" for stage in STAGES),
        "data/data/raw.csv.html",
        "data/data/made.parquet.html",
        "data/model.pkl.html",
        "data/other.txt.html",
    }
    assert list(broken(found)) == []
    for text in found.values():
        ids = Elements(text).values("id")
        assert len(ids) == len(set(ids))


def test_names_of_any_kind_keep_links_whole_and_pages_inside(tmp_path: Path) -> None:
    odd = "../out side/ä#1?%20.csv"
    spooled.project(tmp_path / "here", {"stage ü": ([odd], ["a&b/c.txt"])})
    found = pages(tmp_path / "here")
    assert list(broken(found)) == []
    assert all(".." not in Path(page).parts for page in found)


def test_a_file_s_page_says_who_made_it_who_reads_it_and_whether_its_contract_holds(
    tmp_path: Path,
) -> None:
    table = {"name": "x", "paths": ["data/made.parquet"], "rows": 7, "contract": "lib:Made"}
    built(tmp_path)
    state = tmp_path / ".stagebook"
    put(state, execution(FIRST, "make", "one", tables=[{**table, "role": "output", "holds": True}]))
    page = pages(tmp_path)["data/data/made.parquet.html"]
    assert '<dt>made by</dt><dd><a href="../../notebooks/make.html">make</a>' in page
    assert '<dt>read by</dt><dd><a href="../../notebooks/train.html">train</a>' in page
    assert '<code>lib:Made</code> <span class="good">holds</span>' in page


def test_a_refused_table_is_on_the_front_page_with_the_rule(tmp_path: Path) -> None:
    table = {
        "name": "x",
        "paths": ["data/made.parquet"],
        "role": "input",
        "contract": "lib:Made",
        "holds": False,
        "failures": [{"code": "value-refused", "column": "delay", "rule": ">= 0"}],
    }
    built(tmp_path)
    refused = Outcome.REFUSED.value
    put(
        tmp_path / ".stagebook",
        execution("20260103", "train", "three", outcome=refused, tables=[table]),
    )
    front = pages(tmp_path)["index.html"]
    [contract] = [
        line.text
        for line in Elements(front).select("ul.lines li")
        if line.text.startswith("data/made.parquet: refused")
    ]
    assert "delay: >= 0" in contract
    assert table_rows(front)["train"][0] == refused
    assert states(tmp_path) == {StageState.FAILED: 1, StageState.UNCHANGED: 2}
    assert "1 failed, 2 unchanged" in front


def test_what_needs_a_stage_that_failed_was_not_reached(tmp_path: Path) -> None:
    built(tmp_path)
    put(tmp_path / ".stagebook", execution("20260103", "make", "three", outcome="failed"))
    assert "1 failed, 1 unchanged, 1 not reached" in pages(tmp_path)["index.html"]


def test_an_attempt_that_failed_before_is_told_beside_what_changed(tmp_path: Path) -> None:
    built(tmp_path)
    state = tmp_path / ".stagebook"
    put(state, execution("20260103T100000", "train", "3", outcome="undeclared file"))
    put(state, execution("20260104T100000", "train", "4", metrics={"auc": 0.7}))
    found = pages(tmp_path)
    [row] = [stage.row for stage in status(tmp_path).stages if stage.row is not None]
    assert row.before is not None
    assert row.before.outcome == "undeclared file"
    told = front_page.changed(row)
    assert len(told) == 2
    assert told[1].endswith(": undeclared file")
    [facts] = Elements(found["notebooks/train.html"]).select("dl.facts")
    assert "; ".join(told) in facts.text
    assert table_rows(found["index.html"])["train"][1].endswith("; ".join(told))
    assert f"`{told[1]}`" in reporting.markdown(Project.find(tmp_path), None, "")
    put(state, execution("20260105T100000", "train", "5"))
    assert "undeclared file" not in pages(tmp_path)["index.html"]


def test_rows_of_a_package_are_golden_rows(tmp_path: Path) -> None:
    built(tmp_path)
    (tmp_path / "model.pkl").unlink()
    (tmp_path / "model.pkl").mkdir()
    (tmp_path / "model.pkl" / manifest.FILE).write_text("{}")
    text = profiles.render(Profile((), 128))
    digest = spooled.sha256(text)
    state = tmp_path / ".stagebook"
    (state / "profiles").mkdir()
    (state / "profiles" / f"{digest}.json").write_text(text)
    table = {"name": "x", "paths": ["model.pkl"], "role": "output", "rows": 128, "profile": digest}
    put(state, execution("20260103T100000", "train", "3", tables=[table]))
    found = pages(tmp_path)
    assert '<td class="number">128 golden</td>' in found["index.html"]
    assert '<text x="' in found["index.html"]
    assert ">128 golden rows</text>" in found["index.html"]
    assert any(
        "golden" in text.lower() and "128 rows" in text
        for text in Elements(found["data/model.pkl.html"]).texts("main p")
    )


def test_stretches_of_time_are_written_as_people_say_them(tmp_path: Path) -> None:
    built(tmp_path)
    state = tmp_path / ".stagebook"
    moments = [datetime(2013, 1, 1, tzinfo=UTC) + timedelta(days=one) for one in range(365)]
    waits = pa.array([-7_200_000_000] + [90_000_000] * 364, pa.duration("us"))
    pq.write_table(pa.table({"at": moments, "waited": waits}), tmp_path / "data/made.parquet")
    text = profiles.render(profile(Table.open(tmp_path, "data/made.parquet")))
    digest = spooled.sha256(text)
    (state / "profiles").mkdir()
    (state / "profiles" / f"{digest}.json").write_text(text)
    table = {"name": "x", "paths": ["data/made.parquet"], "role": "output", "profile": digest}
    put(state, execution("20260103T100000", "make", "3", tables=[table]))
    page = pages(tmp_path)["data/data/made.parquet.html"]
    days = statistics.stdev(range(365))
    assert f'<th scope="row">std<td>{days:.0f} days' in page
    assert '<th scope="row">min<td>−2 hours' in page
    assert '<th scope="row">max<td>1.5 minutes' in page
    assert '<th scope="row">min<td>2013-01-01' in page  # a moment stays a moment


def test_names_in_backticks_are_code_on_the_page_of_a_drift(tmp_path: Path) -> None:
    root = built(tmp_path, HEADLINE + '[tool.stagebook.drift]\n"data/new.csv" = "data/old.csv"\n')
    for name in ("old", "new"):
        lines = "".join(f"id-{name}-{one},1\n" for one in range(11_000))
        (root / "data" / f"{name}.csv").write_text(f"key,x\n{lines}")
    page = pages(root)["drift/data/new.csv.html"]
    assert "<code>key</code>" in page
    assert "`" not in page.partition("</style>")[2]


def test_the_band_of_a_chart_is_explained(tmp_path: Path) -> None:
    built(tmp_path)
    assert "key band" not in pages(tmp_path)["history.html"].partition("</style>")[2]
    for day, auc in (("03", 0.8), ("04", 0.9)):
        values = {"auc": auc, "auc_low": auc - 0.1, "auc_high": auc + 0.1}
        one = execution(f"202601{day}T100000", "train", day, metrics=values)
        put(tmp_path / ".stagebook", one)
    page = pages(tmp_path)["history.html"].partition("</style>")[2]
    assert '<span class="key band"></span> from auc_low to auc_high</figcaption>' in page


def test_history_has_a_chart_of_what_changed_with_its_points_named(tmp_path: Path) -> None:
    page = Elements(pages(built(tmp_path))["history.html"])
    assert page.rows("details table")[1:] == [
        ["no commit", "2026-01-02 10:00", "0.7"],
        ["no commit", "2026-01-01 10:00", "0.6"],
    ]
    [course] = [course for course in drawn(tmp_path) if course.name == "auc"]
    assert [(point.value, point.name) for point in course.points] == [
        (0.6, "no commit"),
        (0.7, "no commit"),
    ]
    for point, when in zip(course.points, ("2026-01-01 10:00", "2026-01-02 10:00"), strict=True):
        assert point.words.startswith(f"{point.value} ")
        assert point.words.endswith(f"{point.name}, {when}")
        assert point.words in page.texts("svg title")


@pytest.mark.parametrize(("odd", "words"), [(math.nan, "NaN"), ("good", "good"), ([1], "")])
def test_a_metric_that_is_no_number_any_more_is_told_and_not_drawn(
    tmp_path: Path, odd: Any, words: str
) -> None:
    built(tmp_path)
    put(tmp_path / ".stagebook", execution("20260103T100000", "train", "3", metrics={"auc": odd}))
    (tmp_path / "metrics/train.json").write_text(json.dumps({"auc": odd}))
    found = pages(tmp_path)
    assert f"Not drawn: {words}" in found["history.html"]
    [course] = [course for course in drawn(tmp_path) if course.name == "auc"]
    assert [bool(point.odd) for point in course.points] == [False, False, True]
    assert course.points[-1].odd in Elements(found["history.html"]).texts("svg text")
    assert (course.points[-1].odd == "NaN") is (words == "NaN")
    assert odd == [1] or changes(tmp_path)[0].startswith("0.7 ")


def test_a_metric_that_was_written_by_hand_is_held_against_the_last_build(tmp_path: Path) -> None:
    built(tmp_path)
    (tmp_path / "metrics/train.json").write_text('{"auc": 0.9}')
    [headline] = status(tmp_path).headlines
    assert (headline.edited, headline.before, headline.value) == (True, 0.7, 0.9)
    [change] = changes(tmp_path)
    assert change.startswith("▲ +0.2 ")
    assert "last build" in change


@pytest.mark.parametrize(("text", "code"), [("{", "bad-metrics"), ('{"AUC": 1}', "no-metric")])
def test_a_headline_without_a_value_says_why(tmp_path: Path, text: str, code: str) -> None:
    built(tmp_path, HEADLINE + GATES.format(0.5))
    (tmp_path / "metrics/train.json").write_text(text)
    book = status(tmp_path)
    [problem] = [verdict.problem for verdict in book.verdicts]
    assert problem is not None
    assert problem.code == code
    front = Elements(pages(tmp_path)["index.html"])
    assert front.texts(".tile .value") == [book.headlines[0].trouble]
    assert book.headlines[0].trouble
    assert changes(tmp_path) == []  # which would say the same again


def test_in_a_clone_the_outputs_of_a_stage_are_missing(tmp_path: Path) -> None:
    built(tmp_path)
    (tmp_path / "data/made.parquet").unlink()
    (tmp_path / "other.txt").unlink()
    assert "1 executed, 2 outputs missing" in pages(tmp_path)["index.html"]


def colophon_of(root: Path, text: str) -> None:
    """The executed notebook of `train`, which ends in a colophon of this text."""
    cell = {"cell_type": "markdown", "metadata": {"tags": ["colophon"]}, "source": text}
    (root / "runs").mkdir()
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
    (root / "runs/train.ipynb").write_text(json.dumps(notebook))


def test_a_page_of_another_execution_says_so(tmp_path: Path) -> None:
    name = record_of(built(tmp_path), "train", SECOND)
    colophon_of(tmp_path, f"record {name}")
    page = pages(tmp_path)["notebooks/train.html"]
    assert (subject(page), notes(page)) == ("current", [])
    (tmp_path / "runs/train.ipynb").write_text(
        (tmp_path / "runs/train.ipynb").read_text().replace(name, "20250101T000000-old")
    )
    page = pages(tmp_path)["notebooks/train.html"]
    assert (subject(page), len(notes(page))) == ("other_execution", 1)


def test_a_notebook_that_is_cut_off_is_no_other_execution(tmp_path: Path) -> None:
    name = record_of(built(tmp_path), "train", SECOND)
    colophon_of(tmp_path, f"record {name}")
    text = (tmp_path / "runs/train.ipynb").read_text()
    (tmp_path / "runs/train.ipynb").write_text(text[:40])
    page = pages(tmp_path)["notebooks/train.html"]
    assert subject(page) == "none"
    [note] = notes(page)
    assert "line 1 " in note


def test_a_page_whose_record_is_broken_was_not_executed_elsewhere(tmp_path: Path) -> None:
    root = built(tmp_path)
    name = record_of(root, "train", SECOND)
    colophon_of(root, f"record {name}")
    for file in (root / ".stagebook/records").glob("*train*"):
        file.write_text("{")
    page = pages(root)["notebooks/train.html"]
    assert subject(page) == "damaged_record"
    [note] = notes(page)
    assert name in note


@pytest.mark.parametrize("indexed", [True, False])
def test_a_record_that_was_cut_off_leaves_the_last_build_unknown(
    tmp_path: Path, indexed: bool
) -> None:
    root = built(tmp_path)
    colophon_of(root, f"record {(name := record_of(root, 'train', SECOND))}")
    if indexed:
        pages(root)  # the index has read the record while it was whole
    file = root / ".stagebook/records" / f"{name}.json"
    file.write_text(file.read_text()[:100])
    found = pages(root)
    book = status(root)
    assert (book.damaged, book.blind) == ((name,), (name,))
    assert not book.started.startswith("2026-01-02")
    verdict = BuildVerdict.of(book)
    assert verdict.grade is Grade.WARNINGS
    assert ReasonKind.BUILD_UNKNOWN in [reason.kind for reason in verdict.reasons]
    front = Elements(found["index.html"])
    assert name in front.texts("#summary")[0]
    assert [f"{name}: JSONDecodeError" in note for note in front.texts(".notes li")] == [True]
    assert subject(found["notebooks/train.html"]) == "damaged_record"
    text = reporting.markdown(Project.find(root), None, "")
    assert f"`{name}`" in text
    assert text.startswith("### ⚠️ `late`: ")
    for page in (*found.values(), text):
        assert "2026-01-02" not in page.partition("</style>")[2] or "uilt on 2026-01-02" not in page
    if indexed:
        assert [stage.name for stage in book.stages if stage.state is StageState.UNKNOWN] == [
            "train"
        ]
        assert "Not known: `train`" in text


def test_a_refused_input_says_what_was_refused_and_that_no_kernel_was_started(
    tmp_path: Path,
) -> None:
    built(tmp_path)
    failure = {
        "code": "value-refused",
        "column": "delay",
        "rule": ">= 0",
        "failed": 1200,
        "rows": 5000,
        "sample": [[7, "-3"], [9, "<b>"]],
        "found": "",
        "hint": "",
    }
    table = {
        "name": "x",
        "paths": ["data/raw.csv"],
        "role": "input",
        "contract": "lib:Raw",
        "holds": False,
        "failures": [failure],
    }
    outcome = Outcome.REFUSED.value
    put(
        tmp_path / ".stagebook", execution("20260103", "make", "3", outcome=outcome, tables=[table])
    )
    found = pages(tmp_path)
    make = next(stage for stage in status(tmp_path).stages if stage.name == "make")
    assert make.is_input_refused
    page = Elements(found["notebooks/make.html"])
    data = Elements(found["data/data/raw.csv.html"])
    for rule in (*page.texts("section.refused li"), *data.texts("ul.lines ul.lines li")):
        assert re.findall(r"[\d,]+ of [\d,]+|row \d+ has \S+", rule) == [
            "1,200 of 5,000",
            "row 7 has -3,",
            "row 9 has <b>.",
        ]
    assert len(page.texts("section.refused li")) == len(data.texts("ul.lines ul.lines li")) == 1
    assert page.texts("section.refused p code") == ["lib:Raw", "data/raw.csv"]
    [note] = page.texts("ul.notes li")
    assert "refused" in note
    assert data.texts("ul.lines .bad") == ["1 rule broken"]
    assert "md5" in data.texts("dt")
    text = reporting.markdown(Project.find(tmp_path), None, "")
    assert "**`make` " in text
    assert "make.failed.ipynb" not in text


def test_raw_data_that_no_build_has_read_are_not_called_unbuilt(tmp_path: Path) -> None:
    spooled.project(tmp_path, STAGES)
    (tmp_path / "dvc.lock").unlink()
    found = pages(tmp_path)
    unread, unbuilt = (
        Elements(found[f"data/data/{name}.html"]).texts("dd.state")
        for name in ("raw.csv", "made.parquet")
    )
    assert ["built" in state for state in unread + unbuilt] == [False, True]


def test_the_front_page_has_the_first_line_of_an_error_with_its_cell(tmp_path: Path) -> None:
    built(tmp_path)
    where = {"file": "notebooks/train.ipynb", "cell": 9, "line": 3}
    message = f"ValueError: {EVIL} {'x' * 400}\nsecond line"
    problem = {"code": "cell-failed", "message": message, "hint": "", "where": where}
    failed = execution("20260103", "train", "3", outcome="failed", problems=[problem])
    put(tmp_path / ".stagebook", failed)
    front = pages(tmp_path)["index.html"]
    assert (
        '<a href="notebooks/train.html">train</a>: <span class="bad">failed, cell 9</span>' in front
    )
    assert "ValueError: &lt;script&gt;" in front
    assert "<script>document" not in front
    assert "x" * 300 not in front
    assert "second line" not in front


def test_a_kept_notebook_stands_in_for_one_that_is_gone_or_of_another_execution(
    tmp_path: Path,
) -> None:
    name = record_of(built(tmp_path), "train", SECOND)
    colophon_of(tmp_path, f"record {name}, kept")
    path = tmp_path / "runs/train.ipynb"
    KeptNotebooks(tmp_path / ".stagebook").put("train", name, path)
    path.write_text(path.read_text().replace(name, "20250101T000000-old"))
    page = pages(tmp_path)["notebooks/train.html"]
    assert (subject(page), notes(page)) == ("current", [])
    assert f"record {name}, kept" in page
    path.unlink()
    page = pages(tmp_path)["notebooks/train.html"]
    assert (subject(page), notes(page)) == ("current", [])
    assert f"record {name}, kept" in page


def test_before_any_build_the_site_says_so(tmp_path: Path) -> None:
    spooled.project(tmp_path, STAGES)
    (tmp_path / "dvc.lock").unlink()
    found = pages(tmp_path)
    [summary] = Elements(found["index.html"]).select("#summary")
    assert summary.attributes["data-evidence"] == "never_built"
    assert summary.text.endswith(" dvc repro --pull")
    assert "history.html" not in found
    assert list(broken(found)) == []


def test_a_project_without_stages_has_a_site(tmp_path: Path) -> None:
    spooled.project(tmp_path, {})
    assert set(pages(tmp_path)) == {"index.html"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", ": JSONDecodeError"),
        ('{"volatile": {}}', "structure"),
        (
            json.dumps(record("20260104-train", "train", repro="four", metrics=3)),
            "structure is not valid",
        ),
    ],
)
def test_a_record_that_is_broken_or_old_is_told_and_the_rest_is_there(
    tmp_path: Path, text: str, words: str
) -> None:
    built(tmp_path)
    (tmp_path / ".stagebook/records/20260104-train.json").write_text(text)
    found = pages(tmp_path)
    [note] = notes(found["index.html"])
    assert words in note
    assert "20260104-train" in note
    assert len(found) == 9
    assert list(broken(found)) == []


def test_a_record_of_the_first_format_is_shown(tmp_path: Path) -> None:
    built(tmp_path)
    old = execution("20260104T100000", "train", "four", metrics={"auc": 0.8})
    for key in ("title", "code", "tables"):
        del old[key]
    put(tmp_path / ".stagebook", {**old, "format": 1})
    front = pages(tmp_path)["index.html"]
    assert "1 executed, 2 unchanged" in front
    assert "structure is not valid" not in front


def test_marks_of_a_merge_are_told(tmp_path: Path) -> None:
    built(tmp_path)
    (tmp_path / "dvc.lock").write_text("schema: '2.0'\n<<<<<<< ours\nstages:\n")
    front = pages(tmp_path)["index.html"]
    assert "dvc.lock" in front


def test_metrics_are_compared_with_a_branch(tmp_path: Path) -> None:
    built(tmp_path)
    (tmp_path / "metrics/train.json").write_text('{"auc": 0.5}')
    spooled.committed(tmp_path, "metrics")
    (tmp_path / "metrics/train.json").write_text('{"auc": 0.7}')
    [headline] = status(tmp_path, "main").headlines
    assert (headline.base, headline.value) == (0.5, 0.7)
    assert "▲ +0.2 against main" in changes(tmp_path, "main")


GATES = """[tool.stagebook.gates."metrics/train.json:auc"]
floor = {}
"""


@pytest.mark.parametrize(
    ("floor", "state", "mark"), [(0.65, "passes", "good"), (0.9, "floor of 0.9", "bad")]
)
def test_a_gate_says_whether_a_metric_keeps_to_it(
    tmp_path: Path, floor: float, state: str, mark: str
) -> None:
    front = pages(built(tmp_path, HEADLINE + GATES.format(floor)))["index.html"]
    gates = Elements(front.partition('id="gates"')[2]).texts(f"ul.lines span.{mark}")
    assert gates[0].startswith("0.7, ")
    assert gates[0].endswith(state)
    failed = Elements(front).texts(".tile .change.bad")
    assert [text.endswith(state) for text in failed] == [True] * (mark == "bad")


@pytest.mark.parametrize(("bound", "mark"), [("floor", "good"), ("ceiling", "bad")])
def test_a_gate_says_whether_a_change_is_for_the_better(
    tmp_path: Path, bound: str, mark: str
) -> None:
    gate = GATES.format(0.5).replace("floor", bound)
    front = pages(built(tmp_path, HEADLINE + gate))["index.html"]
    assert f'<span class="{mark}">▲ +0.1</span> <span class="quiet">since' in front


def test_a_branch_that_is_not_there_is_an_error_or_a_note(tmp_path: Path) -> None:
    built(tmp_path, HEADLINE + '[tool.stagebook.report]\nagainst = "main"\n')
    git(tmp_path, "init", "-q", "-b", "other")
    [note] = notes(pages(tmp_path)["index.html"])
    assert " main: " in note
    assert refusals.problem(pages, tmp_path, "nowhere").code == "no-commit"


def test_commits_that_git_has_no_more_are_marked(tmp_path: Path) -> None:
    built(tmp_path)
    git(tmp_path, "init", "-q")
    code = {"commit": "c0ffee" * 6 + "c0ff", "branch": "main", "remote": None, "dirty": True}
    gone = execution("20260103T100000", "train", "3", metrics={"auc": 0.9}, git=code)
    put(tmp_path / ".stagebook", gone)
    book = status(tmp_path)
    assert (book.lost, book.shallow) == ({code["commit"]}, False)
    page = Elements(pages(tmp_path)["history.html"])
    labels = [row[0] for row in page.rows("details table")[1:]]
    assert [label.startswith("c0ffeec* (") for label in labels] == [True, False, False]
    [lost] = page.texts(".lost")
    assert " 1 " in lost


def test_two_builds_of_one_commit_are_two_points(tmp_path: Path) -> None:
    built(tmp_path)
    code = {"commit": "abcdef0" * 6, "branch": None, "remote": None, "dirty": False}
    for hour, value in ((1, 0.8), (2, 0.9)):
        name = f"20260103T1{hour}0000"
        put(
            tmp_path / ".stagebook",
            execution(name, "train", str(hour), metrics={"auc": value}, git=code),
        )
    page = pages(tmp_path)["history.html"]
    assert "0.8 at abcdef0" in page
    assert "0.9 at abcdef0 (2), " in page
    assert ">abcdef0 (2)</text>" in page


def test_a_chart_says_of_how_many_builds_it_is(tmp_path: Path) -> None:
    built(tmp_path)
    later = {"03": {"auc": 0.8, "new": 1, "same": 5}, "04": {"auc": 0.9, "new": 2, "same": 5}}
    for day, values in later.items():
        put(tmp_path / ".stagebook", execution(f"202601{day}T100000", "train", day, metrics=values))
    assert len(status(tmp_path).builds) == 4
    page = Elements(pages(tmp_path)["history.html"])
    assert page.texts("#builds")[0].startswith("4 builds, ")
    courses = {course.name: len(course.points) for course in drawn(tmp_path)}
    assert courses == {"auc": 4, "new": 2, "same": 2}
    counts = [re.findall(r"(\d) of (\d) builds", text) for text in page.texts("section p.quiet")]
    assert counts == [[], [("2", "4")]]  # what never changed is not drawn


def test_nothing_of_a_notebook_or_a_record_is_markup(tmp_path: Path) -> None:
    """Scripts are planted wherever a text comes from outside."""
    column = Column(EVIL, EVIL, ColumnKind.TEXT, 1, 0, Texts({EVIL: 1}, None, 9, 1, 1, 9))
    text = profiles.render(Profile((column,), 1))
    built(tmp_path)
    state = tmp_path / ".stagebook"
    digest = spooled.sha256(text)
    (state / "profiles").mkdir()
    (state / "profiles" / f"{digest}.json").write_text(text)
    table = {
        "name": "x",
        "paths": ["data/made.parquet"],
        "role": "input",
        "rows": 1,
        "profile": digest,
        "contract": EVIL,
        "holds": False,
        "failures": [{"code": EVIL, "column": EVIL, "rule": EVIL}],
    }
    put(
        state,
        execution(
            "20260103T100000",
            "train",
            "3",
            title=EVIL,
            outcome=EVIL,
            metrics={EVIL: 1, "auc": EVIL},
            tables=[table],
            parameters=[{"name": EVIL, "value": EVIL, "origin": "default", "default": 1}],
            git={"commit": EVIL, "branch": EVIL, "dirty": False},
        ),
    )
    put(state, execution("20260104T100000", "make", "3", metrics={EVIL: 2}))
    (tmp_path / "metrics/train.json").write_text(json.dumps({"auc": EVIL}))
    found = pages(tmp_path)
    assert list(broken(found)) == []
    for page, text in found.items():
        for tag, values in Elements(text).found:
            assert tag not in ("img", "iframe"), page
            assert not [name for name in values if name.startswith("on")], page
        assert "<script>document" not in text
    assert "&lt;script&gt;document" in found["data/data/made.parquet.html"]


def test_every_page_has_a_policy_that_loads_nothing(tmp_path: Path) -> None:
    for page, text in pages(built(tmp_path)).items():
        policies = [
            values["content"]
            for tag, values in Elements(text).found
            if tag == "meta" and values.get("http-equiv") == "Content-Security-Policy"
        ]
        assert len(policies) == 1, page
        assert policies[0] is not None
        assert policies[0].startswith("default-src 'none'; style-src")
        assert "http" not in policies[0]


def test_one_page_is_mailed_without_links_to_others(tmp_path: Path) -> None:
    project = Project.find(built(tmp_path))
    for name in ("", "history", "train", "data/made.parquet"):
        text = reporting.single(project, None, name)
        links = [link for link in Elements(text).values("href") if not link.startswith("#")]
        assert links == [], name
    problem = refusals.problem(reporting.single, project, None, "trian")
    assert problem.code == "no-page"
    assert "`train`" in problem.hint


def test_a_program_that_cannot_be_imported_twice_gets_the_same_pages(tmp_path: Path) -> None:
    more = HEADLINE + '[tool.stagebook.drift]\n"data/new.csv" = "data/old.csv"\n'
    root = built(tmp_path / "here", more)
    for name in ("old", "new"):
        (root / "data" / f"{name}.csv").write_text("x\n1\n2\n")
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\nfrom stagebook.project.project import Project\n"
        "from stagebook.workflow import reporting\n"
        f"found = reporting.report(Project.find(Path({str(root)!r})), None, None)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    front = Elements((root / "site/index.html").read_text().partition('id="drift"')[2])
    drifts = [link.attributes["href"] for link in front.select("ul.lines a")]
    assert drifts[0] == "drift/data/new.csv.html"
    assert "1 column" in front.texts("ul.lines .good")[0]


def notebook_of(root: Path, stage: str, begins: str, *cells: Mapping[str, Any]) -> None:
    """The executed notebook of a stage, kept as of its execution that began then."""
    file = root / "executed.ipynb"
    file.write_text(articles.text(*cells))
    name = record_of(root, stage, begins)
    KeptNotebooks(root / ".stagebook").put(stage, name, file)


def test_the_front_page_has_the_result_and_the_figure_that_notebooks_name(tmp_path: Path) -> None:
    built(tmp_path, 'description = "Late <flights>."\n' + HEADLINE)
    figure = code("plot()", articles.data("image/png", articles.PIXEL), tags=("headline",))
    cells = (markdown("# T"), markdown("**Better** by 4 points.", "result"), figure)
    notebook_of(tmp_path, "train", SECOND, *cells)
    front = pages(tmp_path)["index.html"]
    assert '<p class="lead">Late &lt;flights&gt;.</p>' in front
    assert "<p><strong>Better</strong> by 4 points.</p>" in front
    assert articles.PIXEL in front
    assert {"notebooks/train.html#cell-2", "notebooks/train.html#cell-3"} <= set(
        Elements(front).values("href")
    )
    alone = reporting.single(Project.find(tmp_path), None, "")
    assert "<strong>Better</strong>" in alone


def test_the_front_page_begins_with_the_verdict(tmp_path: Path) -> None:
    front = pages(built(tmp_path, HEADLINE + GATES.format(0.9)))["index.html"]
    order = ['class="overall bad"', "floor of 0.9", 'class="tiles"', 'id="pipeline"']
    places = [front.index(word) for word in order]
    assert places == sorted(places)
    assert "floor of 0.9" in Elements(front).texts(".overall ul.lines .bad")[0]


def test_a_notebook_links_to_those_that_it_builds_on_and_that_read_it(tmp_path: Path) -> None:
    found = pages(built(tmp_path))
    assert "train.html" in Elements(found["notebooks/make.html"]).values("href")
    assert "make.html" in Elements(found["notebooks/train.html"]).values("href")
    assert not {"make.html", "train.html"} & set(
        Elements(found["notebooks/apart.html"]).values("href")
    )


@pytest.mark.parametrize(("setting", "shown"), [("", False), ("rows = 2", True)])
def test_a_table_has_sample_rows_where_the_project_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, shown: bool
) -> None:
    monkeypatch.setenv("API_TOKEN", "correct-horse-battery")
    root = built(tmp_path, f"{HEADLINE}[tool.stagebook.report]\n{setting}\n")
    text = ["<b>first</b>", "correct-horse-battery", "third"]
    pq.write_table(pa.table({"name": text, "size": [1.0, None, 3.0]}), root / "data/made.parquet")
    table = {"name": "made", "role": "output", "paths": ["data/made.parquet"], "rows": 3}
    third = FIRST.replace("20260101", "20260103")
    put(root / ".stagebook", execution(third, "make", "three", tables=[table]))
    page = pages(root)["data/data/made.parquet.html"]
    assert ("&lt;b&gt;first&lt;/b&gt;" in page) is shown
    assert ('<td class="number"><span class="quiet">missing</span></td>' in page) is shown
    assert "third" not in page
    assert "horse" not in page


def test_two_gates_of_one_name_say_their_files(tmp_path: Path) -> None:
    twin = GATES.format(0.5).replace("metrics/train.json", "metrics/other.json")
    front = pages(built(tmp_path, HEADLINE + GATES.format(0.5) + twin))["index.html"]
    gates = Elements(front.partition('id="gates"')[2]).texts("ul.lines li")
    assert sorted(gate.partition(":")[0].split()[-1] for gate in gates[:2]) == [
        "metrics/other.json",
        "metrics/train.json",
    ]
