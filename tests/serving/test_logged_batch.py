"""``stagebook.log_batch``: a table of rows is predicted and logged as a server would have."""

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
import served_packages
from refusals import problem, problems
from served_packages import FEATURES

import stagebook
from stagebook.model.policy import PolicyOptions
from stagebook.serving import ids
from stagebook.serving.batch import LoggedBatch
from stagebook.serving.log import finding, reading
from stagebook.serving.log.days import DayFile, day_files

POLICY: PolicyOptions = {
    "materials": "ignore",
    "attestation": "ignore",
    "isolate": "never",
    "environment": "ignore",
}
FIRST, SECOND = "2026-11-28", "2026-11-29"


def trips(rows: int = 8, start: str = "2026-11-28T10:00Z", step: str = "4h") -> pd.DataFrame:
    """Trips at different times, with an index of their own."""
    at = pd.date_range(start, periods=rows, freq=step).tz_convert("Europe/Zurich")
    frame = served_packages.trips(500, rows).assign(at=at)
    return frame.set_axis(range(100, 100 + rows))


def log(folder: Path, package: Path, rows: pd.DataFrame, **options: Any) -> LoggedBatch:
    return stagebook.log_batch(folder, package, rows, **{"time": "at", **POLICY, **options})


def files(folder: Path) -> dict[str, bytes]:
    """The bytes of all files of a log."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def logged_rows(folder: Path, day: str) -> pd.DataFrame:
    """The rows of a day of a log."""
    return pd.concat([part.frame for part in reading.read_day(folder, day)], ignore_index=True)


def test_rows_get_the_predictions_of_the_package_under_their_own_index(
    package: Path, tmp_path: Path
) -> None:
    rows = trips().sample(frac=1.0, random_state=3)
    batch = log(tmp_path, package, rows)
    expected = stagebook.load(package, **POLICY).predict(rows).set_axis(rows.index)
    pd.testing.assert_frame_equal(batch.predictions, expected, check_exact=True)
    assert batch.ids.index.equals(rows.index)
    assert (batch.refused, batch.days) == (0, (FIRST, SECOND))
    in_order = rows.sort_values("at").index
    assert batch.ids[in_order].is_monotonic_increasing


def test_the_same_rows_give_the_same_bytes_in_any_order(package: Path, tmp_path: Path) -> None:
    rows = trips()
    log(tmp_path / "one", package, rows, keys=["trip"])
    log(tmp_path / "two", package, rows.sample(frac=1.0, random_state=3), keys=["trip"])
    own = files(tmp_path / "one")
    assert files(tmp_path / "two") == own
    profiles = [name for name in own if name.endswith(".profile.json")]
    assert sorted(own) == sorted(
        [*profiles, f"days/{FIRST}.parquet", f"days/{SECOND}.parquet", "days/.lock"]
    )
    assert len(profiles) == 2


def test_each_row_is_a_request_that_is_found_by_its_id(package: Path, tmp_path: Path) -> None:
    rows = trips()
    batch = log(tmp_path, package, rows, keys=["trip"])
    (request,) = finding.find(tmp_path, batch.ids[103])
    assert request.features is not None
    assert request.predictions is not None
    assert request.keys is not None
    assert request.features.iloc[0].to_dict() == rows.loc[103, FEATURES].to_dict()
    assert request.predictions["prediction"][0] == batch.predictions.loc[103, "prediction"]
    assert request.keys["trip"].tolist() == [rows.loc[103, "trip"]]
    assert request.keys["at"].tolist() == [rows.loc[103, "at"]]
    assert (request.route, request.status, request.milliseconds) == ("batch", 200, None)
    assert request.time == rows.loc[103, "at"].timestamp()
    assert ids.time_of(request.request) == rows.loc[103, "at"].timestamp()


def test_a_row_that_breaks_the_contract_is_logged_as_refused(package: Path, tmp_path: Path) -> None:
    rows = trips()
    rows.loc[101, "stops"] = 99
    rows.loc[104, "city"] = "Oslo"
    batch = log(tmp_path, package, rows)
    assert batch.refused == 2
    assert batch.ids[batch.ids.isna()].index.tolist() == [101, 104]
    assert batch.predictions[batch.predictions["prediction"].isna()].index.tolist() == [101, 104]
    facts = pd.concat([logged_rows(tmp_path, day) for day in batch.days], ignore_index=True)
    assert facts["status"].value_counts().to_dict() == {200: 6, 422: 2}
    refused = facts[facts["status"] == 422]
    assert refused["row"].isna().all()
    for request, column in zip(refused["request"].sort_values(), ("stops", "city"), strict=True):
        (entry,) = finding.find(tmp_path, request)
        (violation,) = entry.problems
        assert (violation.column, violation.row) == (column, 0)
        assert entry.features is None


def test_rows_that_are_all_refused_are_logged(package: Path, tmp_path: Path) -> None:
    batch = log(tmp_path, package, trips(2).assign(city="Oslo"))
    assert (batch.refused, batch.ids.isna().all()) == (2, True)
    assert logged_rows(tmp_path, FIRST)["status"].tolist() == [422, 422]


def test_a_warning_is_about_the_only_row_of_its_request(package: Path, tmp_path: Path) -> None:
    rows = trips()
    rows.loc[[102, 105], "km"] = 10_000.0
    rows.loc[101, "city"] = "Oslo"  # refused rows move the places of others
    batch = log(tmp_path, package, rows)
    for row in rows.index.drop(101):
        (entry,) = finding.find(tmp_path, batch.ids[row])
        own = [(item.code, item.row, item.column) for item in entry.warnings]
        assert own == ([("outside-training-range", 0, "km")] if row in (102, 105) else [])


def test_rows_of_the_same_time_keep_their_order(package: Path, tmp_path: Path) -> None:
    rows = trips().assign(at=pd.Timestamp("2026-11-28T12:00:00.000123Z"))
    batch = log(tmp_path, package, rows)
    assert batch.ids.is_monotonic_increasing
    assert batch.ids.is_unique
    assert logged_rows(tmp_path, FIRST)["feature.km"].tolist() == rows["km"].tolist()


def test_a_time_without_a_zone_is_in_utc(package: Path, tmp_path: Path) -> None:
    late = trips(1).assign(at=pd.Timestamp("2026-11-28T23:59:59.999999"))
    assert log(tmp_path, package, late).days == (FIRST,)


def test_a_table_without_rows_is_logged_as_nothing(package: Path, tmp_path: Path) -> None:
    batch = log(tmp_path / "log", package, trips(0))
    assert (len(batch.ids), batch.days) == (0, ())
    assert list(batch.predictions) == ["prediction"]
    assert files(tmp_path / "log") == {}


def test_a_day_that_was_logged_already_is_left_as_it_is(package: Path, tmp_path: Path) -> None:
    rows = trips()
    before = log(tmp_path, package, rows[rows["at"] < SECOND])
    paths = day_files(tmp_path)
    stamps = [path.stat().st_mtime_ns for path in paths]
    again = log(tmp_path, package, rows)
    assert [path.stat().st_mtime_ns for path in paths] == stamps
    assert [path.name for path in day_files(tmp_path)] == [f"{FIRST}.parquet", f"{SECOND}.parquet"]
    pd.testing.assert_series_equal(again.ids[before.ids.index], before.ids)


def test_a_profile_that_an_interruption_left_out_is_written(package: Path, tmp_path: Path) -> None:
    log(tmp_path, package, trips())
    before = files(tmp_path)
    (tmp_path / next(name for name in before if name.endswith(".profile.json"))).unlink()
    log(tmp_path, package, trips())
    assert files(tmp_path) == before


def test_later_rows_of_a_day_are_a_further_file(package: Path, tmp_path: Path) -> None:
    log(tmp_path, package, trips(2))
    log(tmp_path, package, trips(2, start="2026-11-28T20:00Z", step="1h"))
    assert [path.name for path in day_files(tmp_path)] == [f"{FIRST}.parquet", f"{FIRST}.1.parquet"]
    assert len(logged_rows(tmp_path, FIRST)) == 4


def test_other_rows_at_the_same_times_are_not_logged_beside_the_first(
    package: Path, tmp_path: Path
) -> None:
    rows = trips()
    log(tmp_path, package, rows)
    before = files(tmp_path)
    twice = problem(log, tmp_path, package, rows.assign(km=1.0))
    assert twice.code == "logged-already"
    assert twice.where
    assert str(twice.where).endswith(f"{FIRST}.parquet")
    assert files(tmp_path) == before


def test_two_packages_predict_the_same_rows_in_one_log(
    package: Path, other_package: Path, tmp_path: Path
) -> None:
    rows = trips()
    first, second = (log(tmp_path, source, rows) for source in (package, other_package))
    assert not set(first.ids) & set(second.ids)
    assert logged_rows(tmp_path, FIRST)["package"].nunique() == 2


def test_secrets_of_the_environment_are_not_logged(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARTNER_TOKEN", "s3cret-partner")
    log(tmp_path, package, trips(2).assign(partner="s3cret-partner"), keys=["partner"])
    assert all(b"s3cret-partner" not in content for content in files(tmp_path).values())
    assert logged_rows(tmp_path, FIRST)["key.partner"].nunique() == 1


def test_each_file_names_the_rows_that_it_was_made_of(package: Path, tmp_path: Path) -> None:
    log(tmp_path, package, trips(1))
    (path,) = day_files(tmp_path)
    (source,) = DayFile.from_path(path).sources
    assert source.startswith(f"{FIRST}.batch.")
    assert pq.read_table(path)["request"].to_pylist() == [
        log(tmp_path, package, trips(1)).ids[100][:32]
    ]


@pytest.mark.parametrize(
    ("change", "options", "codes"),
    [
        (lambda rows: rows.drop(columns="km"), {}, ["missing-column"]),
        (lambda rows: rows.drop(columns=["km", "city"]), {}, ["missing-column"] * 2),
        (lambda rows: rows, {"time": "when"}, ["no-time-column"]),
        (lambda rows: rows.assign(at=rows["at"].astype(str)), {}, ["no-time-column"]),
        (lambda rows: rows.assign(at=rows["at"].where(rows["trip"] > 500)), {}, ["no-time"]),
        (lambda rows: rows.assign(at=pd.Timestamp("1969-12-31")), {}, ["time-out-of-range"]),
        (lambda rows: rows, {"keys": ["train"]}, ["no-column"]),
        (lambda rows: rows, {"keys": "trip"}, ["no-column"]),
        (lambda rows: pd.concat([rows, rows[["km"]]], axis=1), {}, ["repeated-column"]),
    ],
)
def test_rows_without_what_is_needed_are_not_logged(
    change: Any, options: dict[str, Any], codes: list[str], package: Path, tmp_path: Path
) -> None:
    caught = problems(log, tmp_path / "log", package, change(trips()), **options)
    assert [item.code for item in caught] == codes
    assert not (tmp_path / "log").exists()


def test_nothing_is_logged_if_the_model_fails(tmp_path: Path) -> None:
    package = served_packages.write(tmp_path, contract=None)
    failure = problem(log, tmp_path / "log", package, trips().assign(city="Oslo"))
    assert failure.code == "model-failed"
    assert not (tmp_path / "log").exists()


def test_a_log_that_cannot_be_written_is_a_problem(package: Path, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a file")
    assert problem(log, tmp_path / "log", package, trips()).code == "request-log-not-written"


def test_a_package_that_was_changed_predicts_nothing(package: Path, tmp_path: Path) -> None:
    spoilt = Path(shutil.copytree(package, tmp_path / "duration"))
    (spoilt / "schema.input.json").unlink()
    assert problem(log, tmp_path / "log", spoilt, trips()).code == "package-changed"
    assert not (tmp_path / "log").exists()
