"""The results of a package's checks: each with its state, its words and its problems."""

import json
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Self

from stagebook.model.attestation import AttestationCheck
from stagebook.model.contents import Contents
from stagebook.model.formats.model_file import ModelFile
from stagebook.model.manifest import Manifest
from stagebook.model.policy import Policy
from stagebook.model.rehearsal import RehearsalResult
from stagebook.project.errors import Exit, Problem, StagebookError


class CheckState(Enum):
    """The result of a check."""

    PASSED = "passed"
    WARNED = "warned"
    OVERRIDDEN = "overridden"
    REFUSED = "refused"
    SKIPPED = "not reached"
    UNCHECKED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        name: What is checked.
        state: Its result.
        detail: What was seen, in a few words.
        problems: What is wrong.
    """

    name: str
    state: CheckState
    detail: str = ""
    problems: tuple[Problem, ...] = ()

    @classmethod
    def of(cls, name: str, detail: str, problems: tuple[Problem, ...]) -> Self:
        """A check that refuses the package for any problem."""
        state = CheckState.REFUSED if problems else CheckState.PASSED
        return cls(name, state, detail, problems)

    def as_json(self) -> dict[str, Any]:
        """This check as plain values."""
        return {
            "name": self.name,
            "state": self.state.value,
            "detail": self.detail,
            "problems": [problem.as_json() for problem in self.problems],
        }


@dataclass(slots=True)
class VerificationReport:
    """A package on its way through the gate.

    Attributes:
        contents: The package.
        policy: The requirements that it must meet.
        here: Whether the model is to be opened in this process.
        checks: What has been checked.
        attested: What its attestation says, once it is read.
        file: The model's file, once it is read.
        rehearsed: What opening it in a process of its own gave, if that was done.
        model: The model, once it is open in this process.
    """

    contents: Contents
    policy: Policy
    here: bool = True
    checks: list[Check] = field(default_factory=list)
    attested: AttestationCheck | None = None
    file: ModelFile | None = None
    rehearsed: RehearsalResult | None = None
    model: Any = None

    @property
    def folder(self) -> Path:
        """The package's folder."""
        return self.contents.folder

    @property
    def manifest(self) -> Manifest:
        """The package's manifest."""
        return self.contents.manifest

    @property
    def refusals(self) -> tuple[Problem, ...]:
        """Why it cannot be loaded; empty if it can."""
        return tuple(
            problem
            for check in self.checks
            if check.state is CheckState.REFUSED
            for problem in check.problems
        )

    @property
    def worst(self) -> CheckState:
        """The worst that any check gave: refused, else warned, else passed."""
        if self.refusals:
            return CheckState.REFUSED
        warned = any(check.state is CheckState.WARNED for check in self.checks)
        return CheckState.WARNED if warned else CheckState.PASSED

    def require(self) -> None:
        """Raises a StagebookError if it cannot be loaded."""
        if self.refusals:
            raise StagebookError(*self.refusals, exit_code=Exit.UNFIT)


def as_json(report: VerificationReport) -> dict[str, Any]:
    """What was checked, as plain values."""
    return {
        "name": report.manifest.name,
        "digest": report.manifest.digest,
        "holds": not report.refusals,
        "checks": [check.as_json() for check in report.checks],
    }


def render(report: VerificationReport) -> str:
    """What was checked, as JSON."""
    return json.dumps(as_json(report), ensure_ascii=False)
