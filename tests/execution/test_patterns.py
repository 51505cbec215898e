"""Patterns of files are found in what a notebook's code names."""

import pytest

from stagebook.execution import patterns


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("duckdb.sql(\"select * from 'data/*.csv'\")", ["data/*.csv"]),
        (
            'sql = """\nselect *\nfrom read_parquet(["a/2013-0?.parquet", "b/*.parquet"])\n"""',
            ["a/2013-0?.parquet", "b/*.parquet"],
        ),
        ("polars.scan_csv('./data/**/*.csv')", ["data/**/*.csv"]),
        ("polars.scan_csv('*.csv')", ["*.csv"]),
        ("a = 2 * 3 / 4  # data/*.csv", []),
        ("print('a*b', '**bold**', 'https://example.org/*.csv', '/data/*.csv', '../x/*.csv')", []),
        ("!ls data/*.csv", ["data/*.csv"]),
    ],
)
def test_a_pattern_in_a_text_is_found(cell: str, found: list[str]) -> None:
    assert list(patterns.of_cells([cell])) == found
