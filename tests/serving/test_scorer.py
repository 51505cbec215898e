"""A package that MLflow calls: with the checks and the log of the server, if variables ask."""

import asyncio
import gc
import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
import refusals
import served_columns
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow.exceptions import MlflowException
from served_packages import FEATURES, trips

from stagebook.model import load, pyfunc
from stagebook.model.refused_rows import RefusedRowsError
from stagebook.model.scoring_options import ScoringOptions
from stagebook.serving import scorer
from stagebook.serving.input.rows import Rows
from stagebook.serving.log import reading
from stagebook.serving.log.reading import LoggedRows

with warnings.catch_warnings():  # of its own types
    warnings.simplefilter("ignore", UserWarning)
    import mlflow.pyfunc
    from mlflow.pyfunc import scoring_server

ROWS = trips(900, 3)[FEATURES]


@pytest.fixture(autouse=True)
def policy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEBOOK_LOAD_MATERIALS", "ignore")
    monkeypatch.setenv("STAGEBOOK_LOAD_ISOLATE", "never")


@pytest.fixture
def validation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEBOOK_SERVE_VALIDATION", "on")


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STAGEBOOK_SERVE_LOG", str(tmp_path / "requests"))
    return tmp_path / "requests"


def loaded(package: Path) -> mlflow.pyfunc.PyFuncModel:
    return mlflow.pyfunc.load_model(str(package))


def bad() -> pd.DataFrame:
    """Rows with three violations."""
    return ROWS.assign(city=["Bern", "Rome", "Lyon"], stops=[1, 2, 99], km=[-1.0, 5.0, 6.0])


def places(error: RefusedRowsError) -> set[tuple[Any, Any, Any]]:
    return {(item["code"], item["row"], item["column"]) for item in error.errors}


BAD_PLACES = {
    ("out-of-contract", 1, "city"),
    ("out-of-contract", 2, "stops"),
    ("out-of-contract", 0, "km"),
}


def entries(log: Path) -> list[LoggedRows]:
    """All that was logged; the model that wrote it must be gone."""
    gc.collect()
    return [rows for day in reading.days(log) for rows in reading.read_day(log, day)]


def test_without_the_variables_rows_are_not_checked(package: Path) -> None:
    assert len(loaded(package).predict(ROWS.assign(stops=99, km=-1.0))) == 3


