"""What counts as drift is learned from blocks that are as long as the batch."""

import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stagebook.data.drift import reference as references
from stagebook.data.drift import spans
from stagebook.data.drift.drift import DriftVerdict, drift
from stagebook.data.drift.spans import RowCount, Span
from stagebook.data.drift.threshold import DEFAULT
from stagebook.project.errors import StagebookError

START = datetime(2019, 1, 1, tzinfo=UTC)
SKIES = ["sun", "rain", "fog", "snow"]
GROSS = [0.2, 0.7, 0.05, 0.05]


def weather(root, name, first, days, seed, sky=None):
    """Some days of weather, whose sky changes with the season unless shares are given."""
    random = np.random.default_rng(seed)
    at = [first + timedelta(hours=6 * place) for place in range(4 * days)]
    season = [np.cos(2 * np.pi * moment.timetuple().tm_yday / 365.25) for moment in at]
    shares = [sky or [0.4 - 0.2 * cold, 0.3, 0.1, 0.2 + 0.2 * cold] for cold in season]
    columns = {
        "at": at,
        "temperature": random.normal(12 - 10 * np.array(season), 4),
        "sky": [random.choice(SKIES, p=each) for each in shares],
    }
    pq.write_table(pa.table(columns), root / name)
    return name


def judged(root, reference, batch, by=None):
    held = references.open_reference(root, reference, by=by, batch=batch)
    return drift(held, references.open_batch(root, batch, held))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lengths")
    weather(folder, "three.parquet", START, 3 * 365, 1)
    weather(folder, "six.parquet", START - timedelta(days=3 * 365), 6 * 365, 2)
    weather(folder, "like.parquet", START + timedelta(days=3 * 365), 365, 3)
    weather(folder, "gross.parquet", START + timedelta(days=3 * 365), 365, 4, GROSS)
    weather(folder, "day.parquet", START + timedelta(days=3 * 365), 1, 5)
    return folder


def test_a_year_that_differs_grossly_from_three_is_drift_by_the_rule_of_thumb(root):
    found = judged(root, "three.parquet", "gross.parquet")
    assert [one.name for one in found.drifted] == ["sky"]
    assert not found.calibrated
    assert found.columns[0].decisive.threshold.limit == DEFAULT
    assert re.findall(r"\d+", found.calibration) == ["3", "12", "4"]


@pytest.mark.parametrize("reference", ["three.parquet", "six.parquet"])
def test_a_year_like_the_others_is_no_drift(root, reference):
    assert judged(root, reference, "like.parquet").verdict is DriftVerdict.NO_DRIFT


def test_a_year_that_differs_grossly_from_six_is_drift_and_calibrated(root):
    found = judged(root, "six.parquet", "gross.parquet")
    assert [one.name for one in found.drifted] == ["sky"]
    assert found.calibrated
    assert re.findall(r"\d+|`\w+`", found.calibration) == ["6", "12", "`at`"]


def test_a_kept_reference_by_month_gives_the_same_for_a_year(root):
    kept = references.open_reference(root, "six.parquet")
    (root / "kept.json").write_text(references.render(kept))
    for batch in ("like.parquet", "gross.parquet"):
        assert judged(root, "kept.json", batch) == judged(root, "six.parquet", batch)


def test_by_year_cuts_into_years(root):
    found = judged(root, "six.parquet", "gross.parquet", Span.YEAR)
    assert "6 years" in found.calibration
    assert [one.name for one in found.drifted] == ["sky"]


def test_a_short_batch_is_held_against_blocks_as_short(root, tmp_path):
    (tmp_path / "day.parquet").symlink_to(root / "day.parquet")
    weather(tmp_path, "month.parquet", START, 31, 6)
    held = references.open_reference(tmp_path, "month.parquet", batch="day.parquet")
    assert (held.span, len(held.blocks)) == (Span.DAY, 31)
    assert references.open_reference(tmp_path, "month.parquet").span is Span.WEEK


def test_a_table_without_time_is_cut_by_rows(tmp_path):
    values = np.random.default_rng(7).normal(0, 1, 2_050)
    for name, part in (("all", values), ("batch", values[:200] + 3)):
        pq.write_table(pa.table({"x": part}), tmp_path / f"{name}.parquet")
    held = references.open_reference(tmp_path, "all.parquet", by=RowCount(100))
    assert [block.start for block in held.blocks[:3]] == ["0", "100", "200"]
    assert {block.profile.rows for block in held.blocks} == {100}
    found = drift(held, references.open_batch(tmp_path, "batch.parquet", held))
    assert found.calibrated
    assert re.findall(r"\d+", found.calibration) == ["10", "200"]
    assert [one.name for one in found.drifted] == ["x"]
    assert references.parse(references.render(held)) == held


def test_blocks_of_rows_are_the_rows_in_their_order(tmp_path):
    pq.write_table(
        pa.table({"x": list(range(250_000))}), tmp_path / "t.parquet", row_group_size=999
    )
    held = references.open_reference(tmp_path, "t.parquet", by=RowCount(70_000))
    details = [block.profile.columns[0].detail for block in held.blocks]
    assert [(one.minimum, one.maximum) for one in details] == [
        (0, 69_999),
        (70_000, 139_999),
        (140_000, 209_999),
    ]


@pytest.mark.parametrize("text", ["fortnight", "0", "-3", "0 rows", ""])
def test_what_is_no_length_is_refused(text):
    with pytest.raises(ValueError, match=r"rows|literal"):
        spans.parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("quarter", Span.QUARTER), ("5000", RowCount(5000)), ("5,000 rows", RowCount(5000))],
)
def test_a_length_is_a_stretch_of_time_or_rows(text, expected):
    assert spans.parse(text) == expected


def test_too_many_blocks_of_rows_are_refused(tmp_path):
    pq.write_table(pa.table({"x": list(range(1_000))}), tmp_path / "t.parquet")
    with pytest.raises(StagebookError) as error:
        references.open_reference(tmp_path, "t.parquet", by=RowCount(1))
    assert error.value.problems[0].code == "too-many-blocks"
