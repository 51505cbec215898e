"""Lines are folded between words on a terminal, and nowhere else."""

import io

import pytest
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from stagebook.cli.printed import Screen, put

PATH = "/a/path/that/is/longer/than/forty/columns/of/a/terminal"
SENTENCE = f"An explanation of several words says what happened to {PATH} and why."


def table(header: bool = True) -> Table:
    found = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=header)
    for name in ("when", "stage", "changed, and metrics"):
        found.add_column(name, overflow="fold")
    found.add_row("2013-01-01 12:00", Text("late_departures"), "share_of_the_whole 0.25")
    found.add_row("2013-01-02 12:00", "x", "")
    return found


def screen(width: int, *, terminal: bool) -> tuple[Screen, io.StringIO]:
    out = io.StringIO()
    return Screen(file=out, width=width, force_terminal=terminal, color_system=None), out


@pytest.mark.parametrize("width", [20, 40, 80])
def test_a_terminal_breaks_no_word(width: int) -> None:
    console, out = screen(width, terminal=True)
    console.print(SENTENCE, markup=False)
    put(console, table())
    lines = out.getvalue().splitlines()
    words = {word for line in lines for word in line.split()}
    assert {*SENTENCE.split(), "late_departures", "share_of_the_whole", "2013-01-02"} <= words
    assert [line for line in lines if len(line) > width] == [PATH] * (len(PATH) > width)


def test_rows_that_have_no_room_are_printed_one_below_the_other() -> None:
    console, out = screen(40, terminal=True)
    put(console, table())
    assert out.getvalue().splitlines() == [
        "2013-01-01 12:00",
        "  stage late_departures",
        "  changed, and metrics",
        "    share_of_the_whole 0.25",
        "2013-01-02 12:00",
        "  stage x",
    ]


def test_cells_without_titles_stay_on_one_line_that_hangs() -> None:
    console, out = screen(30, terminal=True)
    put(console, table(header=False))
    assert out.getvalue().splitlines() == [
        "2013-01-01 12:00",
        "  late_departures",
        "  share_of_the_whole 0.25",
        "2013-01-02 12:00  x",
    ]


@pytest.mark.parametrize("width", [16, 40])
def test_a_tree_breaks_no_word(width: int) -> None:
    tree = Tree("data/raw.csv")
    branch = tree
    for name in ("first", "second", "third"):
        branch = branch.add(Text(f"{name}: made in 3 s\nmetrics/{name}.json"))
    console, out = screen(width, terminal=True)
    put(console, tree)
    words = {word for line in out.getvalue().splitlines() for word in line.split()}
    assert {"data/raw.csv", "metrics/third.json", "second:"} <= words
    assert ("└──" in words) == (width == 40)


def test_what_is_piped_has_whole_lines_without_padding() -> None:
    console, out = screen(40, terminal=False)
    console.print(SENTENCE, markup=False)
    put(console, table(header=False))
    first, *rows = out.getvalue().splitlines()
    assert first == SENTENCE
    assert rows == [
        "2013-01-01 12:00  late_departures  share_of_the_whole 0.25",
        "2013-01-02 12:00  x",
    ]
