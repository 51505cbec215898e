"""Room for what is made of a block of values on the way, once for each thread."""

import threading

import numpy as np

BLOCK = 130_000
"""Values at a time.

Memory of this size is not kept by the allocator: with room of its own for each step, a block would
spend more time on fresh pages than on arithmetic. Smaller blocks would let two threads wait for
each other at every step.
"""

DIGITS = 4


class _Room(threading.local):
    """Rows of ``BLOCK`` values.

    Attributes:
        values: The block's values as doubles.
        step: The result of a step that the next one uses up.
        digits: Quanta, and what they are taken apart to.
        cells: Cells of values.
        reached: Whether they reach their cell's edge.
    """

    def __init__(self) -> None:
        self.values = np.empty(BLOCK)
        self.step = np.empty(BLOCK)
        self.digits = np.empty((DIGITS, BLOCK))
        self.cells = np.empty(BLOCK, dtype=np.intp)
        self.reached = np.empty(BLOCK, dtype=np.bool_)


ROOM = _Room()
