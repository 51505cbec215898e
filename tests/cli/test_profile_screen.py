import dataclasses
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from stagebook.cli import profile_screen
from stagebook.data.profiles.column import Booleans, Column, ColumnKind, Numbers, Texts
from stagebook.data.profiles.grid import Grid
from stagebook.data.profiles.profile import Profile
from stagebook.report.changes import OneSidedColumns

DAY = 86_400_000_000
YEAR = Numbers(
    Grid((0, 200 * DAY, 400 * DAY), 0, 20), (0, 60, 40, 0), 0, 365 * DAY, 0, 0, 0, 0, 0, 0
)


def number(name: str, counts: tuple[int, ...], low: float, high: float, total: int) -> Column:
    edges = tuple(10 * place for place in range(len(counts) - 1))
    detail = Numbers(Grid(edges, 0, 0), counts, low, high, 0, 0, 0, 0, total, 10 * total * total)
    return Column(name, "int64", ColumnKind.NUMBER, 100, 100 - sum(counts), detail)


def text(name: str, counts: dict[str, int]) -> Column:
    values = sum(counts.values())
    detail = Texts(counts, None, values, 1, 9, 5 * values)
    return Column(name, "string", ColumnKind.TEXT, 100, 100 - values, detail)


COLUMNS = (
    number("age", (0, 20, 50, 30, 0), 1, 29, 1510),
    Column("seen", "timestamp[us, tz=UTC]", ColumnKind.TIME, 100, 0, YEAR),
    text("town", {"Bonn": 60, "Köln": 30, "東京": 8}),
    Column("late", "bool", ColumnKind.BOOLEAN, 100, 0, Booleans(25, 75)),
    Column("parts", "list<item: int64>", ColumnKind.OTHER, 100, 1, None),
)
PROFILE = Profile(COLUMNS, 100)


def lines(profile: Profile, width: int | None = 80, against: Profile | None = None) -> list[str]:
    return [one.plain for one in profile_screen.lines(profile, "a.csv", width, against)]


def test_each_column_has_one_line() -> None:
    title, head, *rows = lines(PROFILE)
    assert re.findall(r"[\w.]*\d+|a\.csv", title) == ["a.csv", "100", "5"]
    assert head.split()[0] == "column"
    assert [row.split()[0] for row in rows] == [column.name for column in COLUMNS]


def test_numbers_show_missing_range_mean_and_histogram() -> None:
    row = next(one for one in lines(PROFILE, 100) if one.startswith("age"))
    assert row.split() == ["age", "int64", "0", "%", "1", "15.1", "29", "▄█▅"]


def test_numbers_stand_below_one_another() -> None:
    _, head, age, seen, *_ = lines(PROFILE)
    end = head.index("max") + 3
    assert age[:end].endswith("29")
    assert seen[:end].endswith("1971-01-01")
    assert age[end] == seen[end] == " "


def test_texts_show_how_many_differ_and_the_most_frequent() -> None:
    row = next(one for one in lines(PROFILE, 100) if one.startswith("town"))
    assert "2.0 %  3 different: Bonn 61.2 %, Köln 30.6 %, 東京 8.2 %" in row


def test_booleans_show_the_share_of_true() -> None:
    assert any(one.startswith("late") and one.endswith("25.0 % true") for one in lines(PROFILE))


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60), st.integers(40, 130))
def test_no_name_and_no_value_makes_a_line_too_wide(wild: str, width: int) -> None:
    columns = (
        *COLUMNS,
        dataclasses.replace(number(f"n{wild}", (0, 9, 0), -1e300, 1e-300, 5), type=wild),
        text(f"t{wild}", {wild: 9, "x" * 99: 3}),
    )
    for against in (None, PROFILE):
        shown = lines(Profile(columns, 100), width, against)
        assert all(cell_len(one) <= width for one in shown)
        assert all(one.isprintable() for one in shown)


def test_what_tells_least_goes_first_where_it_is_narrow() -> None:
    heads = [lines(PROFILE, width)[1].split() for width in (100, 60, 50)]
    assert heads[0] == ["column", "type", "missing", "min", "mean", "max"]
    assert "type" not in heads[1]
    assert "mean" not in heads[2]
    assert "missing" in heads[2]


def test_a_control_sequence_in_data_does_not_reach_the_terminal() -> None:
    shown = "\n".join(lines(Profile((text("t\x1b[2J", {"\x1b]0;x\x07": 100}),), 100)))
    assert "\x1b" not in shown
    assert r"t\x1b[2J" in shown


def test_values_off_the_number_line_are_told() -> None:
    detail = dataclasses.replace(YEAR, counts=(0, 60, 30, 0), nan=8, infinite_above=2)
    column = Column("x", "double", ColumnKind.NUMBER, 100, 0, detail)
    assert any(re.findall(r"\d+", line) == ["8", "2"] for line in lines(Profile((column,), 100)))


def test_beside_the_reference_both_histograms_have_the_same_bins() -> None:
    now = Profile((number("age", (0, 0, 0, 98, 0), 21, 29, 2450),), 100)
    then = Profile((number("age", (0, 50, 50, 0, 0), 1, 19, 1000),), 100)
    _, _, row, reference, changed = lines(now, 80, then)
    assert row.endswith("  █")
    assert reference.startswith("  reference")
    assert reference.endswith("▅▅")
    assert row.index("█") == reference.index("▅") + 2
    assert "missing 2.0 %, was 0 %; mean 25, was 10 (+" in changed


def test_beside_the_reference_new_and_lost_values_are_named() -> None:
    now, then = (
        Profile((text("t", {"a": 9, "b": 1}),), 100),
        Profile((text("t", {"a": 9, "c": 1}),), 100),
    )
    assert lines(now, 80, then)[-1].split("; ") == ["  → new: b", "gone: c"]


def test_beside_itself_nothing_changed() -> None:
    assert not [one for one in lines(PROFILE, 80, PROFILE) if "→" in one]


def test_columns_of_one_side_are_named() -> None:
    now, then = (
        Profile((text("a", {}), text("b", {})), 100),
        Profile((text("b", {}), text("c", {})), 100),
    )
    assert OneSidedColumns.of(now, then) == OneSidedColumns(("a",), ("c",))
    assert [line.rpartition(": ")[2] for line in lines(now, 80, then)[-2:]] == ["a", "c"]


def test_a_table_without_columns_is_one_line() -> None:
    assert lines(Profile((), 0)) == ["a.csv: 0 rows, 0 columns"]


def test_what_is_piped_is_plain_and_whole(capsys: pytest.CaptureFixture[str]) -> None:
    name = "a_name_that_would_be_cut_in_a_terminal"
    profile_screen.show(Profile((text(name, {"[bold]x[/]": 100}),), 100), "[red]a.csv")
    shown = capsys.readouterr().out
    assert shown.startswith("[red]a.csv: 100 rows")
    assert name in shown
    assert "[bold]x[/] 100 %" in shown
    assert "\x1b" not in shown
