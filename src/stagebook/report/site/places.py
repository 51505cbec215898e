"""Where each page of the site lies."""

from pathlib import PurePosixPath

from stagebook.report.frame import FRONT

HISTORY = "history.html"
FEATURES = "features.html"
MONITORING = "monitoring.html"
__all__ = [
    "FEATURES",
    "FRONT",
    "HISTORY",
    "MONITORING",
    "compare",
    "data",
    "drift",
    "model",
    "notebook",
]


def notebook(stage: str) -> str:
    """The page of a stage's executed notebook."""
    return f"notebooks/{_inside(stage)}.html"


def compare(stage: str) -> str:
    """The page that compares a stage's last build with the one before."""
    return f"compare/{_inside(stage)}.html"


def data(path: str) -> str:
    """The page of a file or folder."""
    return f"data/{_inside(path)}.html"


def drift(path: str) -> str:
    """The page that compares a table with its reference."""
    return f"drift/{_inside(path)}.html"


def model(path: str) -> str:
    """The page of a packaged model; nearly all of them are in the folder of models."""
    inside = _inside(path)
    return f"{inside}.html" if inside.startswith("models/") else f"models/at/{inside}.html"


def _inside(path: str) -> str:
    """A path that stays in its folder, whoever named it."""
    parts = PurePosixPath(path.replace("\\", "/")).parts
    safe_parts = ("_" if part in ("..", "/") or part.startswith(".") else part for part in parts)
    return "/".join(safe_parts)
