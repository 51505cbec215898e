"""How often the files of a CSV table are parsed."""

import random
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pytest

from stagebook.data.contracts.check import check
from stagebook.data.contracts.contract import Contract
from stagebook.data.inspection import Inspection, Subject, inspect
from stagebook.data.tables import table as tables
from stagebook.data.tables import text_copy
from stagebook.data.tables.table import Table
from stagebook.data.tables.text_copy import copied

CONTRACT = """
import pandas as pd
import pandera.pandas as pa


class Trips(pa.DataFrameModel):
    key: str = pa.Field(unique=True)
    carrier: pd.CategoricalDtype
    minutes: float = pa.Field(ge=0, nullable=True)
    stops: int = pa.Field(le={most})

    @pa.check("minutes")
    def mostly_short(cls, minutes: pd.Series) -> bool:
        return minutes.median() < 100

    @pa.dataframe_check
    def plausible(cls, trips: pd.DataFrame) -> pd.Series:
        return trips["minutes"].isna() | (trips["minutes"] >= trips["stops"])
"""


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file was parsed."""
    counts: Counter[str] = Counter()
    parse = pacsv.open_csv

    def counted(source, *options):
        counts[Path(source.name).name] += 1
        return parse(source, *options)

    monkeypatch.setattr(pacsv, "open_csv", counted)
    return counts


def trips(folder: Path, name: str, first: int) -> None:
    chance = random.Random(first)
    rows = [
        f"k{n},{chance.choice('ABC')},{chance.choice(['', '12.5', '80'])},{n % 4},{n}"
        for n in range(first, first + 3000)
    ]
    (folder / name).write_text("\n".join(["key,carrier,minutes,stops,extra", *rows]) + "\n")


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Path:
    trips(tmp_path, "a.csv", 0)
    trips(tmp_path, "b.csv", 3000)
    module = f"trips_{request.node.name.translate(str.maketrans('[]-.', '____'))}"
    most = 2 if "broken" in request.node.name else 3
    (tmp_path / f"{module}.py").write_text(CONTRACT.format(most=most))
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / module


def inspected(project: Path) -> Inspection:
    subject = Subject("trips", True, ("a.csv", "b.csv"), f"{project.name}:Trips")
    return inspect(project.parent, subject, 2)


@pytest.mark.parametrize("held", [tables.HELD, 1000], ids=["small", "large"])
@pytest.mark.parametrize("case", ["kept", "broken"])
def test_a_csv_with_a_contract_is_parsed_at_most_twice(
    project: Path, parsed: Counter[str], monkeypatch: pytest.MonkeyPatch, held: int, case: str
) -> None:
    monkeypatch.setattr(tables, "HELD", held)
    monkeypatch.setattr(text_copy, "_IN_MEMORY", held)
    monkeypatch.setattr(check, "__defaults__", (held,))
    inspection = inspected(project)
    assert inspection.verdict is not None
    assert inspection.verdict.holds is (case == "kept")
    assert inspection.profile is not None
    assert max(parsed.values()) == 2
    assert parsed.keys() == {"a.csv", "b.csv"}


def test_the_profile_is_that_of_the_files_with_the_types_of_the_contract(project: Path) -> None:
    types = Contract.load(f"{project.name}:Trips").types(["key", "carrier", "minutes", "stops"])
    opened = Table.open_all(project.parent, ["a.csv", "b.csv"], types)
    profile = inspected(project).profile
    assert profile is not None
    assert [(column.name, column.type) for column in profile.columns] == [
        (column.name, str(column.type)) for column in opened.columns
    ]
    with copied(opened) as copy:
        assert copy.copies
        assert copy.arrow().equals(opened.arrow())
        assert copy.raw().arrow().equals(opened.raw().arrow())
        for name in opened.columns.names:
            columns = (pa.Table.from_batches(table.batches([name])) for table in (copy, opened))
            assert next(columns).equals(next(columns))


def test_without_room_for_a_copy_the_files_are_read_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = inspected(project)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stagebook.data.tables.text_copy.TextCopy.of", full)
    assert inspected(project) == expected
