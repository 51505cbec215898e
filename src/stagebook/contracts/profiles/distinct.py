"""The different values among many."""

import numpy as np

from stagebook.contracts.tables.array import Array


def distinct(values: Array) -> Array:
    """The different ones of finite values, ascending; of 0.0 and -0.0 one."""
    from stagebook.contracts.tables.arrow import to_arrow, to_numpy

    found = np.sort(to_numpy(to_arrow(values).unique()))  # what is left of many is soon sorted
    return found[np.append(True, found[1:] > found[:-1])] if len(found) else found
