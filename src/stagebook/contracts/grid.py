"""The grid of a column of numbers: where its bins lie, and how finely its sums are counted."""

from dataclasses import dataclass

Number = int | float

REACH = 2**48
"""So many quanta from the centre a value still enters the sums; squares then fit into 128 bits."""


@dataclass(frozen=True, slots=True)
class Grid:
    """What is chosen once, from the reference, and then held for every profile to compare.

    A bin holds its lower edge and not its upper one. The open tails are bins too: below the first
    edge, and from the last edge upwards. Sums are sums of whole quanta, which are the same in any
    order; this is why profiles repeat to the byte and merge.

    Attributes:
        edges: Ascending, in the column's unit, for times in microseconds; none where the
            reference has no finite value, and then all values are in one bin.
        centre: Where quanta are counted from.
        exponent: A quantum is two to this power.
    """

    edges: tuple[Number, ...]
    centre: Number
    exponent: int

    @property
    def quantum(self) -> float:
        """The unit of the sums, in the column's unit."""
        return 2.0**self.exponent
