"""Numbers between NumPy and Arrow, neither copied nor by Arrow's own ways, which import pandas.

That import costs as much as counting a column of ten million numbers.
"""

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
