"""The name of a stage, derived from the file of its notebook."""

import json
import re
import string
import unicodedata
from pathlib import PurePosixPath

SUFFIXES = (".ipynb", ".py")
"""Suffixes of notebook files."""

_REFUSED_BY_DVC = frozenset(string.punctuation) - {"_", "-"}
_APOSTROPHES = "'’"
_OTHER = "notebook"


def stage_name(notebook: str) -> str:
    """The stage of a notebook: its file's name, adapted to DVC's rules.

    A valid name does not change. In any other name, characters that DVC refuses or at which a
    shell splits become hyphens, and apostrophes are removed: ``1.0-jqp-initial-data.ipynb`` is
    the stage ``1-0-jqp-initial-data``. A stage's own name does not change.

    Args:
        notebook: Path of the notebook, with or without its folder and its suffix; or a stage.
    """
    name = PurePosixPath(notebook).name
    suffix = next((item for item in SUFFIXES if name.endswith(item) and name != item), "")
    stem = name.removesuffix(suffix)
    if not (stem.startswith("-") or any(map(_is_refused, stem))):
        return stem
    words = "".join(
        "-" if _is_refused(char) or char.isspace() else char
        for char in unicodedata.normalize("NFC", stem)
        if char not in _APOSTROPHES
    )
    return re.sub(r"-+", "-", words).strip("-") or _OTHER


def _is_refused(char: str) -> bool:
    """Whether a character is invalid in a stage's name: refused by DVC, or a control character."""
    return char in _REFUSED_BY_DVC or unicodedata.category(char)[0] == "C"


def table_name(stage: str) -> str:
    """The header of a stage's table in ``pyproject.toml``."""
    key = stage if re.fullmatch(r"[A-Za-z0-9_-]+", stage) else json.dumps(stage, ensure_ascii=False)
    return f"[tool.stagebook.stages.{key}]"
