"""What a registry says of a version of a model: the package's evidence, as tags and a text."""

import re
from collections.abc import Mapping
from typing import Any

from stagebook.model import attestation, card, json_text, materials
from stagebook.model import environment as environments
from stagebook.model.attestation import Statement
from stagebook.model.contents import Contents
from stagebook.model.manifest import EVALUATION
from stagebook.model.splits import FILE as SPLITS
from stagebook.model.verification import VerificationReport

PACKAGE = "stagebook.package"
"""The tag with the package's digest, by which a version is found again."""
RECORD = "stagebook.record"
"""The tag with the id of the execution that made the package."""

_KEY_LENGTH = 250
_LENGTH = 5000  # of a value or a description; what MLflow's databases hold
_CUT = "…"


def statement_of(report: VerificationReport) -> Statement | None:
    """What the attestation beside a package says, if it is about this package."""
    attested = report.attested or attestation.look(report.folder, report.manifest)
    return attested.statement


def tags(report: VerificationReport, statement: Statement | None) -> dict[str, str]:
    """The evidence of a package, within the lengths that MLflow takes.

    Args:
        report: The package, after the gate.
        statement: What its attestation says.
    """
    contents, manifest = report.contents, report.manifest
    lock = environments.parse(contents.text(environments.FILE))
    splits = json_text.load(contents.files[SPLITS])
    values = {
        PACKAGE: manifest.digest,
        "stagebook.type": manifest.model.type,
        "stagebook.method": manifest.model.method,
        "stagebook.checks": ", ".join(
            f"{check.name} {check.state.value}" for check in report.checks
        ),
        "stagebook.environment": lock.digest,
        "stagebook.requires": lock.words,
        "stagebook.raw": "\n".join(
            f"{content.path} {content.md5}"
            for content in materials.parse(contents.text(materials.FILE)).raw
        ),
        **_scores(json_text.load(contents.files[EVALUATION])),
        **{f"stagebook.split.{split['name']}": split["md5"] for split in splits["parts"]},
        **(_attested(statement) if statement else {}),
    }
    return {_key(name): _cut(str(value), "\n") for name, value in values.items() if value}


def _attested(statement: Statement) -> dict[str, str]:
    return {
        "stagebook.code": statement.code or "",
        "stagebook.commit": statement.commit or "",
        "stagebook.dirty": str(statement.dirty).lower(),
        "stagebook.stage": statement.stage,
        RECORD: statement.record,
    }


def _scores(evaluation: Mapping[str, Any]) -> dict[str, str]:
    """Each score by a tag of its own, with the ends of its interval as further ones."""
    return {
        f"stagebook.{part}.{name}": str(value)
        for part in ("test", "baseline")
        for name, value in evaluation.get(part, {}).items()
    }


def description(contents: Contents) -> str:
    """The model card, cut where MLflow would take no more."""
    return _cut(contents.text(card.FILE), "\n\n")


def _cut(text: str, between: str) -> str:
    """A text of bounded length; a longer one ends where a part does, and says so."""
    if len(text) <= _LENGTH:
        return text
    room = text[: _LENGTH - len(between) - len(_CUT)]
    whole, separator, _ = room.rpartition(between)
    return f"{whole if separator else room}{between}{_CUT}"


def _key(name: str) -> str:
    """A tag's name of the letters that MLflow takes."""
    return re.sub(r"[^\w.-]", "_", name)[:_KEY_LENGTH]
