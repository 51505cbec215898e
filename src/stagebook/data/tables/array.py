"""The type of NumPy's arrays, whose shape and dtype docstrings give."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
