"""The colophon shows values as they are, whatever Markdown would make of them."""

import dataclasses
import html
import re
from typing import Any

import mistune
import pytest

from stagebook.data.contracts.verdict import ContractVerdict
from stagebook.data.inspection import Inspection, Subject
from stagebook.data.profiles.profile import Profile
from stagebook.execution.outcome import CellRun
from stagebook.execution.trial import Trial
from stagebook.pipeline.dvc import HashedPath
from stagebook.pipeline.git import Git
from stagebook.project.errors import Problem, Where
from stagebook.record.record import (
    CodeDigests,
    Record,
    RecordedEnvironment,
    RecordedParameter,
    Volatile,
)
from stagebook.report import colophon

RECORD = Record(
    stage="train",
    notebook="notebooks/train.ipynb",
    title="Train",
    outcome="done",
    problems=(),
    source="0" * 64,
    code=CodeDigests(),
    parameters=(),
    inputs=(),
    outputs=(),
    tables=(),
    metrics={},
    environment=RecordedEnvironment("3.11.7", "Linux-6.1.0-x86_64-with-glibc2.36", "x86_64", 1),
    git=None,
    volatile=Volatile("id", "2013-01-01T05:00:00.000+00:00", 1.0),
)
TRIAL = Trial("train", {"p": "a b"}, "runs/train@p=a-b-123456")
EARLIER = Trial("split", {"p": 1}, "runs/split@p=1")
CLEAN = Git("a096c94f8af37aeed2678d14beba60f7715d5aea", "main", None, False)
DIRTY = dataclasses.replace(CLEAN, dirty=True, diff="5e1f" * 16)


def shown(record: Record, *tables: Inspection) -> str:
    render = mistune.create_markdown(escape=False, plugins=["table", "math"])
    return str(render(colophon.render(record, tables)))


def text(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", page))


def parameter(value: Any, default: Any = None, origin: str = "params file") -> RecordedParameter:
    return RecordedParameter("p", value, origin, default)


def page(value: Any) -> str:
    return shown(dataclasses.replace(RECORD, parameters=(parameter(value),)))


@pytest.mark.parametrize(
    "value", ["a|b", "*c*", "_e_", "<b>bold</b>", "`x`", "a\\b", "$x$", "plain", "a\n\nb"]
)
def test_a_value_is_shown_as_it_is(value: str) -> None:
    codes = re.findall(r"<code[^>]*>(.*?)</code>", page(value))
    assert repr(value) in [html.unescape(one) for one in codes]


EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>[a](javascript:x)\n\n# <b>head"


def test_no_text_of_a_record_can_bring_markup() -> None:
    def planted(evil: str) -> str:
        hashed = HashedPath(evil, evil, 1)
        return shown(
            dataclasses.replace(
                RECORD,
                stage=evil,
                notebook=evil,
                problems=(Problem("x", evil, evil, Where(evil)),),
                parameters=(RecordedParameter(evil, evil, evil, evil),),
                inputs=(hashed,),
                outputs=(hashed,),
                environment=RecordedEnvironment(evil, evil, evil, 1, {evil: evil}),
                git=Git(evil, evil, evil, True, evil),
                volatile=Volatile(evil, evil, 1.0),
            )
        )

    def tags(page: str) -> list[str]:
        return [one for one in re.findall(r"<(\w+)", page) if one not in ("wbr", "b", "br")]

    assert tags(planted(EVIL)) == tags(planted("x" * len(EVIL)))
    assert "alert(1)" in text(planted(EVIL))


def test_a_value_that_is_not_the_default_is_marked_and_says_the_default() -> None:
    differs, same = (
        shown(dataclasses.replace(RECORD, parameters=(parameter(7, default, origin="override"),)))
        for default in (6, 7)
    )
    assert re.search(r"<b><code[^>]*>7</code></b>", differs)
    assert "-P, default 6" in text(differs)
    assert "<b>" not in same
    assert "default" not in text(same)


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (8_349, "8.3 kB"), (12_000_000, "12 MB")],
)
def test_sizes_are_written_for_people(count: int, words: str) -> None:
    assert colophon.size(count) == words


def test_a_run_with_overrides_says_that_it_is_not_the_builds() -> None:
    record = dataclasses.replace(RECORD, trial=TRIAL)
    assert "not the build's result" in colophon.render(record)
    assert "not the build's result" not in colophon.render(RECORD)


def test_the_most_memory_of_any_cell_is_said_where_it_is_known() -> None:
    def told(*peaks: int | None) -> str:
        cells = tuple(CellRun(1, 1.0, "completed", peak) for peak in peaks)
        volatile = dataclasses.replace(RECORD.volatile, cells=cells)
        return shown(dataclasses.replace(RECORD, volatile=volatile))

    assert "with at most 612 MB of memory" in told(100_000_000, 612_000_000, None)
    assert "memory" not in told(None)
    assert "memory" not in told()


def test_changes_that_are_not_in_git_are_said_with_their_digest() -> None:
    clean, dirty = (text(shown(dataclasses.replace(RECORD, git=git))) for git in (CLEAN, DIRTY))
    assert "a096c94f8a on main" in clean
    assert "not in git" not in clean
    assert "a096c94f8a on main, with changes that are not in git, digest 5e1f5e1f" in dirty


def test_a_file_is_told_with_its_rows_and_its_contract() -> None:
    subject = Subject("data", False, ("data/a.csv",), "lib.contracts:A")
    table = Inspection(
        subject, ContractVerdict("data/a.csv", "lib.contracts:A", 9), Profile((), 1234)
    )
    files = (
        HashedPath("data/a.csv", "0123456789abcdef", 5_000),
        HashedPath("data/b", "f" * 32, 7, 3),
    )
    rows = re.findall(
        "<tr>(.*?)</tr>", shown(dataclasses.replace(RECORD, outputs=files), table), re.DOTALL
    )
    found = ([text(cell) for cell in re.findall("<td.*?</td>", row)] for row in rows)
    a, b = (cells for cells in found if cells and cells[0].startswith("data/"))
    assert a == ["data/a.csvlib.contracts:A holds", "01234567", "5.0 kB", "1,234"]
    assert b == ["data/b", "ffffffff", "7 B in 3 files", ""]


def test_an_output_that_was_refused_is_told_though_it_is_not_in_place() -> None:
    subject = Subject("data", False, ("data/a.csv",), "lib.contracts:A")
    record = dataclasses.replace(RECORD, outcome="refused by contract")
    assert "data/a.csvlib.contracts:A not checked" in text(shown(record, Inspection(subject)))


@pytest.mark.parametrize(
    ("git", "trial", "remote", "said"),
    [
        (CLEAN, None, False, "git checkout a096c94f8a && dvc repro train"),
        (CLEAN, None, True, "git checkout a096c94f8a && dvc repro --pull train"),
        (DIRTY, None, False, "dvc repro train"),
        (None, None, False, "dvc repro train"),
        (CLEAN, TRIAL, True, "git checkout a096c94f8a && stagebook run train -P 'p=a b'"),
        (DIRTY, TRIAL, False, "stagebook run train -P 'p=a b'"),
        (DIRTY, EARLIER, False, "stagebook run split -P p=1 --downstream"),
    ],
)
def test_a_command_recreates_it(
    git: Git | None, trial: Trial | None, remote: bool, said: str
) -> None:
    record = dataclasses.replace(
        RECORD,
        git=git,
        trial=trial,
        volatile=dataclasses.replace(RECORD.volatile, remote=remote),
    )
    assert colophon.recreation(record) == said
    assert said in text(shown(record)).replace("\xa0", " ")
