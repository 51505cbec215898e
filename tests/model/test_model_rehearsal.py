"""A model that is opened and asked in a process of its own first."""

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from little_model import fitted, write
from own_steps import Hostile

from stagebook.model.load import load
from stagebook.model.load_gate import pass_through
from stagebook.model.policy import Policy
from stagebook.model.verification import CheckState
from stagebook.project.errors import StagebookError

NAME = "own_steps.Hostile"
OPEN: dict[str, Any] = {"materials": "ignore", "attestation": "ignore"}


def hostile(folder: Path, files: dict[str, Path], does: str) -> Path:
    model = Hostile(does, str(folder / "written"))
    write(model, folder / "odd", files, method="predict", trusted=[NAME])
    return folder / "odd"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("does", "code", "seen"),
    [
        ("crash", "model-fails", "SIGSEGV"),
        ("grow", "model-fails", "memory"),
        ("write", "package-changed", "PermissionError"),
        ("connect", "package-changed", "PermissionError"),
        ("start", "package-changed", "PermissionError"),
        ("lie", "model-fails", "ends the process"),
    ],
)
def test_what_a_model_does_there_does_not_reach_this_process(
    tmp_path: Path, files: dict[str, Path], does: str, code: str, seen: str
) -> None:
    folder = hostile(tmp_path, files, does)
    passage = pass_through(folder, Policy(**OPEN, trusted=(NAME,)), here=False)
    assert [problem.code for problem in passage.refusals] == [code]
    assert seen in passage.refusals[0].message
    assert passage.model is None
    assert not (tmp_path / "written").exists()


def number(value: int, length: int = 0) -> bytes:
    """A number as a Parquet footer has it, in at least so many bytes."""
    value, found = value << 1, []
    while value or not found or len(found) < length:
        found.append(value & 0x7F)
        value >>= 7
    return bytes([*(part | 0x80 for part in found[:-1]), found[-1]])


def growing_rows() -> bytes:
    """A file of some kilobytes that says it has one, and takes 2.5 GB to read."""
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 128, pa.int8()), ["x" * 20_000_000])
    table = pa.table({"height": text, "expected.prediction": [0.0] * 128})
    buffer = io.BytesIO()
    table = table.replace_schema_metadata({b"stagebook.tolerance": b"1e-9"})
    pq.write_table(table, buffer, compression="zstd", write_statistics=False, store_schema=False)
    data = buffer.getvalue()
    (length,) = struct.unpack("<I", data[-8:-4])
    head, footer = data[: -8 - length], data[-8 - length : -8]
    group = pq.ParquetFile(buffer).metadata.row_group(0)
    for size in (group.total_byte_size, group.column(0).total_uncompressed_size):
        footer = footer.replace(number(size), number(1000, len(number(size))))
    return head + footer + data[-8:]


def test_golden_rows_that_grow_beyond_what_they_say_end_a_process_of_their_own(
    packaged: Path, rehash: Callable[[Path], None]
) -> None:
    data = growing_rows()
    group = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0)
    assert (group.total_byte_size, len(data) < 100_000) == (1000, True)
    (packaged / "golden.parquet").write_bytes(data)
    rehash(packaged)
    passage = pass_through(packaged, Policy(**OPEN))
    assert [problem.code for problem in passage.refusals] == ["model-fails"]
    assert "memory" in passage.refusals[0].message
    assert passage.model is None


def test_it_is_done_once_for_a_package_unless_it_is_asked_for(
    tmp_path: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write(fitted(), tmp_path / "tall", files)
    with_process = []
    for policy in ("never", "unsigned", "unsigned", "always"):
        passage = pass_through(tmp_path / "tall", Policy(**OPEN, isolate=policy))  # type: ignore[arg-type]
        assert [check.state for check in passage.checks] == [CheckState.PASSED] * 7
        assert passage.model is not None
        with_process.append(passage.rehearsed is not None)
    assert with_process == [False, True, False, True]


def test_a_package_that_has_not_passed_is_not_remembered(
    tmp_path: Path, files: dict[str, Path]
) -> None:
    folder = hostile(tmp_path, files, "crash")
    for _ in range(2):
        with pytest.raises(StagebookError):
            load(folder, **OPEN, trusted=[NAME])
    load(folder, **OPEN, trusted=[NAME], isolate="never")


def test_the_process_sees_nothing_of_the_environment(
    packaged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setenv("PYTHONSTARTUP", "/nowhere.py")
    passage = pass_through(packaged, Policy(**OPEN, isolate="always"), here=False)
    assert not passage.refusals
