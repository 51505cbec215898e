from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import refusals
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.data.drift import reference as references
from stagebook.data.drift.time_column import time_column
from stagebook.data.drift.timeblocks import Span, cut, sizes_of
from stagebook.data.profiles.merge import merge
from stagebook.data.profiles.moment import instant
from stagebook.data.profiles.profiling import profile
from stagebook.data.tables.table import Table
from stagebook.project.errors import StagebookError, Where

DAYS = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(121)]


def table(root, name="t.parquet", **columns):
    pq.write_table(pa.table(columns), root / name)
    return Table.open(root, name)


def code(error):
    return error.value.problems[0].code


@settings(max_examples=80)
@given(st.integers(-(2**60), 2**60), st.sampled_from(Span))
def test_an_instant_is_in_the_block_that_begins_last_before_it(instant_, span):
    start = span.start(instant_)
    days = {Span.YEAR: 366, Span.QUARTER: 92, Span.MONTH: 31, Span.WEEK: 7, Span.DAY: 1}
    longest = days[span] * 86_400_000_000
    assert start <= instant_ < start + longest
    assert span.start(start) == start
    assert span.start(start - 1) < start


def test_months_begin_on_the_first_and_weeks_on_monday():
    moment = int(datetime(2024, 2, 29, 23, tzinfo=UTC).timestamp()) * 10**6
    starts = [instant(span.start(moment)) for span in (Span.MONTH, Span.WEEK, Span.DAY)]
    assert starts == ["2024-02-01T00:00:00", "2024-02-26T00:00:00", "2024-02-29T00:00:00"]


def test_the_blocks_together_are_the_whole(tmp_path):
    whole = table(
        tmp_path, at=DAYS, x=[float(n % 17) for n in range(121)], word=list("abc") * 40 + ["d"]
    )
    all_of_it = profile(whole)
    span, blocks = cut(whole, all_of_it, "at", Span.WEEK)
    assert span is Span.WEEK
    assert merge([block.profile for block in blocks]).rows == 121
    assert merge([block.profile for block in blocks]) == all_of_it


@pytest.mark.parametrize(("days", "span"), [(121, Span.MONTH), (40, Span.WEEK), (9, Span.DAY)])
def test_blocks_are_as_long_as_leaves_four_of_them(tmp_path, days, span):
    whole = table(tmp_path, at=DAYS[:days])
    assert cut(whole, profile(whole), "at", None)[0] is span


def test_a_torn_block_at_the_end_is_left_out(tmp_path):
    whole = table(tmp_path, at=[*DAYS, datetime(2024, 5, 1, tzinfo=UTC)])
    _, blocks = cut(whole, profile(whole), "at", Span.MONTH)
    assert [block.start for block in blocks] == [f"2024-0{month}-01" for month in (1, 2, 3, 4)]


def test_rows_without_a_time_are_in_no_block(tmp_path):
    whole = table(tmp_path, at=[None, *DAYS[:5], None])
    _, blocks = cut(whole, profile(whole), "at", Span.DAY)
    assert [block.profile.rows for block in blocks] == [1] * 5


@pytest.mark.parametrize(
    "values",
    [
        pa.array([date(1969, 12, 30) + timedelta(days=day) for day in range(5)]),
        pa.array([datetime(1969, 12, 30) + timedelta(days=day) for day in range(5)]),
        pa.array([datetime(1969, 12, 30) + timedelta(days=day) for day in range(5)]).cast(
            pa.timestamp("ns")
        ),
        pa.array([datetime(1969, 12, 30) + timedelta(days=day) for day in range(5)]).cast(
            pa.date64()
        ),
    ],
    ids=lambda values: str(values.type),
)
def test_a_table_is_cut_by_every_type_of_date_and_timestamp(tmp_path, values):
    whole = table(tmp_path, at=values)
    _, blocks = cut(whole, profile(whole), "at", Span.DAY)
    assert [block.start for block in blocks][::4] == ["1969-12-30", "1970-01-03"]


def test_columns_of_every_kind_are_cut(tmp_path):
    columns = {
        "at": DAYS[:8],
        "list": [[1], None] * 4,
        "wait": pa.array([timedelta(seconds=1)] * 8),
        "kind": pa.array(["a", "b"] * 4).dictionary_encode(),
        "yes": [True, None] * 4,
    }
    reference = references.of_table(table(tmp_path, **columns))
    nulls = {one.name: one.nulls for one in reference.blocks[1].profile.columns}
    assert nulls == {"at": 0, "list": 1, "wait": 0, "kind": 0, "yes": 1}


