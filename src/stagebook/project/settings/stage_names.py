"""The name of a stage, derived from the file of its notebook."""

import json
import re
import string
import unicodedata
from pathlib import PurePosixPath

SUFFIXES = (".ipynb", ".py")
"""What the file of a notebook ends with."""

_REFUSED_BY_DVC = frozenset(string.punctuation) - {"_", "-"}
_APOSTROPHES = "'’"
_OTHER = "notebook"


def stage_name(notebook: str) -> str:
    """The stage of a notebook: its file's name, as far as DVC can have it.

    A name that DVC can have stays as it is. In any other, what DVC refuses and what a shell
    splits at becomes a hyphen, and apostrophes go: ``1.0-jqp-initial-data.ipynb`` is the stage
    ``1-0-jqp-initial-data``. The stage of a stage's name is that name.

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
    """Whether a character cannot be in a stage's name: DVC refuses it, or nobody can type it."""
    return char in _REFUSED_BY_DVC or unicodedata.category(char)[0] == "C"


def table_name(stage: str) -> str:
    """The header of a stage's table in ``pyproject.toml``."""
    key = stage if re.fullmatch(r"[A-Za-z0-9_-]+", stage) else json.dumps(stage, ensure_ascii=False)
    return f"[tool.stagebook.stages.{key}]"
