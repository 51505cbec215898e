"""Reads each table that is named on standard input, and says how that ended.

A process of its own, which a damaged file may end.
"""

import signal
import sys
from pathlib import Path

from stagebook.data.tables.newest import newest
from stagebook.data.tables.pieces import Pieces
from stagebook.data.tables.table import Table
from stagebook.project.errors import StagebookError

SECONDS = 20
TIMED = ("whole", "real", "time", "day")


def outcome(path: Path) -> str:
    """The number of rows, or the code of the problem."""
    try:
        return f"{read_all(path)} rows"
    except StagebookError as error:
        return error.problems[0].code
    except Exception as error:
        return f"{type(error).__name__}: {error}".replace("\n", " ")


def read_all(path: Path) -> int:
    """Reads a table in all ways in which its footer is used; returns the number of its rows."""
    table = Table.open(path.parent, path.name)
    for name in set(TIMED) & set(table.columns.names):
        newest(table, name)
    Pieces.of(table, {}, table.columns.names)
    return sum(batch.num_rows for batch in table.batches())


if __name__ == "__main__":
    for line in sys.stdin:
        signal.alarm(SECONDS)  # ends this process where a file is read without end
        sys.stdout.write(f"{outcome(Path(line.strip()))}\n")
        sys.stdout.flush()
