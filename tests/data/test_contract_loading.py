"""A contract is found by the name that a parameters cell gives it, or says why not."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
import refusals

from stagebook.data.contracts.contract import Contract
from stagebook.project.errors import Problem, Where

HEAD = "import pandera.pandas as pa\n"
GOOD = f"{HEAD}class Rides(pa.DataFrameModel):\n    a: int\n    b: str = pa.Field(nullable=True)\n"


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of local modules, first on the path."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def loaded(code: Path, text: str, spec: str = "some_rules:Rides") -> Contract:
    (code / "some_rules.py").write_text(text)
    sys.modules.pop("some_rules", None)
    return Contract.load(spec, (code,))


def refused(code: Path, text: str, spec: str = "some_rules:Rides") -> Problem:
    return refusals.problem(loaded, code, text, spec)


def test_a_model_makes_its_schema(code: Path) -> None:
    assert list(loaded(code, GOOD).schema.columns) == ["a", "b"]


def test_a_schema_is_a_contract_too(code: Path) -> None:
    contract = loaded(code, f"{HEAD}Rides = pa.DataFrameSchema({{'a': pa.Column(int)}})\n")
    assert list(contract.schema.columns) == ["a"]


def test_a_near_name_is_suggested(code: Path) -> None:
    problem = refused(code, GOOD, "some_rules:Ride")
    assert (problem.code, "`Rides`" in problem.hint) == ("no-contract", True)


def test_a_class_of_another_kind_is_refused(code: Path) -> None:
    problem = refused(code, "class Rides: pass\n")
    assert (problem.code, problem.where) == ("not-a-contract", Where("some_rules.py"))


def test_a_module_that_is_not_there_is_named(code: Path) -> None:
    problem = refused(code, GOOD, "other_rules:Rides")
    assert problem.code == "contract-not-imported"
    assert "'other_rules'" in problem.message


@pytest.mark.parametrize(
    ("text", "said", "line"),
    [
        ("a = 1\nraise ValueError('first\\nsecond')\n", "ValueError: first.", 2),
        ("a = 1\n\ndef (:\n", "SyntaxError: ", 3),
        ("raise SystemExit\n", "SystemExit.", 1),
    ],
)
def test_a_module_that_raises_says_where(code: Path, text: str, said: str, line: int) -> None:
    problem = refused(code, text)
    assert problem.code == "contract-not-imported"
    assert said in problem.message
    assert "second" not in problem.message
    assert problem.where == Where("some_rules.py", line=line)


def test_a_model_that_makes_no_schema_says_why(code: Path) -> None:
    text = f"{HEAD}class Rides(pa.DataFrameModel):\n    a: dict[str, 'Unknown']\n"
    problem = refused(code, text)
    assert (problem.code, problem.where) == ("bad-contract", Where("some_rules.py"))


def test_types_are_what_text_has_to_become(code: Path) -> None:
    text = (
        f"import pandas as pd\nfrom typing import Annotated\n{HEAD}"
        "class Rides(pa.DataFrameModel):\n    a: int\n    b: str\n    c: pa.Int8\n    d: pa.Date\n"
        "    t: Annotated[pd.DatetimeTZDtype, 'us', 'UTC']\n    k: pa.Category\n"
        "    n: pd.Int64Dtype = pa.Field(regex=True, alias='n_.')\n"
    )
    types = loaded(code, text).types(["a", "b", "c", "d", "t", "k", "n_1", "unknown"])
    assert types == {
        "a": pa.int64(),
        "b": pa.string(),
        "c": pa.int8(),
        "d": pa.date32(),
        "t": pa.timestamp("us", "UTC"),
        "k": pa.dictionary(pa.int32(), pa.string()),
        "n_1": pa.int64(),
    }
