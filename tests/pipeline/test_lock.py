"""What ``dvc.lock`` says, read from its text."""

import os
import time
from pathlib import Path

import pytest

from stagebook.pipeline import lock
from stagebook.pipeline.dvc import HashedPath
from stagebook.pipeline.lock import LockEntry
from stagebook.project.errors import StagebookError

A, B = "a" * 32, "b" * 32 + ".dir"
TEXT = f"""\
schema: '2.0'
stages:
  fit@north:
    cmd: python fit.py north
    deps:
    - path: data
      hash: md5
      md5: {B}
      size: 20
      nfiles: 2
    params:
      params.yaml:
        depth: 3
    outs:
    - path: model.pkl
      hash: md5
      md5: {A}
      size: 10
"""


def test_a_stage_has_its_files_with_hashes_and_its_parameters() -> None:
    assert lock.parse(TEXT).entries == {
        "fit@north": LockEntry(
            "fit@north",
            "python fit.py north",
            (HashedPath("data", B, 20, 2),),
            (HashedPath("model.pkl", A, 10),),
            {"params.yaml": {"depth": 3}},
        )
    }


def test_the_maker_of_a_file_is_found_by_path_and_by_content() -> None:
    found = lock.parse(TEXT)
    for maker in (found.maker("model.pkl"), found.maker("model.pkl", A)):
        assert maker is not None
        assert maker.stage == "fit@north"
    assert found.maker("model.pkl", "c" * 32) is None
    assert found.maker("data") is None


def test_a_lock_from_before_dvc_2_has_its_stages_at_the_top() -> None:
    old = "fit:\n  cmd: python fit.py\n  outs:\n  - path: model.pkl\n    md5: " + A
    assert lock.parse(old).entries["fit"].outs == (HashedPath("model.pkl", A, 0),)


def test_commands_in_a_list_are_one_after_the_other() -> None:
    text = "schema: '2.0'\nstages: {fit: {cmd: [one, two]}}"
    assert lock.parse(text).entries["fit"].cmd == "one && two"


def test_what_lies_in_a_cloud_has_no_hash_of_ours() -> None:
    text = (
        "schema: '2.0'\nstages: {get: {cmd: get, outs: [{path: 's3://bucket/a', etag: 1}, "
        f"{{path: a, md5: {A}}}]}}}}"
    )
    assert [one.path for one in lock.parse(text).entries["get"].outs] == ["a"]


@pytest.mark.parametrize("text", ["", "null", "[]", "schema: '2.0'", "schema: '2.0'\nstages: 1"])
def test_a_lock_without_stages_is_empty(text: str) -> None:
    assert lock.parse(text).entries == {}


def test_no_file_is_an_empty_lock_and_the_marks_of_a_merge_are_an_error(tmp_path: Path) -> None:
    assert lock.read(tmp_path).entries == {}
    (tmp_path / "dvc.lock").write_text(f"<<<<<<< ours\n{TEXT}=======\n>>>>>>> theirs\n")
    with pytest.raises(StagebookError) as raised:
        lock.read(tmp_path)
    assert raised.value.problems[0].code == "merge-conflict"


SECOND = f"""\
  use:
    cmd: python use.py
    params:
      params.yaml:
        text: |-
          several lines

          of text
    outs:
    - path: used.txt
      hash: md5
      md5: {A}
      size: 3
"""


@pytest.mark.parametrize("text", [TEXT, TEXT + SECOND, TEXT.replace("data", "'odd: data'")])
def test_the_pieces_of_a_lock_say_what_the_whole_says(text: str) -> None:
    pieces = lock.split(text)
    assert len(pieces) == text.count("cmd:")
    parts = [lock.parse(one).entries for one in pieces]
    assert {name: entry for one in parts for name, entry in one.items()} == lock.parse(text).entries


@pytest.mark.parametrize(
    "text",
    [
        "",
        "schema: '2.0'",
        "schema: '2.0'\nstages: {}\n",
        TEXT + SECOND.replace("cmd: python use.py", "cmd: &same python use.py"),
        TEXT + "other: 1\n",
        TEXT.replace("schema: '2.0'\n", ""),
        TEXT.replace("  ", "    "),
    ],
)
def test_a_lock_that_is_laid_out_otherwise_comes_back_in_one_piece(text: str) -> None:
    assert lock.split(text) == (text,)


def test_a_lock_that_is_being_written_is_read_when_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "dvc.lock"
    whole = TEXT + TEXT.partition("stages:\n")[2].replace("north", "south")
    file.write_text(TEXT)  # as far as another process has written it

    def writes_on(_: float) -> None:
        file.write_text(whole)
        os.utime(file, (0, 0))

    monkeypatch.setattr(time, "sleep", writes_on)
    assert set(lock.read(tmp_path).entries) == {"fit@north", "fit@south"}


def test_a_lock_from_a_clock_that_is_ahead_is_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "dvc.lock"
    file.write_text(TEXT)
    os.utime(file, (2**32, 2**32))
    monkeypatch.setattr(time, "sleep", pytest.fail)
    assert set(lock.read(tmp_path).entries) == {"fit@north"}


def test_a_list_of_commands_is_another_command_than_their_text() -> None:
    listed = TEXT.replace("cmd: python fit.py north", "cmd:\n    - python fit.py north")
    assert lock.parse(listed).entries["fit@north"].commands == ("python fit.py north",)
    assert lock.parse(TEXT).entries["fit@north"].commands == ()
