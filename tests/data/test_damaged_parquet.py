"""A damaged Parquet file is an error or a table; it never ends the process."""

import io
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import damaged_reads
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.data.tables.parquet_metadata import ParquetMetadata

START = datetime(2026, 5, 1, tzinfo=UTC)
ROWS = pa.table(
    {
        "whole": pa.array([None if row % 4 == 0 else row for row in range(30)], pa.int64()),
        "real": [row / 7 for row in range(30)],
        "text": [("a", "bb", "ccc")[row % 3] for row in range(30)],
        "time": [START + timedelta(hours=row) for row in range(30)],
        "day": [date(2026, 5, 1 + row) for row in range(30)],
        "yes": [row % 2 == 0 for row in range(30)],
    }
)


def written(**options: object) -> bytes:
    """The rows as a Parquet file."""
    stream = io.BytesIO()
    pq.write_table(ROWS, stream, **options)
    return stream.getvalue()


FILES = (
    written(row_group_size=12),
    written(compression="zstd", write_page_index=True),
    written(use_dictionary=False, write_statistics=False, data_page_version="2.0"),
)


@dataclass(slots=True)
class Child:
    """A process that reads files, started again after one has ended it."""

    folder: Path
    process: "subprocess.Popen[str] | None" = field(default=None)

    def read(self, data: bytes) -> str:
        """How reading a file with these bytes ended."""
        path = self.folder / "a.parquet"
        path.write_bytes(data)
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(
                [sys.executable, damaged_reads.__file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{path}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip() or f"ended by {self._end()}"

    def _end(self) -> int:
        assert self.process is not None
        code = self.process.wait()
        self.close()
        return code

    def close(self) -> None:
        """Lets the process end."""
        if self.process is not None:
            self.process.communicate()
        self.process = None


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    """The process that reads."""
    child = Child(tmp_path_factory.mktemp("damaged"))
    yield child
    child.close()


def footer_start(data: bytes) -> int:
    """Where the footer begins."""
    return len(data) - 8 - int.from_bytes(data[-8:-4], "little")


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A file in which a few bytes of the footer, or sometimes before it, are others."""
    data = bytearray(draw(st.sampled_from(FILES)))
    first = draw(st.sampled_from([footer_start(bytes(data))] * 3 + [4]))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(first, len(data) - 5))
        data[place] = draw(
            st.integers(0, 255) | st.sampled_from([data[place] ^ 1, data[place] ^ 16])
        )
    return bytes(data)


@settings(max_examples=80)
@given(damaged())
def test_a_damaged_file_is_an_error_or_a_table(child: Child, data: bytes) -> None:
    answer = child.read(data)
    assert answer.endswith(" rows") or answer in CODES, answer


CODES = ("bad-parquet", "repeated-header", "grows-on-reading")


def test_a_sound_file_is_read_whole(child: Child) -> None:
    assert [child.read(data) for data in FILES] == ["30 rows"] * 3


def replaced(data: bytes, before: bytes, after: bytes) -> bytes:
    """The file with other bytes at the last such place in its footer, and no other length."""
    start = footer_start(data)
    assert before in data[start:]
    assert len(before) == len(after)
    head, _, tail = data[start:].rpartition(before)
    return data[:start] + head + after + tail


def test_a_column_of_another_type_in_a_row_group_is_damage(child: Child) -> None:
    name = b"\x15\x04\x19"  # a part of a column: INT64 in field 1, and the list in field 2
    assert child.read(replaced(FILES[0], name, b"\x15\x02\x19")) == "bad-parquet"


def test_a_histogram_of_another_length_is_no_death(child: Child) -> None:
    levels = b"\x19\x26\x06\x12"  # two levels: 3 values missing, 9 present
    damaged_file = replaced(FILES[0], levels, b"\x19\x16\x06\x00")
    assert child.read(damaged_file) in ("bad-parquet", "30 rows")


@pytest.mark.parametrize("data", FILES)
def test_the_metadata_is_what_pyarrow_reads(data: bytes) -> None:
    own, theirs = ParquetMetadata.parse(data), pq.ParquetFile(io.BytesIO(data)).metadata
    assert (own.rows, len(own.groups)) == (theirs.num_rows, theirs.num_row_groups)
    for number, group in enumerate(own.groups):
        other = theirs.row_group(number)
        assert (group.rows, group.unpacked) == (other.num_rows, other.total_byte_size)
        for place, chunk in enumerate(group.chunks):
            column = other.column(place)
            assert chunk.leaf.path == (column.path_in_schema,)
            assert chunk.leaf.type.name == column.physical_type
            assert chunk.packed == column.total_compressed_size
            assert chunk.unpacked == column.total_uncompressed_size
            assert (chunk.values, chunk.dictionary, chunk.first_page) == (
                column.num_values,
                column.dictionary_page_offset,
                column.data_page_offset,
            )
            statistics = column.statistics
            assert chunk.nulls == (None if statistics is None else statistics.null_count)


@pytest.mark.parametrize(
    ("pages", "message"),
    [(b"PAR1PAR1", "no footer"), (b"PAR1\x00\x01\x00\x00\x00PAR1", "damaged")],
)
def test_bytes_without_a_description_have_no_metadata(pages: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ParquetMetadata.parse(pages)
