"""The type of NumPy's arrays; docstrings state shape and dtype."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
