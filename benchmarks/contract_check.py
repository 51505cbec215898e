"""Compares a contract check of the flights with pandera's own validation.

The first two ways use a frame in memory. The third also reads the file.
"""

import contextlib
import sys
import warnings
from pathlib import Path

import pandas as pd
import pandera.pandas as pa
from ratio import compare

from stagebook.data.contracts.check import check, check_frame
from stagebook.data.contracts.contract import Contract
from stagebook.data.contracts.draft import draft
from stagebook.data.tables.table import Table

FLIGHTS = "data/raw/flights.parquet"


def contract(table: Table) -> Contract:
    """A drafted contract with additional rules."""
    names: dict[str, object] = {"__name__": "drafted"}
    exec(draft(table), names)
    schema = names["Flights"].to_schema()  # type: ignore[attr-defined]
    for name in ("month", "day", "dep_time", "distance"):
        high = {"month": 12, "day": 31, "dep_time": 2359}.get(name, 5000)
        schema.columns[name].checks.append(pa.Check.in_range(0, high))
    return Contract("drafted:Flights", schema)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    root = Path.cwd()
    table = Table.open(root, FLIGHTS)
    asked = contract(table)
    frame = pd.read_parquet(root / FLIGHTS)

    def by_pandera() -> None:
        with contextlib.suppress(pa.errors.SchemaErrors):
            asked.schema.validate(frame, lazy=True)

    compare(
        {
            "schema.validate": by_pandera,
            "contract check": lambda: check_frame(frame, asked),
            "contract check of the file": lambda: check(table, asked),
        },
        rounds,
    )
