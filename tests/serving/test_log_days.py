"""Closed days: one Parquet file, no row lost or doubled, whatever happens in between."""

import shutil
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from logged import DAY, FRAME, NEXT, PREDICTIONS, entry, logged, names, opened
from refusals import problems

from stagebook.data.profiles import profile
from stagebook.serving.log import day_profiles, finding
from stagebook.serving.log import days as log_days
from stagebook.serving.log import reading as log_reading
from stagebook.serving.log.days import close_days
from stagebook.serving.refusal import RequestProblem, RowWarning

OTHER = "sha256:" + "b" * 64


def requests(folder: Path, day: str = DAY) -> list[str]:
    """The request of each row of a day."""
    return sorted(
        request
        for part in log_reading.read_day(folder, day)
        for request in part.facts["request"].tolist()
    )


def test_a_closed_day_has_a_row_per_predicted_row(tmp_path: Path) -> None:
    warning = RowWarning("outside-training-range", "High.", 1, "distance")
    refused = RequestProblem("bad-value", "Bad.", row=0, column="distance")
    items = [
        entry(warnings=(warning,)),
        entry(status=422, features=None, predictions=None, problems=(refused,)),
    ]
    logged(tmp_path, *items)
    (path,) = close_days(tmp_path, NEXT)
    assert path == tmp_path / "days" / f"{DAY}.parquet"
    table = pd.read_parquet(path)
    assert table["request"].tolist() == [items[0].request] * 2 + [items[1].request]
    assert table["row"].isna().tolist() == [False, False, True]
    assert table["feature.distance"].tolist()[:2] == [200, 1400]
    assert table["prediction.prediction"].tolist()[:2] == [0.25, 0.1 + 0.2]
    assert table["warnings"].isna().tolist() == [True, False, True]
    assert table["problems"].notna().tolist() == [False, False, True]
    assert names(tmp_path / "open") == []


def test_the_files_of_several_workers_become_one(tmp_path: Path) -> None:
    items = [entry() for _ in range(6)]
    for worker in range(3):
        logged(tmp_path, *items[worker::3], worker=worker)
    assert len(names(tmp_path / "open")) == 3
    close_days(tmp_path, NEXT)
    assert requests(tmp_path) == sorted(2 * [item.request for item in items])
    assert pd.read_parquet(tmp_path / "days" / f"{DAY}.parquet")["request"].is_monotonic_increasing


def test_packages_of_different_schemas_share_a_day(tmp_path: Path) -> None:
    other = pd.DataFrame({"distance": [0.5], "hour": pd.array([7], "Int64")})
    items = [entry(), entry(package=OTHER, features=other, predictions=PREDICTIONS.head(1))]
    logged(tmp_path, *items)
    (path,) = close_days(tmp_path, NEXT)
    columns = pq.read_schema(path).names
    assert [name for name in columns if name.startswith("feature.")] == [
        "feature.distance",
        "feature.carrier",
        "feature.distance (double)",
        "feature.hour",
    ]
    for item, features in zip(items, (FRAME, other), strict=True):
        (part,) = log_reading.read_day(tmp_path, DAY, package=item.package)
        pd.testing.assert_frame_equal(part.features, features)
        assert list(part.frame)[-1] == "prediction.prediction"


def test_each_package_gets_a_profile_of_the_champions_rows(tmp_path: Path) -> None:
    shadow = entry(role="challenger", predictions=PREDICTIONS + 9)
    logged(tmp_path, entry(), entry(), shadow, entry(package=OTHER, features=FRAME.head(1)))
    (path,) = close_days(tmp_path, NEXT)
    own = profile.read(day_profiles.profile_of(path, entry().package))
    other = profile.read(day_profiles.profile_of(path, OTHER))
    assert (own.rows, other.rows) == (4, 2)
    assert [column.name for column in own.columns] == [
        "feature.distance",
        "feature.carrier",
        "prediction.prediction",
    ]


