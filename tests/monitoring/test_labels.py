"""Labels as tables have them, and what is wrong with some."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from label_logs import labels, noon, request_id
from refusals import problems

from stagebook.monitoring.join_keys import day_name
from stagebook.monitoring.labels import LabelOptions, Labels

DAY = "2026-11-28"
ID = request_id(noon(DAY))
OTHER = request_id(noon("2026-11-29"))
ROWS = [{"prediction": f"{ID}-0", "came": 1}, {"prediction": f"{ID}-1", "came": 0}]


def values(read: Labels) -> list[float]:
    return [float(value) for value in read.groups.values]


@pytest.mark.parametrize("ending", ["parquet", "csv", "feather", "jsonl"])
def test_labels_are_read_from_every_format(ending: str, tmp_path: Path) -> None:
    path, frame = tmp_path / f"labels.{ending}", pd.DataFrame(ROWS)
    if ending == "parquet":
        frame.to_parquet(path)
    elif ending == "csv":
        frame.to_csv(path, index=False)
    elif ending == "feather":
        frame.to_feather(path)
    else:
        path.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))
    read = Labels.open(path, LabelOptions("came"))
    assert (values(read), read.days, read.problems) == ([1, 0], (DAY,), ())


def test_an_id_is_read_with_the_dashes_of_a_uuid_and_in_capitals(tmp_path: Path) -> None:
    dashed = "-".join([ID[:8], ID[8:12], ID[12:16], ID[16:20], ID[20:]])
    named = [f"{dashed}-0".upper(), f" {ID}-01 "]
    read = labels(tmp_path / "labels.parquet", {"prediction": named, "came": [1, 0]})
    assert read.groups.keys.to_pylist() == [f"{ID}-0", f"{ID}-1"]


@pytest.mark.parametrize("text", ["", "flight 7", ID, None, f"{ID}-x", f"{ID}-"])
def test_a_row_that_names_no_prediction_is_counted(text: str | None, tmp_path: Path) -> None:
    read = labels(tmp_path / "labels.parquet", {"prediction": [f"{ID}-0", text], "came": [1, 1]})
    assert (values(read), read.findings.rows) == ([1], {"no-label-key": 1})


def test_a_label_twice_counts_once(tmp_path: Path) -> None:
    named = [f"{ID}-0", f"{ID}-0", f"{ID}-1"]
    read = labels(tmp_path / "labels.parquet", {"prediction": named, "came": [1, 1, 0]})
    assert (values(read), read.findings.rows) == ([1, 0], {"repeated-label": 1})
    assert read.findings.examples == {"repeated-label": [f"{ID}-0"]}


def test_contradictory_labels_do_not_count(tmp_path: Path) -> None:
    named = [f"{ID}-0", f"{ID}-0", f"{ID}-1"]
    read = labels(tmp_path / "labels.parquet", {"prediction": named, "came": [1, 0, 0]})
    assert read.groups.values[1] == 0
    assert read.bucket(int(read.groups.days[0])).is_usable.tolist() == [False, True]
    assert read.findings.rows == {"contradictory-labels": 2}


def test_the_latest_of_contradictory_labels_counts_if_the_table_has_times(tmp_path: Path) -> None:
    columns = {
        "prediction": [f"{ID}-0"] * 3 + [f"{ID}-1"] * 2,
        "came": [1, 0, 0, 1, 0],
        "known": pd.to_datetime(["2026-12-01", "2026-12-03", "2026-12-02", None, "2026-12-05"]),
    }
    read = labels(tmp_path / "labels.parquet", columns, known="known")
    assert values(read) == [0, 0]
    assert read.findings.rows == {"repeated-label": 1, "corrected-label": 2}
    first = [str(pd.Timestamp(int(time)).date()) for time in read.groups.known]
    assert first == ["2026-12-02", "2026-12-05"]


def test_labels_of_one_time_contradict_each_other(tmp_path: Path) -> None:
    when = pd.to_datetime(["2026-12-01", "2026-12-01"])
    columns = {"prediction": [f"{ID}-0"] * 2, "came": [1, 0], "known": when}
    read = labels(tmp_path / "labels.parquet", columns, known="known")
    assert read.findings.rows == {"contradictory-labels": 2}


def test_a_missing_label_is_counted(tmp_path: Path) -> None:
    columns = {"prediction": [f"{ID}-0", f"{ID}-1"], "came": pd.array([None, True], "boolean")}
    read = labels(tmp_path / "labels.parquet", columns)
    assert (values(read), read.findings.rows) == ([1], {"null-label": 1})


@pytest.mark.parametrize(
    ("kind", "came"), [("binary", [1.0, 0.5]), ("binary", [0, 2]), ("regression", [3.5, 1e300])]
)
def test_a_label_of_another_type_is_counted(kind: str, came: list[Any], tmp_path: Path) -> None:
    columns = {"prediction": [f"{ID}-0", f"{ID}-1"], "came": came}
    read = labels(tmp_path / "labels.parquet", columns, kind)
    assert (len(read), read.findings.rows) == (1, {"label-of-another-type": 1})


def test_a_cell_of_a_csv_that_is_no_label_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(f"prediction,came\n{ID}-0,true\n{ID}-1,False\n{ID}-2,?\n{ID}-3,1\n{ID}-4,\n")
    read = Labels.open(path, LabelOptions("came"))
    assert values(read) == [1, 0, 1]
    assert read.findings.rows == {"label-of-another-type": 1, "null-label": 1}


@pytest.mark.parametrize(("kind", "came"), [("binary", ["late"]), ("regression", [True])])
def test_a_column_of_another_type_is_refused(kind: str, came: list[Any], tmp_path: Path) -> None:
    columns = {"prediction": [f"{ID}-0"], "came": came}
    (problem,) = problems(lambda: labels(tmp_path / "labels.parquet", columns, kind))
    assert problem.code == "label-of-another-type"


def test_a_missing_column_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    path = tmp_path / "labels.parquet"
    pd.DataFrame({"predictions": [f"{ID}-0"], "came": [1]}).to_parquet(path)
    refused = problems(lambda: Labels.open(path, LabelOptions("cme", known="at")))
    assert [problem.code for problem in refused] == ["no-label-column"] * 3
    assert "`predictions`" in refused[0].hint
    assert "`came`" in refused[1].hint


def test_a_key_without_an_instant_is_refused(tmp_path: Path) -> None:
    columns = {"station": ["s1"], "came": [1]}
    (problem,) = problems(lambda: labels(tmp_path / "labels.parquet", columns, key=("station",)))
    assert problem.code == "no-label-column"


def test_a_time_that_is_none_is_refused(tmp_path: Path) -> None:
    columns = {"prediction": [f"{ID}-0"], "came": [1], "known": ["yesterday"]}
    (problem,) = problems(lambda: labels(tmp_path / "labels.parquet", columns, known="known"))
    assert problem.code == "label-time"


def test_a_row_whose_time_is_none_does_not_count(tmp_path: Path) -> None:
    when = ["2026-12-01 10:00:00+01:00", "soon", None]
    columns = {"prediction": [f"{ID}-{row}" for row in range(3)], "came": [1, 0, 0], "known": when}
    read = labels(tmp_path / "labels.parquet", columns, known="known")
    assert (values(read), read.findings.rows) == ([1, 0], {"label-time": 1})
    assert str(pd.Timestamp(int(read.groups.known[0]))) == "2026-12-01 09:00:00"


def test_a_day_as_time_is_known_when_it_is_over(tmp_path: Path) -> None:
    when = [pd.Timestamp("2026-11-28").date()]
    columns = {"prediction": [f"{ID}-0"], "came": [1], "known": when}
    read = labels(tmp_path / "labels.parquet", columns, known="known")
    assert pd.Timestamp(int(read.groups.known[0])) > pd.Timestamp("2026-11-28T23:59:59")


def test_a_time_beyond_nanoseconds_is_the_last_one(tmp_path: Path) -> None:
    when = pd.Series(["9999-12-31"]).astype("datetime64[s]")
    columns = {"prediction": [f"{ID}-0"], "came": [1], "known": when}
    read = labels(tmp_path / "labels.parquet", columns, known="known")
    assert pd.Timestamp(int(read.groups.known[0])).year == 2262


def test_keys_of_entities_keep_their_parts_apart(tmp_path: Path) -> None:
    columns = {
        "first": ["a", "ab", None],
        "second": ["bc", "c", "d"],
        "instant": pd.to_datetime([f"{DAY}T10:00"] * 3, utc=True),
        "came": [1, 0, 1],
    }
    options = {"key": ("first", "second"), "instant": "instant"}
    read = labels(tmp_path / "labels.parquet", columns, **options)
    assert sorted(values(read)) == [0, 1]
    assert read.findings.rows == {"no-label-key": 1}


def test_a_problem_has_a_count_and_few_examples(tmp_path: Path) -> None:
    named = [f"nothing {number}" for number in range(50)]
    read = labels(tmp_path / "labels.parquet", {"prediction": named, "came": [1] * 50})
    (problem,) = read.problems
    assert (problem.code, len(read.findings.examples["no-label-key"])) == ("no-label-key", 5)
    assert "50 rows" in problem.message
    assert "nothing 4`" in problem.message


def test_a_label_of_another_day_leaves_the_digest_of_a_day(tmp_path: Path) -> None:
    path, columns = tmp_path / "labels.parquet", {"prediction": [f"{ID}-0"], "came": [1]}
    first = labels(path, columns)
    named = [f"{OTHER}-0", f"{ID}-0"]
    second = labels(path, {"prediction": named, "came": [0, 1]})
    changed = labels(path, {"prediction": named, "came": [0, 0]})
    day = int(first.groups.days[0])
    assert day_name(day) == DAY
    assert first.bucket(day).digest == second.bucket(day).digest != changed.bucket(day).digest


def test_a_table_without_rows_has_no_labels(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("prediction,came\n")
    read = Labels.open(path, LabelOptions("came"), types={"prediction": pa.string()})
    assert (len(read), read.days, read.problems) == (0, (), ())


rows = st.lists(
    st.tuples(
        st.sampled_from([f"{ID}-0", f"{ID}-1", f"{OTHER}-0", "nothing", None]),
        st.sampled_from([0.0, 1.0, 0.5, None]),
        st.sampled_from(["2026-12-01", "2026-12-02", None]),
    ),
    min_size=1,
    max_size=12,
)


@given(rows, st.booleans())
def test_each_row_counts_or_has_one_reason_not_to(
    table: list[tuple[str | None, float | None, str | None]], has_times: bool
) -> None:
    names, came, known = zip(*table, strict=True)
    columns = {
        "prediction": pa.array(names, pa.string()),
        "came": pa.array(came, pa.float64()),
        "known": pa.array([None if text is None else pd.Timestamp(text) for text in known],
                          pa.timestamp("us")),
    }  # fmt: skip
    options = LabelOptions("came", known="known" if has_times else None)
    read = Labels._of_columns(Path("labels"), options, "binary", columns, False)
    usable = int((~pd.isna(read.groups.values)).sum())
    assert read.rows == usable + sum(read.findings.rows.values())
    times = Counter(name for name, value, _ in table if name and name != "nothing"
                    and value in (0.0, 1.0))  # fmt: skip
    assert len(read) == len(times)
    assert all(len(examples) <= 5 for examples in read.findings.examples.values())
