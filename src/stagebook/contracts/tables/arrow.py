"""Numbers between NumPy and Arrow without pandas, which Arrow's own ways to do it import."""

import numpy as np
import pyarrow as pa

from stagebook.contracts.tables.array import Array


def to_arrow(values: Array) -> pa.Array:
    """An array of numbers, of which NaN stays a number.

    Args:
        values: Shape (n,), integers or floats.
    """
    numbers = np.ascontiguousarray(values)
    buffers = [None, pa.py_buffer(numbers)]
    return pa.Array.from_buffers(pa.from_numpy_dtype(numbers.dtype), len(numbers), buffers)


def to_numpy(array: pa.Array) -> Array:
    """Numbers, not to be written to.

    Args:
        array: Integers or floats, without nulls.

    Returns:
        Shape (n,), of the same type.
    """
    return np.from_dlpack(array)
