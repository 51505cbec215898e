"""The reference of monitoring in a package."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import refusals
from little_model import FEATURES, fitted, table, write
from sklearn.linear_model import LinearRegression

from stagebook.data.drift.drift import DriftVerdict, drift
from stagebook.data.drift.reference import Reference
from stagebook.data.drift.spans import Span
from stagebook.data.profiles import profile as profiles
from stagebook.data.profiles.profiling import profile
from stagebook.data.profiles.score_histogram import ScoreHistogram
from stagebook.data.tables.table import Table
from stagebook.model import monitoring_reference
from stagebook.model.contents import Contents
from stagebook.model.label import Label, score_name
from stagebook.model.monitoring_reference import MonitoringReference
from stagebook.model.reference_performance import BinaryMonth, RegressionMonth
from stagebook.project.errors import Problem

FILE = monitoring_reference.FILE


def packaged_with(folder: Path, files: dict[str, Path], **changes: Any) -> MonitoringReference:
    """The reference in a package that is written with some changes."""
    write(changes.pop("model", None) or fitted(), folder / "tall", files, **changes)
    reference = monitoring_reference.read(folder / "tall")
    assert reference
    return reference


def refusal(folder: Path, files: dict[str, Path], **changes: Any) -> Problem:
    """Why a package is not written; nothing is left of it."""
    model = changes.pop("model", None) or fitted()
    problem = refusals.problem(write, model, folder / "tall", files, **changes)
    assert problem.hint
    assert not (folder / "tall").exists()
    return problem


def changed(file: Path, **columns: Any) -> None:
    """Writes a split again with other columns; None removes one."""
    frame = pd.read_parquet(file)
    lost = [name for name, values in columns.items() if values is None]
    frame.assign(**columns).drop(columns=lost).to_parquet(file, index=False)


# What is in it


def test_a_package_with_a_time_has_effects_of_both_splits(original: Path) -> None:
    reference = monitoring_reference.read(original / "tall")
    assert reference
    assert reference.time == "at"
    assert (reference.inputs.split, reference.predictions.split) == ("train", "test")
    days = reference.inputs.effects.at(Span.DAY)
    assert days.blocks == 17
    assert sorted(days.columns) == FEATURES
    outputs = reference.predictions.effects.at(Span.DAY).columns
    assert sorted(outputs) == ["probability_False", "probability_True"]
    assert reference.performance is None


def test_a_new_day_is_compared_with_the_packages_profile_and_effects(original: Path) -> None:
    folder = original / "tall"
    reference = monitoring_reference.read(folder)
    assert reference
    learned = profiles.read(folder / "profile.input.json")
    day = table(900, 24)[FEATURES]
    verdicts = []
    for lost in (0, 6):
        some = day.mask(day.index.to_series() < lost)
        rows = Table.of_rows(pa.Table.from_pandas(some, preserve_index=False))
        effects = reference.inputs.effects
        compared = drift(Reference(learned), profile(rows, learned), effects=effects, span=Span.DAY)
        assert compared.calibrated
        verdicts.append(compared.verdict)
    assert verdicts == [DriftVerdict.NO_DRIFT, DriftVerdict.DRIFT]


def test_a_package_without_a_time_has_none(files: dict[str, Path], tmp_path: Path) -> None:
    write(fitted(), tmp_path / "tall", files, time=None)
    assert not (tmp_path / "tall" / FILE).exists()
    assert monitoring_reference.read(tmp_path / "tall") is None
    contents = Contents.read(tmp_path / "tall")
    assert contents.problems == ()
    assert monitoring_reference.read(contents) is None


def test_scores_are_counted_by_what_came_true(files: dict[str, Path], tmp_path: Path) -> None:
    performance = packaged_with(tmp_path, files, label="tall").performance
    assert performance
    assert (performance.kind, performance.threshold) == ("binary", 0.5)
    assert (performance.label, performance.score) == ("tall", "probability_True")
    rows = table(400, 300)
    scores = fitted().predict_proba(rows[FEATURES])[:, 1]
    months = list(performance.months)
    assert months == [
        BinaryMonth(
            "2013-01-01",
            ScoreHistogram.of(scores[rows["tall"]]),
            ScoreHistogram.of(scores[~rows["tall"]]),
        )
    ]


def test_each_month_has_its_rows(files: dict[str, Path], tmp_path: Path) -> None:
    at = table(400, 300)["at"]
    changed(files["test"], at=at.where(at.index < 100, at + pd.Timedelta("17D")))
    performance = packaged_with(tmp_path, files, label="tall").performance
    assert performance
    months = [month for month in performance.months if isinstance(month, BinaryMonth)]
    assert [month.start for month in months] == ["2013-01-01", "2013-02-01"]
    assert [month.came_true.rows + month.others.rows for month in months] == [100, 200]


def test_errors_of_a_number_are_summed(files: dict[str, Path], tmp_path: Path) -> None:
    for file in files.values():
        changed(file, size=pd.read_parquet(file)["height"] * 10 + 170)
    train, test = (pd.read_parquet(file) for file in files.values())
    model = LinearRegression().fit(train[["weight"]], train["size"])
    changes = {"model": model, "features": ["weight"], "method": "predict", "label": "size"}
    performance = packaged_with(tmp_path, files, **changes).performance
    assert performance
    assert (performance.kind, performance.threshold) == ("regression", None)
    assert performance.score == "prediction"
    (month,) = performance.months
    assert isinstance(month, RegressionMonth)
    errors = model.predict(test[["weight"]]) - test["size"]
    assert month.rows == 300
    assert month.errors == pytest.approx(errors.sum())
    assert month.squared_errors == pytest.approx((errors**2).sum())
    assert month.label_squares == pytest.approx(test["size"].var(ddof=0) * 300)


def test_rows_without_a_label_or_a_time_are_counted_and_left_out(
    files: dict[str, Path], tmp_path: Path
) -> None:
    rows = table(400, 300)
    label = rows["tall"].astype("boolean").where(rows.index >= 7)
    changed(files["test"], tall=label, at=rows["at"].where(rows.index < 297))
    performance = packaged_with(tmp_path, files, label="tall").performance
    assert performance
    assert (performance.unlabelled, performance.undated) == (7, 3)
    (month,) = performance.months
    assert isinstance(month, BinaryMonth)
    assert month.came_true.rows + month.others.rows == 290


@pytest.mark.parametrize("dtype", ["int8", "float64", "Int64", "category"])
def test_ones_and_zeros_are_true_and_false(
    dtype: str, files: dict[str, Path], tmp_path: Path
) -> None:
    changed(files["test"], tall=table(400, 300)["tall"].astype("int64").astype(dtype))
    performance = packaged_with(tmp_path, files, label="tall").performance
    assert performance
    assert performance.kind == "binary"


# Which output is the score


@pytest.mark.parametrize(
    ("columns", "label", "score", "expected"),
    [
        (["on_time", "late"], "on_time", None, "on_time"),
        (["on_time", "late"], "delayed", None, "late"),
        (["on_time", "late"], "late", "on_time", "on_time"),
        (["prediction"], "minutes", None, "prediction"),
    ],
)
def test_the_score_is_chosen(
    columns: list[str], label: str, score: str | None, expected: str
) -> None:
    values = np.array([[0.25, 0.75], [0.5, 0.5]])[:, : len(columns)]
    assert score_name(pd.DataFrame(values, columns=columns), label, score) == expected


@pytest.mark.parametrize(
    ("values", "score"),
    [
        ([[0.25, 0.75]], "other"),
        ([[0.25, 0.5]], None),
        ([[-1.0, 2.0]], None),
        ([[0.25, 0.25, 0.5]], None),
    ],
)
def test_outputs_of_which_none_is_the_score_are_refused(
    values: list[list[float]], score: str | None
) -> None:
    predictions = pd.DataFrame(values).rename(columns=lambda place: f"p{place}")
    assert refusals.problem(score_name, predictions, "late", score).code == "no-score"


def test_a_score_that_is_a_text_is_refused(files: dict[str, Path]) -> None:
    label = Label.read(files["test"], "tall")
    predictions = pd.DataFrame({"tall": ["yes"] * 300})
    days = np.zeros(300, np.int64)
    assert refusals.problem(label.performance, predictions, None, days).code == "no-score"


# What is refused


def test_a_label_that_the_test_split_does_not_have_is_refused(
    files: dict[str, Path], tmp_path: Path
) -> None:
    changed(files["test"], tall=None)
    problem = refusal(tmp_path, files, label="tall")
    assert problem.code == "no-label"
    assert problem.where
    assert problem.where.file == files["test"].as_posix()


@pytest.mark.parametrize("values", ["yes", pd.Timestamp("2013-01-01"), np.nan, 3])
def test_a_label_of_another_kind_is_refused(
    values: Any, files: dict[str, Path], tmp_path: Path
) -> None:
    changed(files["test"], tall=values)
    assert refusal(tmp_path, files, label="tall").code == "bad-label"


def test_scores_of_a_boolean_that_are_no_probability_are_refused(
    files: dict[str, Path], tmp_path: Path
) -> None:
    problem = refusal(tmp_path, files, label="tall", method="decision_function")
    assert problem.code == "no-score"


def test_a_score_that_does_not_come_out_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    assert refusal(tmp_path, files, label="tall", score="late").code == "no-score"


def test_a_score_without_a_label_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    assert refusal(tmp_path, files, score="probability_True").code == "no-label"


def test_a_label_without_a_time_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    assert refusal(tmp_path, files, label="tall", time=None).code == "no-time-column"


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_time_that_is_no_time_is_refused(
    split: str, files: dict[str, Path], tmp_path: Path
) -> None:
    changed(files[split], at=pd.read_parquet(files[split])["at"].astype(str))
    assert refusal(tmp_path, files).code == "no-time-column"


def test_a_time_that_a_split_does_not_have_is_refused(
    files: dict[str, Path], tmp_path: Path
) -> None:
    changed(files["test"], at=None)
    refused = refusal(tmp_path, files)
    assert refused.code == "no-split"
    assert refused.message == "The split has no column `at`."


# The file


def test_the_order_of_rows_does_not_change_the_performance(
    files: dict[str, Path], tmp_path: Path
) -> None:
    first = packaged_with(tmp_path / "first", files, label="tall")
    frame = pd.read_parquet(files["test"]).sample(frac=1, random_state=1)
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), files["test"])
    assert packaged_with(tmp_path / "second", files, label="tall") == first


def test_a_reference_is_read_as_it_was_written(files: dict[str, Path], tmp_path: Path) -> None:
    reference = packaged_with(tmp_path, files, label="tall")
    text = (tmp_path / "tall" / FILE).read_text()
    assert monitoring_reference.render(reference) == text
    assert monitoring_reference.parse(text) == reference
    assert monitoring_reference.read(Contents.read(tmp_path / "tall")) == reference


@pytest.mark.parametrize("as_contents", [False, True])
def test_a_changed_reference_is_refused(packaged: Path, as_contents: bool) -> None:
    (packaged / FILE).write_text((packaged / FILE).read_text() + " ")
    package = Contents.read(packaged) if as_contents else packaged
    assert refusals.problem(monitoring_reference.read, package).code == "package-changed"


def test_a_reference_of_a_newer_format_is_refused(
    packaged: Path, rehash: Callable[[Path], None]
) -> None:
    values = json.loads((packaged / FILE).read_text())
    (packaged / FILE).write_text(json.dumps({**values, "format": 2}))
    rehash(packaged)
    assert refusals.problem(monitoring_reference.read, packaged).code == "newer-package"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1}', '{"format": 1, "time": 5}'])
def test_a_reference_that_is_none_is_refused(
    packaged: Path, rehash: Callable[[Path], None], text: str
) -> None:
    (packaged / FILE).write_text(text)
    rehash(packaged)
    assert refusals.problem(monitoring_reference.read, packaged).code == "package-changed"
