"""Inspections are remembered by content, and a full disk costs no more than a second look."""

from pathlib import Path

from stagebook.data.inspection import Inspection, InspectionCache, Subject
from stagebook.project.errors import Problem

SUBJECT = Subject("trips", True, ("data/trips.csv",))


def test_what_was_found_is_known_by_content_whatever_the_variable(tmp_path: Path) -> None:
    known = InspectionCache(tmp_path)
    known.put(Inspection(SUBJECT), ["a"])
    renamed = Subject("journeys", True, ("data/trips.csv",))
    assert known.get(renamed, ["a"]) == Inspection(renamed)
    assert known.get(SUBJECT, ["b"]) is None


def test_another_contract_or_other_code_of_it_is_not_known(tmp_path: Path) -> None:
    known = InspectionCache(tmp_path)
    paths = ("data/trips.csv",)
    known.put(Inspection(Subject("trips", True, paths, "rules:Trips", "code")), ["a"])
    assert known.get(Subject("trips", True, paths, "rules:Trips", "other"), ["a"]) is None
    assert known.get(Subject("trips", True, paths, "rules:Other", "code"), ["a"]) is None


def test_a_refusal_is_not_remembered(tmp_path: Path) -> None:
    known = InspectionCache(tmp_path)
    subject = Subject("trips", True, ("data/trips.csv",), "rules:Trips", "code")
    known.put(Inspection(subject, problems=(Problem("no-table", "It is not there."),)), ["a"])
    assert known.get(subject, ["a"]) is None


def test_where_nothing_can_be_written_nothing_is_known_and_nothing_fails(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    InspectionCache(tmp_path / "taken" / "below").put(Inspection(SUBJECT), ["a"])
