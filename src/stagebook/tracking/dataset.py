"""What an execution read, as MLflow's dataset inputs."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mlflow.entities import Dataset, DatasetInput, InputTag

from stagebook.record.record import Record, RecordedTable

_TYPES = (
    (r"bool", "boolean"),
    (r"u?int(8|16)|int32", "integer"),
    (r"uint(32|64)|int64", "long"),
    (r"halffloat|float", "float"),
    (r"double|decimal.*", "double"),
    (r"(large_)?string|string_view|dictionary<values=(large_)?string.*", "string"),
    (r"(large_)?binary.*|fixed_size_binary.*", "binary"),
    (r"timestamp.*|date.*", "datetime"),
)
"""Types of Arrow, as patterns, each with MLflow's name for such a column."""

_MOST_SCHEMA = 60_000  # the smallest of MLflow's databases takes no longer text


def inputs(record: Record, profiles: Path) -> list[DatasetInput]:
    """The dataset inputs of a record.

    Args:
        record: The record.
        profiles: Folder of the profiles of its tables, each named after its variable.
    """
    tables = {path: table for table in record.tables for path in table.paths}
    return [
        DatasetInput(
            _dataset(file.path, file.md5, tables.get(file.path), profiles),
            [InputTag("mlflow.data.context", "input")],
        )
        for file in record.inputs
    ]


def _dataset(path: str, md5: str, table: RecordedTable | None, profiles: Path) -> Dataset:
    source = json.dumps({"path": path, "md5": md5})
    if table is None or table.rows is None:
        return Dataset(path, md5, "dvc", source)
    counts = {} if len(table.paths) > 1 else {"num_rows": table.rows}
    file = profiles / f"{table.name}.json"
    columns = json.loads(file.read_text(encoding="utf-8"))["columns"] if file.exists() else ()
    colspec = schema(columns)
    return Dataset(path, md5, "dvc", source, schema=colspec, profile=json.dumps(counts))


def schema(columns: Iterable[Mapping[str, Any]]) -> str | None:
    """The columns of a profile as MLflow writes a table's schema; None if it is too long.

    Args:
        columns: Each with ``name``, ``type`` and ``nulls``.
    """
    listed = [
        {"type": _type(column["type"]), "name": column["name"], "required": column["nulls"] == 0}
        for column in columns
    ]
    text = json.dumps({"mlflow_colspec": listed}, ensure_ascii=False)
    return text if listed and len(text) <= _MOST_SCHEMA else None


def _type(arrow: str) -> str:
    """MLflow's name of a type; a type without one, such as a list, is shown as ``string``."""
    named = (name for pattern, name in _TYPES if re.fullmatch(pattern, arrow))
    return next(named, "string")
