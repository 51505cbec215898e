"""The profiles of a closed day: one for each package that answered."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stagebook.project.files import write_whole
from stagebook.serving.log.table import Layout

HIDDEN = ".closing-"
"""The first part of the name of a file that is not finished."""


def write_profiles(path: Path, layout: Layout) -> None:
    """Writes the profile of each package's features and predictions beside a closed day.

    Args:
        path: The Parquet file of the day.
        layout: Its columns.
    """
    from stagebook.data.profiles import profile as profiles
    from stagebook.data.profiles.profiling import profile
    from stagebook.data.tables.table import Table

    for package, columns in _columns_of_packages(layout).items():
        target = profile_of(path, package)
        if target.exists():
            continue
        part = path.with_name(f"{HIDDEN}{package_name(package)}.parquet")
        try:
            if _write_part(path, part, package, columns):
                part_profile = profile(Table.open(part.parent, part.name))
                write_whole(target, profiles.render(part_profile), exact=True, durable=True)
        finally:
            part.unlink(missing_ok=True)


def profile_of(path: Path, package: str) -> Path:
    """The file with the profile of a package, beside a Parquet file."""
    return path.with_name(f"{path.stem}.{package_name(package)}.profile.json")


def package_name(package: str) -> str:
    """The beginning of a package's digest, for the name of a file."""
    digest = package.rpartition(":")[2]
    return "".join(filter(str.isalnum, digest))[:12] or "package"


def _columns_of_packages(layout: Layout) -> dict[str, list[str]]:
    columns: dict[str, dict[str, None]] = {}
    for package, *places in layout.uses:
        for place in places[:2]:  # a profile has no keys, which are seldom the same twice
            if place is not None:
                names = layout.shapes[place].names
                columns.setdefault(package, {}).update(dict.fromkeys(names))
    return {package: list(names) for package, names in columns.items() if names}


def _write_part(path: Path, part: Path, package: str, columns: list[str]) -> int:
    """Copies the champion's predicted rows of one package; returns their number."""
    rows = 0
    with pq.ParquetFile(path) as file:
        schema = pa.schema([file.schema_arrow.field(name) for name in columns])
        with pq.ParquetWriter(part, schema, compression="zstd") as writer:
            for batch in file.iter_batches(columns=["row", "role", "package", *columns]):
                own = pc.and_(
                    pc.equal(batch["package"].cast(pa.string()), package),
                    pc.equal(batch["role"].cast(pa.string()), "champion"),
                )
                table = pa.table(batch.filter(pc.and_(own, pc.is_valid(batch["row"]))))
                rows += table.num_rows
                writer.write_table(table.select(columns).cast(schema))
    return rows
