"""A DuckDB that reads files and leaves nothing behind."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

MEMORY = "300MB"


@contextmanager
def session(threads: int) -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    """A connection and a folder of its own, which is gone afterwards.

    The connection loads no extension and opens no network. What does not fit into its memory
    goes into the folder.

    Args:
        threads: How many it may use.
    """
    with tempfile.TemporaryDirectory(prefix="stagebook-profile-") as name:
        folder = Path(name)
        settings: dict[str, str | bool | int | float | list[str]] = {
            "threads": threads,
            "memory_limit": MEMORY,
            "temp_directory": str(folder / "spilled"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allow_community_extensions": False,
            "preserve_insertion_order": False,
        }
        with duckdb.connect(":memory:", config=settings) as connection:
            # Parquet's statistics leave NaN out, and DuckDB 2.0 takes minima, maxima and the
            # truth of filters from them.
            connection.execute("set disabled_optimizers = 'statistics_propagation'")
            yield connection, folder
