"""An estimate of the number of different values, from the smallest hashes, that can be merged."""

from collections.abc import Iterable
from dataclasses import dataclass

SIZE = 1024
SPACE = 2**64


@dataclass(frozen=True, slots=True)
class Sketch:
    """The smallest hashes of a column's different values.

    Two sketches merge into the sketch of both columns, exactly: the smallest hashes of a union
    are among the smallest of its parts.

    Attributes:
        hashes: At most ``SIZE`` different 64-bit hashes, ascending.
        hasher: The hash function, such as ``duckdb 2.0.1``; other versions give other hashes.
    """

    hashes: tuple[int, ...]
    hasher: str

    @classmethod
    def of(cls, hashes: Iterable[int], hasher: str) -> "Sketch":
        """The sketch of some hashes, in any order and with repetitions."""
        return cls(tuple(sorted(set(hashes))[:SIZE]), hasher)

    @property
    def estimate(self) -> int:
        """The number of different values.

        Exact below ``SIZE`` values. Beyond, (k - 1) / u with k hashes, the largest of which is at
        the share u of the hash space; its standard error is 1 / sqrt(k - 2), 3 %. Source: Beyer,
        Haas, Reinwald, Sismanis, Gemulla: On synopses for distinct-value estimation under multiset
        operations, SIGMOD 2007, formula 3.
        """
        if len(self.hashes) < SIZE:
            return len(self.hashes)
        return (len(self.hashes) - 1) * SPACE // self.hashes[-1]

    def merged(self, other: "Sketch") -> "Sketch | None":
        """The sketch of both; None if they were hashed by different versions."""
        if self.hasher != other.hasher:
            return None
        return Sketch.of((*self.hashes, *other.hashes), self.hasher)
