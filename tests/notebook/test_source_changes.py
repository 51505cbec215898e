"""What a person changed between two sources is named: cells, functions, versions and settings."""

from hypothesis import given
from hypothesis import strategies as st

from stagebook.notebook import module_changes, source_changes
from stagebook.notebook.cells import Cell, Notebook
from stagebook.notebook.code import normalise_module
from stagebook.notebook.source import Source, cell_texts, render
from stagebook.notebook.source_changes import CodeChange, SourceText

TEXTS = ("# a heading", "a = 1", "b = 2  # two", "print(a + b)")


def notebook(*texts: str) -> Notebook:
    """A notebook with one Markdown cell, then these cells of code."""
    first = Cell(1, "markdown", "# a heading")
    rest = (Cell(position, "code", text) for position, text in enumerate(texts, start=2))
    return Notebook("notebooks/fit.ipynb", (first, *rest))


def text_of(book: Notebook, **facts: object) -> SourceText:
    """Its source, with the notebook's own texts."""
    cells = tuple(text for _, text in cell_texts(book))
    return SourceText.of(Source("fit", cells, **facts), book, {})  # type: ignore[arg-type]


def words(then: SourceText, now: SourceText) -> list[str]:
    return [change.words for change in source_changes.between(then, now)]


BEFORE = text_of(notebook(*TEXTS[1:]))


def test_equal_sources_have_no_change() -> None:
    commented = text_of(notebook("a = 1  # one", "b = 2", "print(a + b)"))
    assert source_changes.between(BEFORE, commented) == ()


def test_a_changed_cell_has_its_position_and_its_own_lines() -> None:
    now = text_of(notebook("a = 1", "b = 3  # three", "print(a + b)"))
    (change,) = source_changes.between(BEFORE, now)
    assert (change.kind, change.subject) == (CodeChange.CELL, "3")
    assert change.lines == ("- b = 2  # two", "+ b = 3  # three")


def test_cells_are_added_and_removed() -> None:
    longer = text_of(notebook("a = 1", "new()", "b = 2", "print(a + b)"))
    assert words(BEFORE, longer) == ["cell 3 added"]
    assert words(longer, BEFORE) == ["cell 3 removed"]


def test_without_the_notebook_the_normalised_lines_are_compared() -> None:
    book = notebook("a = 1", "b = 3  # three", "print(a + b)")
    then = SourceText.parse(render(Source("fit", ("a = 1", "b = 2", "print(a + b)"))))
    (change,) = source_changes.between(then, text_of(book))
    assert (change.words, change.lines) == ("cell 3 changed", ("- b = 2", "+ b = 3"))
    shorter = text_of(notebook("a = 1", "print(a + b)"))
    assert words(then, shorter) == ["cell after cell 2 removed"]


def test_versions_and_settings_are_named() -> None:
    book = notebook("a = 1")
    then = text_of(book, threads=1, distributions=(("numpy", "1.0"), ("scipy", "1.1")))
    now = text_of(book, threads=2, distributions=(("numpy", "2.0"), ("pandas", "3.0")))
    assert set(words(then, now)) == {
        "threads 1 → 2",
        "numpy 1.0 → 2.0",
        "pandas 3.0 is used now",
        "scipy 1.1 is not used any more",
    }


MODULE = b'''"""Weather."""
import math

LIMIT = 3


def hour(at):
    """The hour."""
    return at // 60


class Station:
    """A station."""

    name = "x"

    def wind(self):
        return LIMIT
'''


def changed(old: bytes, new: bytes) -> str:
    assert old in MODULE
    return module_changes.between(MODULE, MODULE.replace(old, new)).words


def test_the_function_class_or_statement_that_changed_is_named() -> None:
    assert changed(b"at // 60", b"at // 61") == "hour changed"
    assert changed(b"return LIMIT", b"return LIMIT + 1") == "Station.wind changed"
    assert changed(b'name = "x"', b'name = "y"') == "Station changed"
    assert changed(b"LIMIT = 3", b"LIMIT = 4") == "LIMIT changed"
    assert changed(b"import math", b"import cmath") == "imports changed"
    assert changed(b"def hour(at):", b"def minute(at):") == "minute added; hour removed"


def test_comments_and_docstrings_are_no_change() -> None:
    assert changed(b'"""The hour."""', b'"""Another text."""  # remark') == ""
    assert changed(b"LIMIT = 3", b"LIMIT = 3  # remark") == ""


REMARK = "# remark"
PARTS = st.lists(
    st.sampled_from(
        [
            "a = 1",
            "a = 2",
            "def f():\n    return 1",
            "def f():\n    return 2",
            REMARK,
            "import re",
        ]
    ),
    max_size=4,
)


@given(PARTS, PARTS)
def test_a_module_whose_code_differs_has_a_changed_name(old: list[str], new: list[str]) -> None:
    then, now = "\n".join(old), "\n".join(new)
    words = module_changes.between(then.encode(), now.encode()).words
    same_order = normalise_module(then).text == normalise_module(now).text
    assert not (same_order and words)
    if set(old) - {REMARK} != set(new) - {REMARK}:
        assert words
