"""Who inspects a stage's tables has imported everything before the first of them is there."""

import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

SCHEMA = """
import pandera.pandas as pa

class Rows(pa.DataFrameModel):
    id: str = pa.Field(unique=True)
    x: float = pa.Field(ge=0)
"""
INSPECT = """
import pathlib, sys
from stagebook.data.inspection import inspect, rehearse
from stagebook.data.subject import Subject
spec = sys.argv[1] or None
rehearse(contracts=spec is not None)
known = set(sys.modules)
found = inspect(pathlib.Path.cwd(), Subject("rows", False, ("t.parquet",), spec), threads=2)
assert found.profile and not found.refusals, found
print(*sorted(set(sys.modules) - known))
"""


@pytest.mark.parametrize(("contract", "imported"), [("", ""), ("rows_schema:Rows", "rows_schema")])
def test_after_the_rehearsal_only_the_contract_is_left_to_import(tmp_path, contract, imported):
    ids = [f"id-{number}" for number in range(20_000)]
    pq.write_table(pa.table({"id": ids, "x": [1.0] * len(ids)}), tmp_path / "t.parquet")
    (tmp_path / "rows_schema.py").write_text(SCHEMA)
    command = [sys.executable, "-c", INSPECT, contract]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ran.stdout.strip() == imported, ran.stderr
