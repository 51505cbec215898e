"""Whether processes may be warm here. Imports only Python itself."""

import os
import sys

VARIABLE = "STAGEBOOK_WARM"
"""``1`` allows warm processes and ``0`` forbids them, whatever the project's setting is."""


def is_wanted(setting: bool) -> bool:
    """Whether processes may be warm: by the variable, or else by the project's setting.

    They never are where forking a process that has imported much is not safe.

    Args:
        setting: The project's setting.
    """
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return False
    return {"1": True, "0": False}.get(os.environ.get(VARIABLE, ""), setting)
