"""What a registry says of a version of a model: the package's evidence, as tags and a text."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stagebook.model import attestation, card, materials
from stagebook.model import environment as environments
from stagebook.model.attestation import Statement
from stagebook.model.gate import Passage
from stagebook.model.splits import FILE as SPLITS
from stagebook.model.writer import EVALUATION

PACKAGE = "stagebook.package"
"""The tag with the package's digest, by which a version is found again."""
RECORD = "stagebook.record"
"""The tag with the id of the execution that made the package."""

_KEY_LENGTH = 250
_LENGTH = 5000  # of a value or a description; what MLflow's databases hold
_CUT = "…"


def statement_of(passage: Passage) -> Statement | None:
    """What the attestation beside a package says, if it is about this package."""
    try:
        said = attestation.read(passage.folder)
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return None
    return said if said.digest == passage.manifest.digest else None


def tags(passage: Passage, said: Statement | None) -> dict[str, str]:
    """The evidence of a package, within the lengths that MLflow takes.

    Args:
        passage: The package, after the gate.
        said: What its attestation says.
    """
    folder, manifest = passage.folder, passage.manifest
    lock = environments.parse((folder / environments.FILE).read_text(encoding="utf-8"))
    found = {
        PACKAGE: manifest.digest,
        "stagebook.type": manifest.model.type,
        "stagebook.method": manifest.model.method,
        "stagebook.checks": ", ".join(f"{one.name} {one.state.value}" for one in passage.checks),
        "stagebook.environment": lock.digest,
        "stagebook.requires": lock.words,
        "stagebook.raw": "\n".join(
            f"{one.path} {one.md5}" for one in materials.read(folder / materials.FILE).raw
        ),
        **_scores(_json(folder / EVALUATION)),
        **{f"stagebook.split.{one['name']}": one["md5"] for one in _json(folder / SPLITS)["parts"]},
        **(_attested(said) if said else {}),
    }
    return {_key(name): _cut(str(value), "\n") for name, value in found.items() if value}


def _attested(said: Statement) -> dict[str, str]:
    return {
        "stagebook.code": said.code or "",
        "stagebook.commit": said.commit or "",
        "stagebook.dirty": str(said.dirty).lower(),
        "stagebook.stage": said.stage,
        RECORD: said.record,
    }


def _scores(evaluation: Mapping[str, Any]) -> dict[str, str]:
    """Each score by a tag of its own, with the ends of its interval as further ones."""
    return {
        f"stagebook.{part}.{name}": str(value)
        for part in ("test", "baseline")
        for name, value in evaluation.get(part, {}).items()
    }


def description(folder: Path) -> str:
    """The model card, cut where MLflow would take no more."""
    return _cut((folder / card.FILE).read_text(encoding="utf-8"), "\n\n")


def _cut(text: str, between: str) -> str:
    """A text of bounded length; a longer one ends where a part does, and says so."""
    if len(text) <= _LENGTH:
        return text
    room = text[: _LENGTH - len(between) - len(_CUT)]
    whole, found, _ = room.rpartition(between)
    return f"{whole if found else room}{between}{_CUT}"


def _key(name: str) -> str:
    """A tag's name of the letters that MLflow takes."""
    return re.sub(r"[^\w.-]", "_", name)[:_KEY_LENGTH]


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
