"""A file that Git LFS has not brought yet is told from the file itself."""

from pathlib import Path

from stagebook.project.files import holds_lfs_pointer

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


def test_only_a_short_file_that_begins_as_a_pointer_is_one(tmp_path: Path) -> None:
    contents = {
        "pointer.csv": POINTER.encode(),
        "table.csv": b"a,b\n1,2\n",
        "bytes.bin": b"\xff\xfe",
        "long.txt": POINTER.encode() + b"x" * 1024,
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder").mkdir()
    found = [path.name for path in sorted(tmp_path.iterdir()) if holds_lfs_pointer(path)]
    assert found == ["pointer.csv"]
    assert not holds_lfs_pointer(tmp_path / "absent")
