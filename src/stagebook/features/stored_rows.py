"""What an online store has: views, rows, and the reasons why a row is not there."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa


@dataclass(frozen=True, slots=True)
class StoredView:
    """What a store says of one of its views.

    Attributes:
        name: Its name.
        digest: The digest of its definition.
        keys: Types of its keys, by name.
        features: Types of its features, by name.
        rows: How many keys it has.
        known: The latest known time of the rows that it was made of, nanoseconds since 1970;
            None if there were none.
    """

    name: str
    digest: str
    keys: pa.Schema
    features: pa.Schema
    rows: int
    known: int | None

    @property
    def query(self) -> str:
        """What SQLite is requested for one key."""
        wanted = ", ".join(["event", "known", *(f"f{n}" for n in range(len(self.features)))])
        equal = " AND ".join(f"k{n} = ?" for n in range(len(self.keys)))
        return f"SELECT {wanted} FROM {quoted(self.name)} WHERE {equal}"


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row of a view in a store.

    Attributes:
        event: Its event time, nanoseconds since 1970.
        values: Its features, as SQLite keeps them.
    """

    event: int
    values: tuple[Any, ...]


class Absence(enum.Enum):
    """Why a view has no row for a key and an instant."""

    NOT_ASKED = "the row has no key, or no instant"
    UNKNOWN_KEY = "the view does not have the key"
    NOT_KNOWN_YET = "the key's last row became known after the instant"
    EXPIRED = "the key's last row is older than the ttl"


@dataclass(frozen=True, slots=True)
class LookedUp:
    """Features of n rows, from a store.

    Attributes:
        features: The features.
        ages: For each view by its name, n ages in nanoseconds from the events; None without a row.
        absences: For each view by its name, why n rows have no row of it; None with one.
    """

    features: pd.DataFrame
    ages: Mapping[str, Sequence[int | None]]
    absences: Mapping[str, Sequence[Absence | None]]


def quoted(name: str) -> str:
    """The name of a view as that of a table; SQLite takes upper and lower case for one."""
    return '"view {}"'.format("".join(f"^{sign}" if sign.isupper() else sign for sign in name))
