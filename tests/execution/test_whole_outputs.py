"""Large outputs are shown in part; files have the whole, without secrets."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.execution.masked_file import MaskedFile
from stagebook.execution.whole_outputs import (
    LARGEST_DATA,
    LONGEST_TEXT,
    WHOLE,
    CellOutputs,
    relocate,
)
from stagebook.project.masks import MASK, Masks

SECRET = "s3cr3t-value-0123456789"
MASKS = Masks.of({"API_TOKEN": SECRET})


def outputs_of(*texts: str, folder: Path, masks: Masks | None = None) -> list[Any]:
    outputs: list[Any] = []
    cell = CellOutputs(outputs, folder / "cell-2", masks or Masks())
    for text in texts:
        cell.stream("stdout", text)
    cell.settle(done=True)
    return outputs


def test_messages_of_a_stream_are_one_output(tmp_path: Path) -> None:
    (output,) = outputs_of("one\n", "two\n", folder=tmp_path)
    assert (output.name, output.text) == ("stdout", "one\ntwo\n")
    assert list(tmp_path.iterdir()) == []


def test_streams_keep_their_order(tmp_path: Path) -> None:
    outputs: list[Any] = []
    cell = CellOutputs(outputs, tmp_path / "cell-1", Masks())
    for name, text in (("stdout", "a"), ("stderr", "b"), ("stdout", "c"), ("stdout", "d")):
        cell.stream(name, text)
    cell.settle()
    assert [(item.name, item.text) for item in outputs] == [
        ("stdout", "a"),
        ("stderr", "b"),
        ("stdout", "cd"),
    ]


def test_of_a_long_stream_begin_and_end_are_shown_and_a_file_has_the_whole(tmp_path: Path) -> None:
    texts = [f"line {number}\n" for number in range(200_000)]
    head, note, tail = outputs_of(*texts, folder=tmp_path)
    whole = "".join(texts)
    (file,) = tmp_path.iterdir()
    assert file.read_text() == whole
    assert whole.startswith(head.text)
    assert whole.endswith(tail.text)
    assert tail.text.startswith("line ")
    kept = len(head.text) + len(tail.text)
    assert LONGEST_TEXT - len("line 199999\n") < kept <= LONGEST_TEXT
    left = {"file": file.name, "left": len(whole) - kept, "total": len(whole)}
    assert note.metadata == {WHOLE: left}
    assert f"[{tmp_path.name}/{file.name}]" in note.data["text/markdown"]


def test_a_note_names_the_folder_next_to_the_page(tmp_path: Path) -> None:
    outputs = outputs_of("x" * 2 * LONGEST_TEXT, folder=tmp_path)
    relocate([{"outputs": outputs}, {"outputs": None}, "no cell"], "a b.outputs")
    words = outputs[1].data["text/markdown"]
    assert words.endswith("[a b.outputs/cell-2.stdout.txt](<a%20b.outputs/cell-2.stdout.txt>)")


@pytest.mark.parametrize("piece", [11, 1000, 100_000])
def test_a_secret_that_messages_split_is_in_neither_file_nor_notebook(
    tmp_path: Path, piece: int
) -> None:
    whole = "".join(f"{number} {'.' * 300} {SECRET}\n" for number in range(4000))
    texts = [whole[start : start + piece] for start in range(0, len(whole), piece)]
    outputs = outputs_of(*texts, folder=tmp_path, masks=MASKS)
    (file,) = tmp_path.iterdir()
    assert file.read_text() == whole.replace(SECRET, MASK)
    shown = "".join(item.text for item in outputs if item.output_type == "stream")
    assert SECRET not in shown
    assert SECRET[:12] not in shown


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([SECRET, "x" * 5000, "\n", SECRET[:9], "y" * 70_000]), max_size=30))
def test_a_masked_file_has_what_masks_make_of_the_whole(pieces: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = MaskedFile(Path(folder) / "whole.txt", MASKS)
        returned = [file.write(piece) for piece in pieces]
        returned.append(file.close())
        text = (Path(folder) / "whole.txt").read_text()
    assert text == "".join(returned) == MASKS.hide("".join(pieces))


def test_a_large_plain_text_is_cut_and_a_large_picture_is_only_in_its_file(tmp_path: Path) -> None:
    cell = CellOutputs([], tmp_path / "cell-3", Masks())
    text, html = "y" * (LONGEST_TEXT + 1), "<p>" * (LARGEST_DATA // 3 + 1)
    shown, notes = cell.bounded({"text/plain": text, "text/html": html, "text/latex": "$x$"})
    assert shown == {"text/plain": text[:LONGEST_TEXT], "text/latex": "$x$"}
    assert [note.metadata[WHOLE]["left"] for note in notes] == [1, len(html)]
    assert (tmp_path / "cell-3.1.txt").read_text() == text
    assert (tmp_path / "cell-3.2.html").read_text() == html


def test_pictures_of_a_cell_share_one_limit_and_keep_their_bytes(tmp_path: Path) -> None:
    cell = CellOutputs([], tmp_path / "cell-3", Masks())
    code = "A" * (LARGEST_DATA * 2 // 3 // 4 * 4)
    assert cell.bounded({"image/png": code})[1] == []
    shown, (note,) = cell.bounded({"image/png": code})
    assert "image/png" not in shown
    assert (tmp_path / note.metadata[WHOLE]["file"]).read_bytes() == bytes(len(code) // 4 * 3)


def test_what_a_cell_cleared_does_not_count(tmp_path: Path) -> None:
    outputs: list[Any] = []
    cell = CellOutputs(outputs, tmp_path / "cell-1", Masks())
    for _ in range(3):
        cell.stream("stdout", "z" * (LONGEST_TEXT - 1))
        outputs[:] = []
        cell.clear()
    cell.stream("stdout", "end")
    cell.settle(done=True)
    assert [item.text for item in outputs] == ["end"]
    assert list(tmp_path.iterdir()) == []
