import json

import pytest
import refusals
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.data.profiles import profile
from stagebook.data.profiles.column import Booleans, Column, ColumnKind, Numbers, Texts
from stagebook.data.profiles.grid import Grid
from stagebook.data.profiles.moment import iso
from stagebook.data.profiles.profile import Profile
from stagebook.data.profiles.sketch import Sketch

ROWS = 9
whole = st.integers(-(2**62), 2**62)
finite = st.floats(allow_nan=False, allow_infinity=False)
NUMBERS = st.builds(
    lambda edges, centre, exponent, total, squares: Numbers(
        Grid(tuple(sorted(edges)), centre, exponent),
        (ROWS - 3, *(0 for _ in edges)),
        min(edges, default=None),
        max(edges, default=None),
        1,
        1,
        1,
        0,
        total,
        squares,
    ),
    st.sets(finite, max_size=4) | st.sets(whole, max_size=4),
    finite | whole,
    st.integers(-40, 40),
    st.integers(-(2**60), 2**60),
    st.integers(2**120, 2**124),
)
COUNTS = st.dictionaries(st.text(), st.integers(0, 5), max_size=3)
SKETCHES = st.sets(st.integers(0, 2**64 - 1), max_size=3).map(
    lambda hashes: Sketch.of(hashes, "duckdb 1")
)
TEXTS = st.one_of(
    st.builds(lambda counts: Texts(counts, None, ROWS, 0, 7, 11), COUNTS),
    st.builds(lambda sketch: Texts(None, sketch, ROWS, 0, 7, 11), SKETCHES | st.none()),
)
COLUMNS = st.one_of(
    st.builds(lambda detail: (ColumnKind.NUMBER, "double", detail), NUMBERS),
    st.builds(lambda detail: (ColumnKind.TIME, "timestamp[us]", detail), NUMBERS),
    st.builds(lambda detail: (ColumnKind.TEXT, "string", detail), TEXTS),
    st.just((ColumnKind.BOOLEAN, "bool", Booleans(4, 5))),
    st.just((ColumnKind.OTHER, "list<item: int64>", None)),
)


def problem(text: str) -> str:
    found = refusals.problem(profile.parse, text, "old.json")
    assert found.where
    assert found.where.file == "old.json"
    assert found.hint
    return found.code


@settings(max_examples=60)
@given(st.dictionaries(st.text(), COLUMNS, max_size=4))
def test_a_profile_is_read_as_it_was_written(columns):
    whole_profile = Profile(
        tuple(
            Column(name, type_, kind, ROWS, 0, detail)
            for name, (kind, type_, detail) in columns.items()
        ),
        ROWS,
    )
    assert profile.parse(profile.render(whole_profile)) == whole_profile


def test_hashes_of_values_that_were_counted_are_left_out():
    counted = Column(
        "c", "string", ColumnKind.TEXT, ROWS, 0, Texts({"a": 5, "b": 4}, None, ROWS, 1, 1, 9)
    )
    text = profile.render(Profile((counted,), ROWS))
    earlier = text.replace('"sketch":null', '"sketch":{"hasher":"duckdb 1","hashes":["0a","0b"]}')
    assert earlier != text
    assert profile.render(profile.parse(earlier)) == text


@pytest.mark.parametrize("text", ["", "[]", "{}", "nonsense", '{"format": 1, "rows": 3}'])
def test_what_is_no_profile_is_told_with_its_file(text):
    assert problem(text) == "bad-profile"


def test_another_format_version_is_told():
    assert problem('{"columns": [], "format": 2, "rows": 0}') == "profile-format"


def test_counts_that_do_not_add_up_are_told():
    text = profile.render(
        Profile((Column("b", "bool", ColumnKind.BOOLEAN, 9, 0, Booleans(4, 5)),), 9)
    )
    values = json.loads(text)
    values["columns"][0]["nulls"] = 1
    assert problem(json.dumps(values)) == "bad-profile"


def test_a_file_that_is_not_there_is_told(tmp_path):
    found = refusals.problem(profile.read, tmp_path / "none.json")
    assert found.code == "bad-profile"


@pytest.mark.parametrize(
    ("value", "type_", "text"),
    [
        (0, "timestamp[us]", "1970-01-01T00:00:00"),
        (0, "timestamp[ns, tz=Europe/Berlin]", "1970-01-01T00:00:00Z"),
        (-62135596800000000, "date32[day]", "0001-01-01"),
        (-62135596800000001, "timestamp[us]", "0000-12-31T23:59:59.999999"),
        (253402300800000000, "date32[day]", "+10000-01-01"),
        (2**63 - 1, "timestamp[us]", "+294247-01-10T04:00:54.775807"),
        (90_000_500_000, "duration[ns]", "P1DT1H0M0.5S"),
        (3_600_000_000, "time64[us]", "01:00:00"),
    ],
)
def test_times_are_shown_in_iso_8601_whatever_the_year(value, type_, text):
    assert iso(value, type_) == text
