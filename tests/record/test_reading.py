"""A record is read into the type it is written from; whatever is not a record says so."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from spooled import parsed, record, recorded

from stagebook.data.contracts.verdict import RuleFailure
from stagebook.execution.outcome import CellRun
from stagebook.execution.trial import Trial
from stagebook.pipeline.dvc import HashedPath
from stagebook.pipeline.git import Git
from stagebook.pipeline.git_command import GitFailure
from stagebook.project.errors import Problem, Where
from stagebook.record import reading
from stagebook.record.reading import DamagedRecordError
from stagebook.record.record import (
    CodeDigests,
    Record,
    RecordedEnvironment,
    RecordedParameter,
    RecordedTable,
    Volatile,
    render,
)

WHOLE = Record(
    stage="train",
    notebook="notebooks/train.ipynb",
    title="Train",
    outcome="failed",
    problems=(Problem("cell-failed", "KeyError", "Look.", Where("notebooks/train.ipynb", 3, 1)),),
    source="5" * 64,
    code=CodeDigests(("c" * 64,), {"src/lib.py": "d" * 64}),
    parameters=(RecordedParameter("rate", 0.5, "override", None),),
    inputs=(HashedPath("data/in", "1" * 32 + ".dir", 7, 2),),
    outputs=(HashedPath("m.json", "2" * 32, 7),),
    tables=(
        RecordedTable(
            name="features",
            role="input",
            paths=("data/in",),
            rows=5,
            columns=2,
            profile="e" * 64,
            contract="lib:Features",
            holds=False,
            failures=(RuleFailure("value-refused", "x", "at least 0", 1, 5, ((3, "-1"),)),),
            problems=(Problem("odd", "It is odd."),),
        ),
    ),
    metrics={"auc": 0.7, "loss": float("inf"), "label": "fine"},
    environment=RecordedEnvironment("3.11.7", "Linux", "x86_64", 2, {"numpy": "2.0"}),
    git=Git("a" * 40, "main", None, True, "f" * 64),
    git_failure=GitFailure("no-repository", "There is no repository."),
    trial=Trial("train", {"rate": 0.5}, "runs/train@rate=0.5"),
    volatile=Volatile(
        "1-train", "2013-01-01T00:00:00", 1.5, "host", "1", True, (CellRun(2, None, "pending"),)
    ),
)


def test_every_field_is_read_as_it_was_written() -> None:
    assert reading.parse(render(WHOLE)) == WHOLE
    assert render(reading.parse(render(WHOLE))) == render(WHOLE)
    assert replace(WHOLE, volatile=Volatile("2-train")).digest == WHOLE.digest


@given(
    some.dictionaries(some.text(), some.floats(allow_nan=False) | some.integers() | some.text()),
    some.recursive(some.none() | some.booleans() | some.text(), some.lists, max_leaves=5),
)
def test_values_of_any_kind_are_read_as_they_were_written(
    metrics: dict[str, Any], value: Any
) -> None:
    made = replace(WHOLE, metrics=metrics, parameters=(RecordedParameter("p", value),))
    assert reading.parse(render(made)) == made


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", "null", "3", '"x"', "[" * 90_000, b"\xff", '{"\\ud800": 1}']
)
def test_a_text_that_is_not_a_record_is_refused_in_one_line(text: str | bytes) -> None:
    with pytest.raises(DamagedRecordError) as error:
        reading.parse(text)
    assert len(str(error.value).splitlines()) == 1


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of each value in the JSON of a record."""
    if place:
        yield place
    named = value.items() if isinstance(value, dict) else ()
    for key, each in named if not isinstance(value, list) else enumerate(value):
        yield from places(each, (*place, key))


ANYTHING = {"value", "default", "overrides", "metrics"}
"""Fields that hold whatever a notebook gave."""


@pytest.mark.parametrize(
    "place",
    [
        place
        for place in places(json.loads(render(WHOLE)))
        if place[-1] != "format" and not ANYTHING & set(place[:-1]) and place[-1] not in ANYTHING
    ],
    ids=lambda place: ".".join(map(str, place)),
)
def test_a_value_of_another_type_is_refused_wherever_it_is(place: tuple[Any, ...]) -> None:
    values = json.loads(render(WHOLE))
    *above, last = place
    parent = values
    for key in above:
        parent = parent[key]
    parent[last] = {"odd": 1} if not isinstance(parent[last], dict) else 1
    with pytest.raises(DamagedRecordError, match=str(above[0] if above else last)):
        parsed(values)


@pytest.mark.parametrize(
    "missing",
    sorted(set(record("1-make")) - {"format", "build"}),
)
def test_a_record_without_a_field_is_refused_and_the_field_named(missing: str) -> None:
    values = record("1-make")
    del values[missing]
    with pytest.raises(DamagedRecordError, match=f"`{missing}`"):
        parsed(values)


def test_fields_of_a_later_version_are_ignored() -> None:
    assert parsed({**record("1-make"), "format": 3, "mood": "good"}).id == "1-make"


def test_format_1_has_no_title_no_code_and_no_tables() -> None:
    old = record("1-make")
    for later in ("title", "code", "tables"):
        del old[later]
    del old["volatile"]["repro"]
    found = parsed({**old, "format": 1})
    assert (found.title, found.code, found.tables, found.volatile.repro) == (None, None, (), None)


@pytest.mark.parametrize(
    ("build", "trial", "expected"),
    [
        (True, None, None),
        (False, None, Trial("make", {"rate": 0.3}, "")),
        (False, asdict(Trial("make", {}, "runs/make@")), Trial("make", {}, "runs/make@")),
    ],
)
def test_whether_it_is_a_build_follows_from_the_trial(
    build: bool, trial: Any, expected: Trial | None
) -> None:
    rate = {"name": "rate", "value": 0.3, "origin": "override", "default": 1.0}
    other = {"name": "seed", "value": 1, "origin": "default", "default": 1}
    values = record("1-make", build=build, parameters=[rate, other])
    if trial is not None:
        values["trial"] = trial
    found = parsed(values)
    assert found.trial == expected
    assert found.build is build
    assert found.as_json()["build"] is build


def test_a_record_without_build_is_of_the_build_unless_it_names_a_trial() -> None:
    values = record("1-make")
    del values["build"]
    assert parsed(values).build
    assert not recorded("1-make", trial=asdict(Trial("make", {}, "runs/make@"))).build


def test_what_is_carried_to_another_machine_names_no_execution_and_is_read_too() -> None:
    carried = parsed(WHOLE.as_portable_json())
    assert (carried.id, carried.git, carried.environment) == ("", None, RecordedEnvironment())
    assert replace(carried, git=WHOLE.git, environment=WHOLE.environment).digest == WHOLE.digest
