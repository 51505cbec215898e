"""Rows as the bodies of requests, in each format."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from stagebook.serving import answers
from stagebook.serving.input import body


@dataclass(frozen=True, slots=True)
class RequestBody:
    """Rows in a format.

    Attributes:
        name: What the format is called.
        media_type: The type of its content.
        content: The bytes.
    """

    name: str
    media_type: str
    content: bytes


def parts(rows: pd.DataFrame, row_limit: int) -> Iterator[pd.DataFrame]:
    """Rows in parts that one request may have."""
    step = max(1, min(row_limit, len(rows)))
    for first in range(0, len(rows), step):
        yield rows.iloc[first : first + step]


def records(rows: pd.DataFrame) -> RequestBody:
    """Rows as ``dataframe_records``."""
    return _json("dataframe_records", answers.records(rows))


def every_format(rows: pd.DataFrame) -> Iterator[RequestBody]:
    """Rows in each format that a server reads."""
    values = answers.records(rows)
    names = [str(name) for name in rows.columns]
    yield _json("dataframe_records", values)
    table = {"columns": names, "data": [[row[name] for name in names] for row in values]}
    yield _json("dataframe_split", table)
    yield _json("instances", values)
    yield _json("inputs", {name: [row[name] for row in values] for name in names})
    yield RequestBody("CSV", body.CSV, rows.to_csv(index=False).encode())
    yield RequestBody("Parquet", body.PARQUET, rows.to_parquet(index=False))


def _json(name: str, values: object) -> RequestBody:
    return RequestBody(name, body.JSON, json.dumps({name: values}).encode())