def test_without_the_variables_nothing_of_the_server_is_imported(package: Path) -> None:
    code = (
        "import sys, mlflow.pyfunc\n"
        f"mlflow.pyfunc.load_model({str(package)!r})\n"
        "print([name for name in sys.modules if name.startswith('stagebook.serving')])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"


@pytest.mark.usefixtures("validation")
def test_a_bad_row_gives_all_violations(package: Path) -> None:
    model = loaded(package)
    with pytest.raises(MlflowException) as caught:
        model.predict(bad())
    assert isinstance(caught.value, RefusedRowsError)
    assert places(caught.value) == BAD_PLACES
    assert caught.value.get_http_status_code() == 422


@pytest.mark.usefixtures("validation")
def test_good_rows_get_the_predictions_of_the_model_to_the_bit(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ROWS.assign(km=[1.5, np.nan, 99.0])
    checked = loaded(package).predict(rows)
    monkeypatch.delenv("STAGEBOOK_SERVE_VALIDATION")
    pd.testing.assert_frame_equal(checked, loaded(package).predict(rows), check_exact=True)


@pytest.mark.usefixtures("validation")
def test_rows_are_logged_accepted_or_not(package: Path, log: Path) -> None:
    model = loaded(package)
    predictions = model.predict(ROWS)
    with pytest.raises(RefusedRowsError):
        model.predict(bad())
    del model
    accepted, refused = sorted(entries(log), key=lambda rows: rows.facts["status"].iloc[0])
    assert accepted.predictions is not None
    pd.testing.assert_frame_equal(accepted.predictions, predictions, check_exact=True)
    assert accepted.features is not None
    assert list(accepted.features.columns) == FEATURES
    assert refused.facts["status"].tolist() == [422]
    assert {item["column"] for item in json.loads(refused.facts["problems"].iloc[0])} == {
        "city",
        "stops",
        "km",
    }


def test_the_log_works_without_validation(
    package: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGEBOOK_SERVE_WITHOUT", "city, km")
    model = loaded(package)
    model.predict(ROWS.assign(stops=99))
    del model
    [rows] = entries(log)
    assert rows.facts["status"].tolist() == [200] * 3
    assert rows.features is not None
    assert list(rows.features.columns) == ["stops", "express"]


def test_what_the_caller_changes_later_is_not_logged(package: Path, log: Path) -> None:
    model = loaded(package)
    rows = ROWS.copy()
    predictions = model.predict(rows)
    expected = predictions.copy()
    predictions.iloc[:, 0] = 0.0
    rows["stops"] = 0
    del model
    [logged] = entries(log)
    pd.testing.assert_frame_equal(logged.predictions, expected)
    assert logged.features is not None
    assert logged.features["stops"].tolist() == ROWS["stops"].tolist()


@pytest.mark.usefixtures("log")
def test_every_variable_with_another_value_is_a_problem(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGEBOOK_SERVE_VALIDATION", "yes")
    monkeypatch.setenv("STAGEBOOK_SERVE_ON_FULL_LOG", "never")
    problems = refusals.problems(pyfunc._load_pyfunc, str(package))
    assert [problem.code for problem in problems] == ["bad-policy", "bad-policy"]
    assert all(problem.hint for problem in problems)


@pytest.mark.usefixtures("validation")
def test_an_installation_without_the_entry_point_is_a_problem(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyfunc, "SCORER", "stagebook.no_such_group")
    [problem] = refusals.problems(pyfunc._load_pyfunc, str(package))
    assert problem.code == "no-extra"


async def answers(
    model: mlflow.pyfunc.PyFuncModel, *requests: pd.DataFrame
) -> list[httpx.Response]:
    """What MLflow's own application answers."""
    transport = httpx.ASGITransport(scoring_server.init(model))
    async with httpx.AsyncClient(transport=transport, base_url="http://mlflow") as client:
        bodies = [{"dataframe_records": rows.to_dict("records")} for rows in requests]
        return [await client.post("/invocations", json=body) for body in bodies]


@pytest.mark.usefixtures("validation")
def test_the_answer_of_mlflows_application_has_the_violations_and_no_rows(
    package: Path,
) -> None:
    accepted, refused = asyncio.run(answers(loaded(package), ROWS, bad()))
    assert len(accepted.json()["predictions"]) == 3
    assert refused.status_code == 422
    values = refused.json()
    assert {(item["code"], item["row"], item["column"]) for item in values["errors"]} == BAD_PLACES
    assert "express" not in refused.text


def test_a_model_that_fails_is_logged_and_its_rows_are_not_repeated(
    package: Path, tmp_path: Path
) -> None:
    options = ScoringOptions(log=tmp_path / "requests")
    failing = scorer.Scorer.open(package, load.policy_of_environment(), options)
    with pytest.raises(RefusedRowsError) as caught:
        failing.predict(ROWS.assign(city="Rome"))
    failing.close()
    assert caught.value.get_http_status_code() == 500
    assert [item["code"] for item in caught.value.errors] == ["model-failed"]
    assert "Rome" not in str(caught.value)
    [rows] = entries(tmp_path / "requests")
    assert rows.facts["status"].tolist() == [500] * 3
    assert rows.predictions is None


def test_a_frame_of_every_type_passes_its_own_validator() -> None:
    frame = served_columns.sample()
    checked = served_columns.validator(frame).check(Rows.of_frame(frame))
    pd.testing.assert_frame_equal(checked, frame)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(width=64), min_size=1, max_size=5))
def test_numbers_keep_their_bits_and_only_missing_ones_are_none(values: list[float]) -> None:
    records = Rows.of_frame(pd.DataFrame({"km": values})).records
    for value, record in zip(values, records, strict=True):
        if np.isnan(value):
            assert record["km"] is None
        else:
            assert np.float64(record["km"]).tobytes() == np.float64(value).tobytes()
