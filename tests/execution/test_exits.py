"""How a kernel ended is read from its guard's file, as far as that is whole."""

from pathlib import Path

import pytest

from stagebook.execution import exits


def test_code_and_memory_are_read_back(tmp_path: Path) -> None:
    exits.write(tmp_path / "ending", -9, 4096)
    assert exits.read(tmp_path / "ending") == (-9, 4096)


@pytest.mark.parametrize("content", [b"", b"1", b"x y", b"\xff 1", b"1 2 3"])
def test_what_a_full_disk_left_says_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ending").write_bytes(content)
    assert exits.read(tmp_path / "ending") == (None, None)
    assert exits.read(tmp_path / "none") == (None, None)
