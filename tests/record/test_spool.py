"""The spool takes in what killed runs left; a file that cannot be read blocks nothing."""

import json
from pathlib import Path

import pytest
from spooled import record

from stagebook.execution import locks
from stagebook.record.spool import Leftovers, Spool


def leave(state: Path, name: str, text: str | None) -> Path:
    folder = state / "executions" / name
    (folder / "evidence").mkdir(parents=True)
    (folder / "files").mkdir()
    if text is not None:
        (folder / "evidence" / "record.json").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"volatile": {"id": "other"}}', "[" * 9000])
def test_a_damaged_record_is_set_aside_and_keeps_no_other_back(tmp_path: Path, text: str) -> None:
    leave(tmp_path, "a", text)
    leave(tmp_path, "b", json.dumps(record("b")))
    spool = Spool(tmp_path)
    assert spool.take_in_leftovers() == Leftovers(("b",), ("a",))
    assert (tmp_path / "damaged/a/record.json").read_text(encoding="utf-8") == text
    assert [path.name for path in spool.pending()] == ["b"]
    assert list((tmp_path / "executions").iterdir()) == []


def test_a_sandbox_without_a_lock_or_a_record_is_swept(tmp_path: Path) -> None:
    leave(tmp_path, "a", None)
    with locks.hold(leave(tmp_path, "living", None) / "lock"):
        assert Spool(tmp_path).take_in_leftovers() == Leftovers()
        assert [path.name for path in (tmp_path / "executions").iterdir()] == ["living"]


def test_a_folder_of_the_outbox_without_a_record_is_swept(tmp_path: Path) -> None:
    (tmp_path / "outbox/a").mkdir(parents=True)
    Spool(tmp_path).take_in_leftovers()
    assert list((tmp_path / "outbox").iterdir()) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null"])
def test_a_damaged_note_of_a_delivery_is_none(tmp_path: Path, text: str) -> None:
    spool = Spool(tmp_path)
    spool.mark_delivered("a", {"tracking_uri": "u", "run_id": "r"})
    assert spool.run_of("a") == "r"
    (spool.delivered / "a.json").write_text(text, encoding="utf-8")
    assert spool.run_of("a") is None


def test_a_damaged_profile_keeps_no_record_back(tmp_path: Path) -> None:
    folder = leave(tmp_path, "a", json.dumps(record("a")))
    (folder / "evidence/profiles").mkdir()
    (folder / "evidence/profiles/x.json").write_bytes(b"\0\xff{")
    (folder / "executed.ipynb").write_bytes(b"\0\xff{")
    assert Spool(tmp_path).take_in_leftovers() == Leftovers(("a",), ())
