"""The record of one execution, as types and as JSON with a format version."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from stagebook.data.contracts.verdict import RuleFailure
from stagebook.execution.contacts import Contact
from stagebook.execution.outcome import CellRun, Outcome
from stagebook.execution.trial import Trial
from stagebook.pipeline.dvc import HashedPath
from stagebook.pipeline.git import Git
from stagebook.pipeline.git_command import GitFailure
from stagebook.project.errors import Problem

FORMAT = 2


@dataclass(frozen=True, slots=True)
class RecordedParameter:
    """A parameter of an execution.

    Attributes:
        name: Its name.
        value: The value that the notebook ran with.
        origin: The origin of the value, one of the values of ``ValueOrigin``.
        default: The value in the parameters cell.
    """

    name: str
    value: Any
    origin: str = ""
    default: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTable:
    """An input or output that is a table.

    Attributes:
        name: The variable that declares it.
        role: ``input`` or ``output``.
        paths: Its files, relative to the project's root.
        rows: Number of rows; None if they were not counted.
        columns: Number of columns; None if they were not counted.
        profile: SHA-256 of its profile; None if it has none.
        contract: The contract, as ``module:Name``; None if it has none.
        holds: Whether it satisfies the contract; None if it has none.
        failures: The rules that it breaks.
        problems: Why it could not be read, or why its contract could not be checked.
    """

    name: str = ""
    role: str = ""
    paths: tuple[str, ...]
    rows: int | None = None
    columns: int | None = None
    profile: str | None = None
    contract: str | None = None
    holds: bool | None = None
    failures: tuple[RuleFailure, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def is_input(self) -> bool:
        """Whether it is an input of the stage, and not an output."""
        return self.role == "input"

    @property
    def is_refused(self) -> bool:
        """Whether it breaks its contract."""
        return bool(self.contract) and self.holds is False


@dataclass(frozen=True, slots=True)
class CodeDigests:
    """Digests of the code in a stage's source.

    Attributes:
        cells: Of each cell with code, in order.
        modules: Of each local module, by its path.
    """

    cells: tuple[str, ...] = ()
    modules: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordedEnvironment:
    """The environment of an execution.

    Attributes:
        python: Version of Python; empty if the environment is not known.
        platform: Name and version of the operating system.
        machine: The processor's architecture.
        threads: The stage's setting.
        distributions: Version of each distribution that the stage's imports reach.
    """

    python: str = ""
    platform: str = ""
    machine: str = ""
    threads: int = 0
    distributions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Volatile:
    """The values that differ between two executions of the same job.

    Attributes:
        id: The execution's name; empty in a record that DVC carries.
        started: When it started, ISO 8601 in UTC; empty if it was killed before.
        seconds: How long it took.
        host: Name of the machine.
        repro: The ``dvc repro`` that it was part of; None if it was started without DVC.
        remote: Whether DVC had a remote to pull from.
        cells: The code cells.
        warm: Whether a part of it was a fork of a warm process.
        contacts: Hosts, and files outside the project, that it touched.
        kept: Whether its kernel was kept after it failed. What a person computed there is not
            reproducible and belongs to no build.
    """

    id: str
    started: str = ""
    seconds: float = 0.0
    host: str = ""
    repro: str | None = None
    remote: bool = False
    cells: tuple[CellRun, ...] = ()
    warm: bool = False
    contacts: tuple[Contact, ...] = ()
    kept: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The record of one execution.

    ``reading.parse`` reads a record from JSON into this type.

    Attributes:
        stage: The stage.
        notebook: Path of its notebook.
        title: The notebook's first heading.
        outcome: How it ended, one of the values of ``Outcome``.
        problems: What was wrong.
        source: SHA-256 of the stage's source.
        code: Digests of the code in the source; None in a record of format 1.
        parameters: The parameters.
        inputs: Inputs with DVC's hashes.
        outputs: Outputs with DVC's hashes and the paths at which they are.
        tables: Inputs and outputs that are tables.
        metrics: Every value of the metrics files, by dotted name.
        environment: Its environment.
        git: Commit, branch, remote, dirty; None if git failed.
        volatile: The values that differ between two executions of the same job.
        git_failure: Why git failed; None if it did not.
        trial: The trial that it is a part of; None for a part of the build.
    """

    stage: str
    notebook: str
    title: str | None
    outcome: str
    problems: tuple[Problem, ...]
    source: str
    code: CodeDigests | None
    parameters: tuple[RecordedParameter, ...]
    inputs: tuple[HashedPath, ...]
    outputs: tuple[HashedPath, ...]
    tables: tuple[RecordedTable, ...]
    metrics: Mapping[str, Any]
    environment: RecordedEnvironment
    git: Git | None
    volatile: Volatile
    git_failure: GitFailure | None = None
    trial: Trial | None = None

    @property
    def id(self) -> str:
        """The execution's name."""
        return self.volatile.id

    @property
    def build(self) -> bool:
        """Whether it is a part of the build, and not of a trial with ``-P``."""
        return self.trial is None

    @property
    def done(self) -> bool:
        """Whether the execution succeeded."""
        return self.outcome == Outcome.DONE.value

    @property
    def values(self) -> dict[str, Any]:
        """The parameters' values by name."""
        return {parameter.name: parameter.value for parameter in self.parameters}

    @property
    def digest(self) -> str:
        """SHA-256 without the volatile block: the same for a repeated execution."""
        stable = {key: value for key, value in self.as_json().items() if key != "volatile"}
        return hashlib.sha256(json.dumps(stable, sort_keys=True).encode()).hexdigest()

    def as_portable_json(self) -> dict[str, Any]:
        """The record as plain values that do not depend on the machine or the commit."""
        elsewhere = {"git": None, "environment": {}, "volatile": {"id": ""}}
        portable = {key: value for key, value in self.as_json().items() if key not in elsewhere}
        return {**portable, **elsewhere}

    def as_json(self) -> dict[str, Any]:
        """The record as plain values."""
        values: dict[str, Any] = {"format": FORMAT}
        for part in dataclasses.fields(Record):
            if part.name == "problems":
                values["build"] = self.build
            values[part.name] = _plain(getattr(self, part.name))
        return values


def _plain(value: Any) -> Any:
    """A field of a record as plain values."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    is_data = dataclasses.is_dataclass(value) and not isinstance(value, type)
    return asdict(value, dict_factory=_fields) if is_data else value


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The fields of a record's part; ``undeclared`` only where a problem has it."""
    return {name: value for name, value in pairs if name != "undeclared" or value is not None}


def render(record: Record) -> str:
    """The text of a record's file."""
    return json.dumps(record.as_json(), indent=1, ensure_ascii=False) + os.linesep
