"""Compares the peak memory of a contract check with that of reading the same table.

The table has ten million rows of twenty columns. Each way runs in a separate process, which prints
its peak memory.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

COLUMNS = (
    [f"(random() * 1000)::int as i{one}" for one in range(6)]
    + [f"nullif((random() * 9)::int, 5) as g{one}" for one in range(2)]
    + [f"random() * 100 as f{one}" for one in range(6)]
    + [f"'text ' || (random() * 50)::int as t{one}" for one in range(4)]
    + ["range as id", "timestamp '2013-01-01' + interval (range) second as moment"]
)
READ = "import pandas as pd\nframe = pd.read_parquet({file!r})\n"
VALIDATE = READ + "{schema}\nschema().validate(frame, lazy=True)\n"
CHECK = """
from pathlib import Path
from stagebook.data.contracts.check import check
from stagebook.data.contracts.contract import Contract
from stagebook.data.tables.table import Table
{schema}
table = Table.open(Path("/"), {file!r})
verdict = check(table, Contract("x:X", schema()))
print(verdict.failures, verdict.notes)
assert verdict.holds and verdict.rows == {rows}
"""
SCHEMA = """
import pandera.pandas as pa
def schema():
    columns = {{f"i{{one}}": pa.Column("int32", pa.Check.in_range(0, 1000)) for one in range(6)}}
    columns |= {{f"g{{one}}": pa.Column(float, nullable=True) for one in range(2)}}
    columns |= {{f"f{{one}}": pa.Column(float, pa.Check.lt(100)) for one in range(6)}}
    columns |= {{f"t{{one}}": pa.Column(str, pa.Check.str_startswith("text")) for one in range(4)}}
    mean = pa.Check(lambda column: column.mean() > 1)
    columns["i0"] = pa.Column("int32", [pa.Check.ge(0), mean])
    columns["id"] = pa.Column("int64", unique=True)
    columns["moment"] = pa.Column(pa.DateTime)
    return pa.DataFrameSchema(columns)
"""


def peak(code: str) -> float:
    """Returns the peak memory of a process that runs this code, in gigabytes."""
    said = f"{code}\nimport resource\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    unit = 1 if sys.platform == "darwin" else 1024
    return int(done.stdout.split()[-1]) * unit / 1e9


if __name__ == "__main__":
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    ways = {"pd.read_parquet": READ, "schema.validate": VALIDATE, "contract check": CHECK}
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "large.parquet")
        query = f"copy (select {', '.join(COLUMNS)} from range({rows})) to '{file}'"
        duckdb.connect(config={"memory_limit": "1GB", "temp_directory": folder}).execute(query)
        values = {"file": file, "rows": rows, "schema": SCHEMA.format()}
        peaks = {name: peak(code.format(**values)) for name, code in ways.items()}
    first = next(iter(peaks))
    for name, gigabytes in peaks.items():
        print(f"{name:32} {gigabytes:6.2f} GB  {gigabytes / peaks[first]:5.2f} x {first}")
