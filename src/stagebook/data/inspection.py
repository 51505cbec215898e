"""The inspection of one declared table: the check of its contract, and its profile."""

import contextlib
import functools
import hashlib
import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from threading import Semaphore
from typing import TYPE_CHECKING, Any

from stagebook.data.contracts.verdict import ContractVerdict
from stagebook.data.subject import Subject, parse_subject
from stagebook.project.errors import Problem, StagebookError
from stagebook.project.files import write_whole

if TYPE_CHECKING:
    from stagebook.data.contracts.contract import Contract
    from stagebook.data.profiles.profile import Profile
    from stagebook.data.tables.table import Table

_CACHE_FORMAT = 2
_MAKERS = ("stagebook", "duckdb", "pandas", "pandera", "pyarrow")


@dataclass(frozen=True, slots=True)
class Inspection:
    """The result of inspecting a table.

    Attributes:
        subject: The table.
        verdict: The verdict of its contract; None without a contract.
        profile: Its profile; None if it could not be read.
        problems: Why it could not be read, or why its contract could not be checked.
        at_fault: Whether the contract itself causes the problems, and not the data.
    """

    subject: Subject
    verdict: ContractVerdict | None = None
    profile: "Profile | None" = None
    problems: tuple[Problem, ...] = ()
    at_fault: bool = False

    @property
    def refusals(self) -> tuple[Problem, ...]:
        """Why the table is refused; without a contract, no table is."""
        broken = self.verdict.problems() if self.verdict else ()
        return (*broken, *(self.problems if self.subject.contract else ()))


def render(inspection: Inspection) -> str:
    """The inspection as one line of JSON."""
    from stagebook.data.profiles import profile as profiles

    verdict, profile = inspection.verdict, inspection.profile
    return json.dumps(
        {
            "subject": asdict(inspection.subject),
            "verdict": verdict.as_json() if verdict else None,
            "profile": profiles.render(profile) if profile else None,
            "problems": [problem.as_json() for problem in inspection.problems],
            "at_fault": inspection.at_fault,
        },
        ensure_ascii=False,
    )


def parse(text: str) -> Inspection:
    """The inspection in a line that ``render`` wrote."""
    from stagebook.data.profiles import profile as profiles

    values: dict[str, Any] = json.loads(text)
    verdict, profile = values["verdict"], values["profile"]
    return Inspection(
        parse_subject(values["subject"]),
        ContractVerdict.from_json(verdict) if verdict else None,
        profiles.parse(profile) if profile else None,
        tuple(Problem.from_json(value) for value in values["problems"]),
        values["at_fault"],
    )


def inspect(root: Path, subject: Subject, threads: int, folders: Sequence[Path] = ()) -> Inspection:
    """Reads a table, checks it against its contract and profiles it.

    Args:
        root: What its paths are relative to.
        subject: The table.
        threads: Number of threads, including the check.
        folders: Absolute folders that contracts are imported from, for messages.
    """
    from stagebook.data.tables.table import Table

    try:
        table = Table.open_all(root, subject.paths)
        if subject.contract:
            return _inspect_with_contract(table, subject, subject.contract, threads, folders)
        return Inspection(subject, profile=_profiled(table, threads))
    except StagebookError as error:
        return Inspection(subject, problems=error.problems)


def _inspect_with_contract(
    table: "Table", subject: Subject, spec: str, threads: int, folders: Sequence[Path]
) -> Inspection:
    """The inspection of a table with a contract."""
    from stagebook.data.contracts.check import check
    from stagebook.data.contracts.contract import Contract
    from stagebook.data.tables.table import Table
    from stagebook.data.tables.text_copy import copied

    with ThreadPoolExecutor(1) as pool:  # files are read while the contract is imported
        in_memory = None if table.untyped else pool.submit(table.loaded)
        try:
            contract = Contract.load(spec, folders)
        except StagebookError as error:
            return Inspection(subject, problems=error.problems, at_fault=True)
    if in_memory:
        return _at_once(in_memory.result(), subject, contract, threads)
    with copied(table) as table:
        verdict = check(table, contract)
        if verdict.holds:
            types = contract.types(table.columns.names)
            if table.copies:
                table = table.with_types(types)
            else:
                table = Table.open_all(table.root, subject.paths, types)
        return Inspection(subject, verdict, _profiled(table, threads))


def _at_once(table: "Table", subject: Subject, contract: "Contract", threads: int) -> Inspection:
    """The inspection with check and profile at the same time; the check runs in this thread.

    It counts as one of the threads: more threads than processors would wait for Python's lock.
    """
    from stagebook.data.contracts.check import check

    turns = Semaphore(max(1, threads - 1))
    with ThreadPoolExecutor(1) as pool:
        profiled = pool.submit(_profiled, table, threads, turns)
        try:
            verdict = check(table, contract)
        finally:
            turns.release()
        return Inspection(subject, verdict, profiled.result())


def rehearse(*, contracts: bool) -> None:
    """Runs all steps of an inspection once, so that the next one imports nothing.

    pandera, pandas and DuckDB import much of their code only when it is used.

    Args:
        contracts: Whether contracts will be checked, or only profiles made.
    """
    import pyarrow as pa

    from stagebook.data.tables.hashing import hashes
    from stagebook.data.tables.table import Table

    rows = pa.table({"text": ["x"], "number": [1.0]})
    hashes(rows.columns)  # few values are counted, and not hashed
    _profiled(Table.of_rows(rows), threads=1)
    if contracts:
        import pandera.pandas as pandera

        from stagebook.data.contracts.check import check
        from stagebook.data.contracts.contract import Contract

        class Row(pandera.DataFrameModel):
            text: str = pandera.Field(isin=["x"], unique=True)
            number: float

        check(Table.of_rows(rows), Contract("", Row.to_schema()))


def _profiled(table: "Table", threads: int, turns: Semaphore | None = None) -> "Profile":
    from stagebook.data.profiles.profiling import profile

    return profile(table, threads=threads, turn=turns)


@dataclass(frozen=True, slots=True)
class InspectionCache:
    """Inspections on disk, by the content of the table and the code of the contract.

    A table is not inspected again if neither of them changed.

    Attributes:
        folder: The folder of their files.
    """

    folder: Path

    def get(self, subject: Subject, hashes: Iterable[str]) -> Inspection | None:
        """The inspection of a table with this content; None if it is not stored.

        Args:
            subject: The table.
            hashes: DVC's hash of each of its paths, in order.
        """
        try:
            text = self._place(subject, hashes).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        return replace(parse(text), subject=subject)

    def put(self, inspection: Inspection, hashes: Iterable[str]) -> None:
        """Stores an inspection without refusals, if the disk has room for it."""
        if inspection.refusals:
            return
        with contextlib.suppress(OSError):  # a full disk costs a second inspection, not the run
            write_whole(self._place(inspection.subject, hashes), render(inspection))

    def _place(self, subject: Subject, hashes: Iterable[str]) -> Path:
        suffixes = ["".join(Path(path).suffixes) for path in subject.paths]
        parts = [_CACHE_FORMAT, _makers(), subject.contract, subject.code, suffixes, *hashes]
        digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        return self.folder / f"{digest[:32]}.json"


@functools.cache
def _makers() -> list[str]:
    return [metadata.version(name) for name in _MAKERS]
