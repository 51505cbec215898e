"""Shows the drift of October if one column has a fault; the reference is January to August.

    python benchmarks/drift_faults.py data/features.parquet

Run the script in the project's root, after a build. Months are in UTC.
"""

import sys
import tempfile
from pathlib import Path

import duckdb

from stagebook.data.drift import reference as references
from stagebook.data.drift.column_drift import ColumnDrift
from stagebook.data.drift.drift import drift
from stagebook.data.drift.reference import Reference
from stagebook.data.profiles.profile import Profile

FAULTS = {
    "nothing": ("distance_mi", "distance_mi"),
    "kilometres for miles": ("distance_mi", "distance_mi * 1.609"),
    "3 % of the values lost": ("distance_mi", "case when hash(flight_id) % 100 > 2 then {} end"),
    "codes in small letters": ("carrier", "lower(carrier)"),
    "an hour late": ("departure_minute", "departure_minute + 60"),
    "twice the delay": ("airport_delay_min", "airport_delay_min * 2"),
    "the answer negated": ("late", "not late"),
    "a sensor that says 0": ("wind_mph", "0.0"),
    "Celsius for Fahrenheit": ("temperature_f", "(temperature_f - 32) / 1.8"),
}
MONTHS = "month(scheduled_departure) {}"


def store(source: str, target: Path, months: str, fault: tuple[str, str] | None = None) -> None:
    column, value = fault or ("flight_id", "flight_id")
    duckdb.sql(
        f"copy (select * replace ({value.format(column)} as {column}) from '{source}' "
        f"where {MONTHS.format(months)}) to '{target}' (format parquet)"
    )


def spoiled(source: str, folder: Path, reference: Reference, fault: tuple[str, str]) -> ColumnDrift:
    """Returns the drift of the column with the fault."""
    store(source, folder / "batch.parquet", "= 10", fault)
    batch: Profile = references.open_batch(folder, "batch.parquet", reference)
    return next(one for one in drift(reference, batch).columns if one.name == fault[0])


if __name__ == "__main__":
    duckdb.sql("set timezone = 'UTC'")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store(sys.argv[1], folder / "reference.parquet", "<= 8")
        reference = references.open_reference(folder, "reference.parquet", "scheduled_departure")
        print("fault                   column             effect  threshold")
        for fault, replaced in FAULTS.items():
            one = spoiled(sys.argv[1], folder, reference, replaced)
            effect, limit = one.decisive.effect, one.decisive.threshold.value
            said = "drift" if one.drifted else "no drift"
            print(f"{fault:23} {one.name:18} {effect:6.3f}  {limit:9.3f}  {said}")