def test_a_day_that_a_process_writes_stays_open(tmp_path: Path) -> None:
    log = opened(tmp_path)
    item = entry()
    log.add(item)
    assert close_days(tmp_path, "2999-01-01") == []
    log.close()
    assert requests(tmp_path) == [item.request] * 2


def test_today_stays_open(tmp_path: Path) -> None:
    logged(tmp_path, entry())
    assert close_days(tmp_path, DAY) == []
    assert len(names(tmp_path / "open")) == 1


@pytest.mark.parametrize("step", ["_write", "write_profiles", "remove"])
def test_a_crash_doubles_and_loses_nothing(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [entry() for _ in range(4)]
    for worker in range(2):
        logged(tmp_path, *items[worker::2], worker=worker)
    place = log_days.log_file if step == "remove" else log_days

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(place, step, crash)
        with pytest.raises(KeyboardInterrupt):
            close_days(tmp_path, NEXT)
    expected = sorted(2 * [item.request for item in items])
    assert requests(tmp_path) == expected
    assert len(finding.find(tmp_path, items[0].request)) == 1
    late = entry()
    logged(tmp_path, late)
    close_days(tmp_path, NEXT)
    assert names(tmp_path / "open") == []
    assert requests(tmp_path) == sorted([*expected, late.request, late.request])
    parquet = [name for name in names(tmp_path / "days") if name.endswith(".parquet")]
    profiles = [name for name in names(tmp_path / "days") if name.endswith(".json")]
    assert len(parquet) == len(profiles) == (1 if step == "_write" else 2)
    assert not [path for path in (tmp_path / "days").iterdir() if ".closing" in path.name]


def test_a_half_removed_day_is_not_read_twice(tmp_path: Path) -> None:
    items = [entry() for _ in range(4)]
    for worker in range(2):
        logged(tmp_path, *items[worker::2], worker=worker)
    shutil.copytree(tmp_path / "open", tmp_path / "kept")
    close_days(tmp_path, NEXT)
    path = next((tmp_path / "kept").glob("*.sqlite"))
    shutil.copy(path, tmp_path / "open")
    assert requests(tmp_path) == sorted(2 * [item.request for item in items])
    assert close_days(tmp_path, NEXT) == []
    assert names(tmp_path / "open") == []


def test_a_file_without_a_commit_is_removed(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / f"{DAY}.0.0.sqlite").touch()
    (tmp_path / "open" / f"{DAY}.0.1.lock").touch()
    assert close_days(tmp_path, NEXT) == []
    assert list((tmp_path / "open").iterdir()) == []


def test_a_damaged_file_is_put_aside_and_hinders_no_other(tmp_path: Path) -> None:
    item = entry()
    logged(tmp_path, item)
    (tmp_path / "open" / f"{DAY}.0.0.sqlite").write_bytes(b"nothing of SQLite's" * 500)
    (damaged,) = problems(close_days, tmp_path, NEXT)
    assert damaged.code == "bad-request-log"
    assert requests(tmp_path) == [item.request] * 2
    assert names(tmp_path / "damaged") == [f"{DAY}.0.0.sqlite"]
    assert close_days(tmp_path, NEXT) == []


def test_a_parquet_file_of_another_origin_is_refused(tmp_path: Path) -> None:
    (tmp_path / "days").mkdir()
    FRAME.to_parquet(tmp_path / "days" / f"{DAY}.parquet")
    (refused,) = problems(finding.find, tmp_path, entry().request)
    assert refused.code == "bad-request-log"


def test_past_days_close_when_a_log_opens_and_ends(tmp_path: Path) -> None:
    logged(tmp_path, entry(DAY))
    assert names(tmp_path / "days") == []
    log = logged(tmp_path, entry(NEXT), day=NEXT)
    assert log.state.unclosed == ""
    assert len(names(tmp_path / "days")) == 2
