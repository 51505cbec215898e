"""Which code touched a file or a connection, by the frames of Python's stack."""

import os
import sys
from types import FrameType

_PYTHON = str(os.__file__).rpartition(os.sep)[0]


def caller() -> FrameType:
    """The frame whose code touched a file, below the frames of Stagebook that check it."""
    frame = sys._getframe(1)
    while frame.f_back and str(frame.f_globals.get("__name__", "")).startswith("stagebook."):
        frame = frame.f_back
    return frame


def is_importing(caller: FrameType) -> bool:
    """Whether Python looks for a module or a distribution."""
    name = str(caller.f_globals.get("__name__", ""))
    return caller.f_code.co_filename.startswith("<frozen importlib") or name.startswith(
        ("importlib.", "pkgutil", "pkg_resources")
    )


def is_library(caller: FrameType) -> bool:
    """Whether the nearest code outside the standard library is an installed package."""
    frame: FrameType | None = caller
    while frame and frame.f_code.co_filename.startswith((_PYTHON, "<frozen")):
        if "site-packages" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return frame is not None and "site-packages" in frame.f_code.co_filename


def is_deleting(caller: FrameType) -> bool:
    """Whether ``shutil.rmtree`` lists a folder; the notebook does not see that list."""
    module, function = caller.f_globals.get("__name__"), caller.f_code.co_name
    return module == "shutil" and function.startswith("_rmtree")


def is_walking(caller: FrameType) -> bool:
    """Whether ``os.walk`` or ``os.fwalk`` lists a folder; both ignore errors."""
    module, function = caller.f_globals.get("__name__"), caller.f_code.co_name
    return module == "os" and function.lstrip("_") in ("walk", "fwalk")


def is_searching(caller: FrameType) -> bool:
    """Whether a folder is listed for a pattern, which has an event of its own."""
    module = str(caller.f_globals.get("__name__", ""))
    above = caller.f_back.f_code.co_name if caller.f_back else ""
    by_path = module.startswith("pathlib") and caller.f_code.co_name == "_scandir"
    return module == "glob" or (by_path and above != "walk")
