"""How pandas makes a frame of arrays with several columns each."""

import importlib
from typing import Any


def block_constructor() -> Any:
    """The function of pandas 3 that makes a frame of blocks; None before pandas 3.

    A frame of a dictionary of columns takes ten times as long.
    """
    try:
        internals = importlib.import_module("pandas.api.internals")  # has no type stubs
    except ImportError:
        return None
    return getattr(internals, "create_dataframe_from_blocks", None)