def test_too_many_blocks_are_told(tmp_path):
    days = [date(2020, 1, 1) + timedelta(days=day) for day in range(401)]
    whole = table(tmp_path, at=days)
    with pytest.raises(StagebookError) as error:
        cut(whole, profile(whole), "at", Span.DAY)
    assert code(error) == "too-many-blocks"


def test_the_column_with_the_fewest_nulls_is_cut_by(tmp_path):
    whole = profile(table(tmp_path, a=[None, *DAYS[1:9]], b=DAYS[:9], c=list(range(9))))
    assert time_column(whole, None, "t") == ("b", "")


def test_of_two_that_run_together_the_first_is_taken(tmp_path):
    later = [one + timedelta(hours=3) for one in DAYS[:9]]
    whole = profile(table(tmp_path, a=DAYS[:9], b=later))
    assert time_column(whole, None, "t")[0] == "a"


def test_of_two_that_do_not_one_has_to_be_named(tmp_path):
    whole = profile(table(tmp_path, born=DAYS[:9], seen=DAYS[50:59]))
    name, reason = time_column(whole, None, "t")
    assert name is None
    assert "`born`" in reason
    assert "`seen`" in reason
    assert time_column(whole, "seen", "t")[0] == "seen"


def test_a_column_that_is_no_time_is_refused(tmp_path):
    whole = profile(table(tmp_path, at=DAYS[:3], x=[1, 2, 3]))
    for name in ("x", "att"):
        with pytest.raises(StagebookError) as error:
            time_column(whole, name, "t")
        assert code(error) == "no-time-column"
    assert "`at`" in error.value.problems[0].hint


def test_no_column_of_time_is_no_error(tmp_path):
    reference = references.of_table(table(tmp_path, x=[1, 2, 3]))
    assert reference.blocks == ()
    assert reference.note


def test_an_empty_table_has_no_blocks(tmp_path):
    reference = references.of_table(table(tmp_path, at=pa.array([], pa.timestamp("us"))))
    assert reference.blocks == ()


def test_a_reference_is_read_as_it_was_written(tmp_path):
    table(tmp_path, at=DAYS, x=list(range(121)))
    reference = references.open_reference(tmp_path, "t.parquet")
    text = references.render(reference)
    (tmp_path / "ref.json").write_text(text, encoding="utf-8")
    assert references.open_reference(tmp_path, "ref.json") == reference
    assert references.render(references.parse(text)) == text


def test_a_plain_profile_is_a_reference_without_blocks(tmp_path):
    from stagebook.data.profiles import profile as profiles

    whole = profile(table(tmp_path, at=DAYS))
    (tmp_path / "p.json").write_text(profiles.render(whole), encoding="utf-8")
    reference = references.open_reference(tmp_path, "p.json")
    assert (reference.profile, reference.blocks) == (whole, ())
    assert references.open_batch(tmp_path, "p.json", reference) == whole


def test_a_profile_cannot_be_cut(tmp_path):
    (tmp_path / "p.json").write_text("{}", encoding="utf-8")
    with pytest.raises(StagebookError) as error:
        references.open_reference(tmp_path, "p.json", by=Span.DAY)
    assert code(error) == "cannot-cut"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nonsense", "bad-reference"),
        ('{"reference": 2}', "reference-format"),
        ('{"reference": 1}', "bad-reference"),
        ('{"reference": 1, "span": "year", "time": "a", "note": ""}', "bad-reference"),
        ('{"columns": [], "format": 99, "rows": 0}', "profile-format"),
        ("[1]", "bad-profile"),
    ],
)
def test_what_is_no_reference_is_told(tmp_path, text, expected):
    (tmp_path / "ref.json").write_text(text, encoding="utf-8")
    with pytest.raises(StagebookError) as error:
        references.open_reference(tmp_path, "ref.json")
    assert code(error) == expected
    assert error.value.problems[0].where.file == "ref.json"


def test_a_reference_that_is_not_there_is_told(tmp_path):
    problem = refusals.problem(references.open_reference, tmp_path, "ref.json")
    assert (problem.code, problem.where) == ("bad-reference", Where("ref.json"))
    assert "stagebook profile TABLE --json > ref.json" in problem.hint


def test_rows_of_each_day_add_up_to_those_of_the_months():
    assert sum(sizes_of({0: 3, 30: 4, 31: 5}, Span.MONTH).values()) == 12
    assert list(sizes_of({0: 3, 30: 4, 31: 5}, Span.MONTH).values()) == [7, 5]
