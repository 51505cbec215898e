"""The rows of a log with both predictions: what is compared, and what is left out and why."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import compared_packages
import numpy as np
import pandas as pd
import pytest
import replayed_logs
from hypothesis import given, settings
from hypothesis import strategies as st
from replayed_logs import FIRST, SECOND, LogOfServer
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from stagebook.model.comparison_rows import ComparisonColumns
from stagebook.model.load import Model
from stagebook.project.errors import StagebookError
from stagebook.serving import ids
from stagebook.workflow import log_replay
from stagebook.workflow.log_replay import LogSource, Replayed

PEOPLE = compared_packages.people(700, 60)
COLUMNS = ComparisonColumns("tall", ("city",))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    """Models by what they see."""
    folder = tmp_path_factory.mktemp("replayed")
    by_city = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough"),
        LogisticRegression(),
    )
    packages = {
        "all": compared_packages.write(folder, ["city", "height", "weight"], model=by_city),
        "height": compared_packages.write(folder, ["height"]),
        "place": compared_packages.write(folder, ["city", "height"], model=by_city),
    }
    return {name: replayed_logs.opened(package) for name, package in packages.items()}


@pytest.fixture
def log(models: dict[str, Model], tmp_path: Path) -> LogOfServer:
    """A log of the model that sees all, without requests."""
    return LogOfServer(tmp_path / "log", models["all"])


Run = Callable[..., Replayed]


@pytest.fixture
def run(log: LogOfServer, models: dict[str, Model], tmp_path: Path) -> Run:
    """Replays the log for a challenger, with a frame of labels."""

    def run(labels: pd.DataFrame, challenger: str = "height", **changes: Any) -> Replayed:
        labels.to_parquet(tmp_path / "labels.parquet", index=False)
        columns = changes.pop("columns", COLUMNS)
        source = replace(LogSource(log.folder, tmp_path / "labels.parquet"), **changes)
        return log_replay.replay(source, columns, models["all"], models[challenger])

    return run


def labelled(names: list[str], rows: pd.DataFrame = PEOPLE) -> pd.DataFrame:
    """What came true for some predictions."""
    return pd.DataFrame({"prediction": names, "tall": rows["tall"].to_numpy()})


def codes(error: pytest.ExceptionInfo[StagebookError]) -> list[str]:
    return [problem.code for problem in error.value.problems]


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 9), max_size=9),
    fates=st.lists(
        st.sampled_from(["once", "once", "twice", "never", "null", "both"]),
        min_size=len(PEOPLE),
        max_size=len(PEOPLE),
    ),
    closes=st.booleans(),
    missed=st.none() | st.integers(0, 12),
)
def test_each_row_is_compared_as_in_a_file_or_counted_once(
    models: dict[str, Model], sizes: list[int], fates: list[str], closes: bool, missed: int | None
) -> None:
    challenger = models["height"]
    with TemporaryDirectory() as folder:
        shadow = None if missed is None else challenger
        log = LogOfServer(Path(folder) / "log", models["all"], shadow)
        names = log.serve(PEOPLE.head(40), FIRST, sizes, missed or 0)
        if closes:
            log.close()
        names += log.serve(PEOPLE.tail(20), SECOND, sizes, missed or 0)
        labels = pd.DataFrame(
            [
                row
                for parts in zip(names, fates, PEOPLE["tall"], strict=True)
                for row in _of(*parts)
            ],
            columns=["prediction", "tall"],
        )
        labels.astype({"tall": "boolean"}).to_parquet(Path(folder) / "labels.parquet")
        source = LogSource(log.folder, Path(folder) / "labels.parquet")
        kept = PEOPLE[[fate in ("once", "twice") for fate in fates]]
        if kept.empty:
            return
        replayed = log_replay.replay(source, COLUMNS, models["all"], challenger)
    counts = replayed.replay
    left_out = (counts.failed, counts.unlabelled, counts.contradictory, counts.masked)
    assert counts.served == 60 == len(replayed.champion) + sum(left_out) + counts.unseen
    assert counts.contradictory == fates.count("both")
    assert (counts.unknown, counts.failed, counts.masked) == (0, 0, 0)
    here = pd.DataFrame(
        {
            "champion": models["all"].predict(kept).iloc[:, -1].to_numpy(),
            "challenger": challenger.predict(kept).iloc[:, -1].to_numpy(),
            "city": kept["city"].to_numpy(),
            "tall": kept["tall"].to_numpy(),
        }
    )
    there = replayed.rows.frame.assign(champion=replayed.champion, challenger=replayed.challenger)[
        list(here)
    ].astype({"city": object, "tall": bool})
    pd.testing.assert_frame_equal(
        there.sort_values("champion", ignore_index=True),
        here.astype({"city": object}).sort_values("champion", ignore_index=True),
        rtol=1e-12,
    )


def _of(name: str, fate: str, tall: bool) -> list[tuple[str, bool | None]]:
    """The rows of labels of one prediction."""
    rows: dict[str, list[bool | None]] = {
        "once": [tall],
        "twice": [tall, tall],
        "never": [],
        "null": [None],
        "both": [tall, not tall],
    }
    return [(name, value) for value in rows[fate]]


def test_labels_of_other_predictions_are_counted(log: LogOfServer, run: Run) -> None:
    names = log.serve(PEOPLE)
    others = [ids.prediction_id(ids.new_id(), 0), "?"]
    labels = labelled(names)
    labels = pd.concat([labels, pd.DataFrame({"prediction": others, "tall": True})])
    assert (run(labels).replay.unknown, run(labels.head(59)).replay.unknown) == (2, 0)


def test_days_outside_the_bounds_are_not_read_and_their_labels_not_counted(
    log: LogOfServer, run: Run
) -> None:
    labels = pd.concat([labelled(log.serve(PEOPLE, day)) for day in (FIRST, SECOND)])
    assert run(labels).replay.served == 120
    for bounds in ({"since": SECOND}, {"until": FIRST}, {"since": FIRST, "until": FIRST}):
        counts = run(labels, **bounds).replay
        day = bounds.get("until", SECOND)
        assert (counts.served, counts.unknown) == (60, 0)
        assert (counts.first, counts.last) == (day, day)
    with pytest.raises(StagebookError) as error:
        run(labels, since="2026-11-30")
    assert codes(error) == ["no-logged-rows"]


def test_only_answers_of_the_champion_are_compared(
    log: LogOfServer, run: Run, models: dict[str, Model]
) -> None:
    own = log.serve(PEOPLE)
    other = replace(log, champion=models["height"]).serve(PEOPLE)
    counts = run(labelled(own + other, pd.concat([PEOPLE, PEOPLE]))).replay
    assert (counts.served, counts.unknown, counts.shadow) == (60, 60, 0)


def test_what_was_logged_as_a_shadow_is_not_predicted_again(
    log: LogOfServer, run: Run, models: dict[str, Model]
) -> None:
    moved = replace(models["height"], model=_Constant())
    names = replace(log, shadow=moved).serve(PEOPLE, sizes=[10, 20], missed=1)
    replayed = run(labelled(names))
    assert (replayed.replay.shadow, replayed.replay.unseen) == (50, 0)
    assert (replayed.challenger == 0.25).sum() == 50


class _Constant:
    """A model that gives one probability to all."""

    classes_ = np.array([False, True])

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray[Any, Any]:
        return np.full((len(rows), 2), 0.25)


def test_features_that_the_log_does_not_have_are_named(
    log: LogOfServer, run: Run, models: dict[str, Model]
) -> None:
    names = replace(log, without=("height", "weight")).serve(PEOPLE)
    with pytest.raises(StagebookError) as error:
        run(labelled(names), "place")
    assert codes(error) == ["not-logged"]
    assert "height" in error.value.problems[0].message
    assert "weight" not in error.value.problems[0].message


def test_a_shadow_needs_no_logged_features_and_what_it_missed_is_left_out(
    log: LogOfServer, run: Run, models: dict[str, Model]
) -> None:
    shadowed = replace(log, shadow=models["height"], without=("height",))
    counts = run(labelled(shadowed.serve(PEOPLE, sizes=[7], missed=1))).replay
    assert (counts.shadow, counts.unseen) == (53, 7)


def test_a_log_without_the_prediction_of_the_champion_is_refused(
    log: LogOfServer, run: Run, models: dict[str, Model]
) -> None:
    names = replace(log, without=(models["all"].manifest.model.outputs[-1],)).serve(PEOPLE)
    with pytest.raises(StagebookError) as error:
        run(labelled(names))
    assert codes(error) == ["not-logged"]


def test_rows_with_a_masked_text_are_left_out_if_the_challenger_reads_it(
    log: LogOfServer, run: Run, models: dict[str, Model]
) -> None:
    names = log.serve(PEOPLE.head(50))
    spoilt = replace(models["all"], model=_Constant())
    names += replace(log, champion=spoilt).serve(PEOPLE.tail(10).assign(city="***"))
    assert run(labelled(names), "place").replay.masked == 10
    assert run(labelled(names), "height").replay.masked == 0


def test_rows_that_the_champion_could_not_predict_are_counted(
    log: LogOfServer, run: Run, models: dict[str, Model]
) -> None:
    names = log.serve(PEOPLE.head(50))
    broken = replace(models["all"], model=_Nothing())
    names += replace(log, champion=broken).serve(PEOPLE.tail(10))
    assert run(labelled(names)).replay.failed == 10


class _Nothing(_Constant):
    """A model that gives no number."""

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray[Any, Any]:
        return np.full((len(rows), 2), np.nan)


def test_slices_and_clusters_may_be_columns_of_the_labels(log: LogOfServer, run: Run) -> None:
    labels = labelled(log.serve(PEOPLE)).assign(age=["old", None] * 30, city="not the feature")
    frame = run(labels, columns=ComparisonColumns("tall", ("city", "age"), "age")).rows.frame
    assert frame["city"].tolist() == PEOPLE["city"].tolist()
    assert frame["age"].tolist() == ["old", "(missing)"] * 30


@pytest.mark.parametrize("slices", [("town",), ("height",)], ids=["absent", "too many"])
def test_columns_that_are_no_slices_are_refused(
    log: LogOfServer, run: Run, slices: tuple[str, ...]
) -> None:
    labels = labelled(log.serve(PEOPLE))
    with pytest.raises(StagebookError) as error:
        run(labels, columns=ComparisonColumns("tall", slices))
    expected = {"town": "no-comparison-column", "height": "too-many-slices"}
    assert codes(error) == [expected[slices[0]]]


def test_a_log_without_the_champion_and_one_without_labels_are_refused(
    log: LogOfServer, run: Run, models: dict[str, Model], tmp_path: Path
) -> None:
    names = replace(log, champion=models["height"]).serve(PEOPLE)
    with pytest.raises(StagebookError) as error:
        run(labelled(names))
    assert codes(error) == ["no-logged-rows"]
    log.serve(PEOPLE)
    with pytest.raises(StagebookError) as error:
        run(labelled(names))
    assert codes(error) == ["no-labelled-rows"]
    with pytest.raises(StagebookError) as error:
        run(labelled(names), log=tmp_path / "none")
    assert codes(error) == ["no-request-log"]
