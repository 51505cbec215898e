import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from elements import Elements

from stagebook.cli.drift_screen import lines
from stagebook.data.drift import reference as references
from stagebook.data.drift.drift import drift
from stagebook.data.profiles.profiling import profile
from stagebook.data.tables.table import Table
from stagebook.project.errors import Problem
from stagebook.report.drift_page import render_page
from stagebook.report.drift_words import duration, gist, verdict, words

EVIL = "<script>alert(1)</script>"
REFERENCE = {
    "minutes": [float(place % 20) for place in range(400)],
    "carrier": ["AA", "UA", "UA", "B6"] * 100,
    "late": [True, False, False, False] * 100,
    "gate": [1.0] * 400,
    "waited": pa.array([60 * 10**6] * 200 + [120 * 10**6] * 200, pa.duration("us")),
    EVIL: ["x", "y"] * 200,
    "same": [1, 2] * 200,
}
BATCH = {
    "minutes": [float(place % 20 + 6) for place in range(200)],
    "carrier": [EVIL, "UA", "UA", "B6"] * 50,
    "late": [True, True, False, False] * 50,
    "gate": [None, 1.0] * 100,
    "waited": pa.array([120 * 10**6] * 200, pa.duration("us")),
    EVIL: ["x", "x"] * 100,
    "same": [1, 2] * 100,
}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    for name, columns in (("r.parquet", REFERENCE), ("b.parquet", BATCH)):
        pq.write_table(pa.table(columns), folder / name)
    reference = references.open_reference(folder, "r.parquet")
    return drift(reference, profile(Table.open(folder, "b.parquet"), reference.profile))


@pytest.fixture(scope="module")
def page(found):
    return render_page(found, "data/r.parquet", EVIL)


def said(found, name):
    return words(next(one for one in found.columns if one.name == name))


def test_columns_are_ranked_on_the_page(found, page):
    headings = re.findall(r'<h2 id="c\d+">(.*?)</h2>', page)
    assert [unescape(one) for one in headings] == [one.name for one in found.columns]
    assert headings[-1] == "same"


def test_every_picture_has_an_alternative_text(page):
    pictures = Elements(page).named("svg")
    assert len(pictures) > 2 * len(REFERENCE)
    assert all(one.get("aria-label") or one.get("aria-hidden") == "true" for one in pictures)


def test_both_histograms_are_in_one_picture(page):
    (picture,) = re.findall(r'<svg [^>]*"from 6 to 25, [^"]*reference: .*?</svg>', page)
    assert picture.index('class="then"') < picture.index('class="now"')


def test_the_page_names_no_outside_address_and_runs_nothing(page):
    assert not re.search(r"https?://|<script|url\(|@import", page)
    assert "default-src 'none'" in page


def test_what_came_from_the_data_is_escaped(page):
    assert EVIL not in page
    assert "&lt;script&gt;" in page


def test_the_page_is_the_same_every_time(found, page):
    assert render_page(found, "data/r.parquet", EVIL) == page


def test_dark_and_light_are_both_there(page):
    assert "prefers-color-scheme: dark" in page


def test_numbers_say_by_how_much(found):
    assert said(found, "minutes")[0] == "higher by 6: mean 15.5 instead of 9.5"


def test_durations_say_it_in_their_unit(found):
    assert said(found, "waited")[0].startswith("higher by 30 seconds: ")


def test_nulls_are_told(found):
    [word] = said(found, "gate")
    assert re.findall(r"[\d.]+ % ?\w*", word) == ["50.0 % null", "0 %"]


def test_new_categories_are_told(found):
    word = said(found, "carrier")[0]
    assert word.startswith("25.0 % ")
    assert word.endswith(f": {EVIL}")


def test_booleans_say_how_often(found):
    [word] = said(found, "late")
    assert re.findall(r"[\d.]+ % ?\w*", word) == ["50.0 % true", "25.0 %"]


def test_what_is_as_before_says_so(found):
    assert said(found, "same") == ("as before",)


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [(0, "0 microseconds"), (10**6, "1 second"), (9e7, "1.5 minutes"), (1.728e11, "2 days")],
)
def test_a_duration_is_told_in_its_largest_unit(microseconds, text):
    assert duration(microseconds) == text


def test_a_value_with_markup_is_plain_text_in_the_terminal(found):
    assert any(EVIL in line.plain for line in lines(found, "r", "b", None))


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(found, width):
    assert max(line.cell_len for line in lines(found, "r", "b", width)) <= width


def test_both_histograms_are_in_one_line(found):
    (row,) = [one.plain for one in lines(found, "r", "b", 100) if one.plain.startswith("✗ minutes")]
    assert re.search(r"▂┊ {5,}▂+┊█$", row)


def test_the_verdict_ends_what_is_printed(found):
    last = list(lines(found, "r", "b", 100))[-1].plain
    assert last == "drift in 6 of 7 columns (not calibrated)"


def test_a_missing_column_is_in_the_verdict(found):
    lost = Problem("column-lost", "Column `x` of the reference is not in the batch.")
    assert verdict(replace(found, columns=found.columns[-1:], problems=(lost,))) == (
        "1 column missing (not calibrated)"
    )


def test_the_gist_says_why_values_are_not_compared(found):
    assert not any("only missing values" in gist(one) for one in found.columns)


@pytest.mark.parametrize(
    ("start", "told"),
    [
        (datetime(2024, 6, 1, tzinfo=UTC), [("after", "2024-04-09")]),
        (datetime(2023, 1, 1, tzinfo=UTC), [("before", "2024-01-01")]),
        (datetime(2024, 2, 1, tzinfo=UTC), []),
    ],
)
def test_times_beyond_the_reference_are_said_to_be(tmp_path, start, told):
    for name, first, count in (("r", datetime(2024, 1, 1, tzinfo=UTC), 100), ("b", start, 30)):
        days = [first + timedelta(days=one) for one in range(count)]
        pq.write_table(pa.table({"at": days}), tmp_path / f"{name}.parquet")
    reference = references.open_reference(tmp_path, "r.parquet")
    batch = profile(Table.open(tmp_path, "b.parquet"), reference.profile)
    [one] = drift(reference, batch).columns
    beyond = [word.split() for word in words(one) if word.startswith("all ")]
    assert [(word[1], word[-1]) for word in beyond] == told
