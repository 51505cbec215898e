"""CSV bodies: a header, quoted cells, an empty cell for a missing value."""

import csv
import io
import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.csv as pa_csv

from stagebook.serving.input.rows import Rows, bad_request, require_distinct, require_few
from stagebook.serving.refusal import RequestProblem

_MOST_COLUMNS = 10_000
_VALUES = re.compile(r"(?<=got )(\d+).*|'.*", re.DOTALL)
"""The part of pyarrow's messages that has values of the request."""


def parse(data: bytes, columns: Sequence[str], row_limit: int) -> Rows:
    """The rows in a CSV body, as text.

    An empty cell is None; a quoted empty cell is an empty text, but None where there is a single
    column, in which pandas writes a missing value so. A first column without a name is
    the index that ``DataFrame.to_csv`` writes, and is left out.

    Args:
        data: The body as UTF-8, with or without a byte order mark.
        columns: The model's features.
        row_limit: The most rows.

    Raises:
        Refusal: With status 400, or 413 for too many rows.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"The body is not UTF-8: byte {error.start} is invalid."
        raise bad_request(RequestProblem("not-utf-8", message, "Send the text as UTF-8.")) from None
    names = _header(text)
    table = _table(data, names)
    require_few(table.num_rows, row_limit)
    kept = names[1:] if names[0] == "" and "" not in columns else names
    values = [table.column(name).to_pylist() for name in kept]
    records = [dict(zip(kept, row, strict=True)) for row in zip(*values, strict=True)]
    return Rows(tuple(kept), records, is_text=True)


def _header(text: str) -> list[str]:
    try:
        names = next((line for line in csv.reader(io.StringIO(text, newline="")) if line), None)
    except csv.Error as error:
        raise _bad(str(error)) from None
    if not names:
        raise _bad("it has no header")
    if len(names) > _MOST_COLUMNS:
        raise _bad(f"its header has {len(names):,} columns")
    require_distinct(names)
    return names


def _table(data: bytes, names: Sequence[str]) -> pa.Table:
    """The cells as text; pyarrow, unlike the module csv, knows which ones are quoted."""
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(data),
            pa_csv.ReadOptions(use_threads=False, block_size=max(len(data), 1024)),
            pa_csv.ParseOptions(newlines_in_values=True),
            pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=len(names) == 1,  # pandas must quote it there
            ),
        )
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _bad(_VALUES.sub(r"\1", str(error))) from None
    if table.column_names != list(names):
        raise _bad("its header cannot be read")
    return table


def _bad(reason: str) -> Exception:
    hint = "Send what DataFrame.to_csv(index=False) writes."
    return bad_request(RequestProblem("bad-csv", f"The body is not valid CSV: {reason}.", hint))
