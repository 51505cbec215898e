"""An output beside the locked one: within the tolerance, or what differs first."""

from pathlib import Path

import pytest

from stagebook.execution.verification import outputs
from stagebook.execution.verification.outputs import OutputComparison, Reproduction


def compared(
    root: Path, name: str, before: str | bytes, now: str | bytes, tolerance: float = 0.0
) -> OutputComparison:
    for folder, content in (("before", before), ("now", now)):
        (root / folder).mkdir(exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        (root / folder / name).write_bytes(data)
    return outputs.compare(root, name, f"before/{name}", f"now/{name}", tolerance)


@pytest.mark.parametrize(
    ("name", "before", "now"),
    [("a.csv", "x,y\n1,2\n", "x,y\n1,2.1\n"), ("a.json", '{"x": 2.0}', '{"x": 2.1}')],
)
def test_numbers_in_tables_and_json_may_be_within_a_tolerance(
    tmp_path: Path, name: str, before: str, now: str
) -> None:
    verdicts = [compared(tmp_path, name, before, now, size).verdict for size in (0.0, 0.01, 0.2)]
    assert verdicts[:2] == [Reproduction.DIFFERENT, Reproduction.DIFFERENT]
    assert verdicts[2] is Reproduction.WITHIN_TOLERANCE


def test_texts_are_never_within_a_tolerance_and_the_first_line_is_shown(tmp_path: Path) -> None:
    comparison = compared(tmp_path, "a.txt", "one\ntwo\n", "one\n2\n", 9.0)
    assert comparison.verdict is Reproduction.DIFFERENT
    assert comparison.words == ("line 2: two → 2",)


def test_other_bytes_are_named_by_the_first_that_differs(tmp_path: Path) -> None:
    comparison = compared(tmp_path, "a.bin", b"\xff\x00\x01", b"\xff\x00\x02\x03")
    assert comparison.words == ("3 → 4 bytes, different from byte 3 on",)


def test_equal_values_in_other_bytes_need_a_tolerance(tmp_path: Path) -> None:
    verdicts = [
        compared(tmp_path, "a.json", '{"x": 1}', '{ "x": 1 }', size).verdict for size in (0.0, 0.1)
    ]
    assert verdicts == [Reproduction.DIFFERENT, Reproduction.WITHIN_TOLERANCE]


def test_a_folder_is_compared_file_by_file(tmp_path: Path) -> None:
    for folder, files in (
        ("before", {"a.json": "[1.0]", "b.txt": "x", "gone.txt": ""}),
        ("now", {"a.json": "[1.1]", "b.txt": "x", "new.txt": ""}),
    ):
        (tmp_path / folder / "out").mkdir(parents=True)
        for name, text in files.items():
            (tmp_path / folder / "out" / name).write_text(text)
    comparison = outputs.compare(tmp_path, "out", "before/out", "now/out", 0.5)
    assert comparison.verdict is Reproduction.DIFFERENT
    assert comparison.words[:2] == ("gone.txt is gone", "new.txt is new")
    assert comparison.words[2].startswith("a.json: ")
    for name in ("gone.txt", "new.txt"):
        for folder in ("before", "now"):
            (tmp_path / folder / "out" / name).unlink(missing_ok=True)
    comparison = outputs.compare(tmp_path, "out", "before/out", "now/out", 0.5)
    assert comparison.verdict is Reproduction.WITHIN_TOLERANCE
