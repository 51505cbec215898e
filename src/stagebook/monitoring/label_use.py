"""Which labels of a bucket belong to a logged prediction."""

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from stagebook.data.profiles.column_json import count
from stagebook.monitoring.join_keys import Days
from stagebook.monitoring.label_bucket import LabelBucket
from stagebook.monitoring.label_values import Flags


@dataclass(frozen=True, slots=True, eq=False)
class LabelUse:
    """What became of the labels of a bucket on a day of the log.

    Attributes:
        digest: The digest of the bucket.
        joined: Which labels belong to a row of the day.
        early: Which of them were known before the prediction.
    """

    digest: str
    joined: Flags
    early: Flags

    @classmethod
    def unused(cls, bucket: LabelBucket) -> Self:
        """No label of a bucket."""
        count = len(bucket.keys)
        return cls(bucket.digest, np.zeros(count, np.bool_), np.zeros(count, np.bool_))

    def add(self, joined: Days, early: Days) -> None:
        """Adds the places of labels."""
        self.joined[joined] = True
        self.early[early] = True

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "digest": self.digest,
            "labels": len(self.joined),
            "joined": _packed(self.joined),
            "early": _packed(self.early),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The use in plain values; a KeyError, TypeError or ValueError if they are not."""
        labels = count(values["labels"])
        flags = (_unpacked(values[name], labels) for name in ("joined", "early"))
        return cls(str(values["digest"]), *flags)


def _packed(flags: Flags) -> str:
    return base64.b64encode(zlib.compress(np.packbits(flags).tobytes())).decode()


def _unpacked(text: str, labels: int) -> Flags:
    try:
        packed = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if len(packed) != (labels + 7) // 8:
        raise ValueError("the flags are not those of the labels")
    return np.unpackbits(packed, count=labels).astype(np.bool_)
