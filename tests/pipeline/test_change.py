"""A change is computed, shown, and only then made."""

from pathlib import Path

from stagebook.pipeline.change import FileChange


def test_a_change_that_changes_nothing_is_not_needed() -> None:
    assert not FileChange("a", "x", "x").needed
    assert FileChange("a", "x", "y").needed


def test_a_change_is_shown_as_a_diff() -> None:
    assert FileChange("a/b.yaml", "x\ny\n", "x\nz\n").diff() == (
        "--- a/a/b.yaml\n+++ b/a/b.yaml\n@@ -1,2 +1,2 @@\n x\n-y\n+z\n"
    )


def test_a_change_is_written_with_its_own_line_ends_and_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old", encoding="utf-8")
    FileChange("a", "old", "neu: größer\r\n").write(tmp_path)
    assert (tmp_path / "a").read_bytes() == "neu: größer\r\n".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_file_keeps_its_rights_and_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("one\n")
    (tmp_path / "elsewhere").chmod(0o750)
    (tmp_path / "a").symlink_to("elsewhere")
    FileChange("a", "one\n", "two\n").write(tmp_path)
    assert (tmp_path / "a").is_symlink()
    assert (tmp_path / "elsewhere").read_text() == "two\n"
    assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o750
