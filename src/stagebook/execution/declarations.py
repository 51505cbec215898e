"""Checks what a run did to files against its notebook's declaration."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from stagebook.execution import journal, patterns, written_files
from stagebook.execution.advice import Advice
from stagebook.execution.contacts import Contact
from stagebook.execution.contacts import problems as of_contacts
from stagebook.execution.job import Job
from stagebook.execution.listings import IncompleteListing, Listings
from stagebook.execution.mentions import QUOTED, Mentions
from stagebook.execution.outcome import Ending, Outcome
from stagebook.execution.sandbox import Sandbox
from stagebook.execution.spelling import PathNames
from stagebook.execution.stamps import Alteration
from stagebook.pipeline import dvc
from stagebook.pipeline.dvc import HashedPath
from stagebook.project.errors import Problem, Where

_LONGEST_COMMAND = 200


def check(
    ending: Ending,
    sandbox: Sandbox,
    job: Job,
    inputs: Iterable[HashedPath],
    contacts: Iterable[Contact] = (),
) -> Ending:
    """The ending, with problems for what the run did beyond its declaration.

    A run that touched an undeclared file fails even if the notebook caught the error. A run that
    failed because it could not reach such a file gets the line to add.

    Args:
        ending: How the execution ended.
        sandbox: Its sandbox.
        job: The job.
        inputs: Its inputs with the hashes that they had before.
        contacts: What it touched outside the project.
    """
    altered = _altered(sandbox, inputs)
    if ending.outcome not in (Outcome.DONE, Outcome.FAILED):
        return ending
    touched = _Touched.of(ending, sandbox, job, altered)
    advice = Advice.of(job.notebook, job.signature, ending.cell)
    problems = [
        *map(advice.changed, sorted(touched.changed)),
        *map(advice.closed, sorted(touched.closed)),
        *map(advice.beside, sorted(touched.beside)),
        *map(advice.read, sorted(touched.read)),
        *map(advice.listed, touched.listed),
        *map(advice.listed, touched.unseen if ending.outcome is Outcome.FAILED else ()),
        *map(advice.wrote, sorted(touched.wrote)),
        *([_damaged(job.where)] if touched.damaged else []),
        *map(advice.wrote_into, sorted(touched.wrote_into)),
        *of_contacts(contacts, job),
    ]
    if ending.outcome is Outcome.DONE:
        problems += [advice.missing(path) for path in written_files.missing(sandbox)]
        problems += [
            advice.unfit(path, kind) for path, kind in sorted(written_files.special_files(sandbox))
        ]
        problems += [
            advice.edited(path)
            for path, kind in altered.items()
            if kind is Alteration.EDITED and path not in touched.changed
        ]
    if not problems and ending.done:
        warnings = (*map(advice.unseen, touched.unseen), *touched.failed_commands(job.where))
        return replace(ending, problems=(*ending.problems, *warnings))
    if not problems:
        return _explained(ending, sandbox)
    return Ending(Outcome.UNDECLARED, (*problems, *ending.problems), ending.cell)


def _explained(ending: Ending, sandbox: Sandbox) -> Ending:
    """The ending, with a hint if the cell failed because of the sandbox and not of the disk.

    Landlock has no exceptions below a granted folder, so the folders above the project are
    closed to new entries and to listing.
    """
    text = " ".join(problem.message for problem in ending.problems)
    folders = [
        Path(item) for quoted in QUOTED.findall(text) for item in (quoted, Path(quoted).parent)
    ]
    closed = [path for path in folders if path.is_absolute() and sandbox.root.is_relative_to(path)]
    if "denied" not in text.lower() or not closed:
        return ending
    hint = (
        f"A stage cannot list {closed[0]} or create files in it, because this folder contains the "
        "project. Create the folder before the build, or use another folder."
    )
    return replace(ending, problems=tuple(replace(item, hint=hint) for item in ending.problems))


@dataclass(frozen=True, slots=True)
class _Touched:
    """What a run did beyond its declaration; paths are relative to the root.

    Attributes:
        changed: Inputs that it wrote to.
        closed: Folders above the project that it searched.
        beside: Files that it read by paths from the notebook's own folder.
        read: Files that it read, or found missing though the project has them.
        wrote: Files that it wrote, or could not write.
        listed: Listings that would have been different in the project.
        damaged: Whether it wrote to the pipe that reports all this.
        unseen: Patterns in the code that match more in the project; if the run failed, only
            those that its error names.
        commands: Commands of its shell cells that failed, each after its exit code.
        wrote_into: Folders that it could not write a file into, whose name is not known.
    """

    changed: frozenset[str]
    closed: frozenset[str]
    beside: frozenset[str]
    read: frozenset[str]
    wrote: frozenset[str]
    listed: tuple[IncompleteListing, ...]
    damaged: bool
    unseen: tuple[IncompleteListing, ...]
    commands: tuple[str, ...]
    wrote_into: frozenset[str]

    @classmethod
    def of(
        cls, ending: Ending, sandbox: Sandbox, job: Job, altered: Mapping[str, Alteration]
    ) -> "_Touched":
        """What a run did, from its journal, its sandbox, and the texts of its errors."""
        entries = frozenset(journal.read(sandbox.journal))
        names = PathNames(
            str(sandbox.root), str(sandbox.files), Path(job.notebook.path).parent.as_posix()
        )
        absent = frozenset(_of_kind(entries, "absent"))
        code = (cell.text for cell in job.notebook.cells if cell.position == ending.cell)
        mentions = Mentions(sandbox, names, absent, next(code, ""))
        if ending.outcome is Outcome.FAILED:
            text = " ".join(problem.message for problem in ending.problems)
            entries |= frozenset(mentions.touched(text))
        entries |= frozenset(mentions.printed(_printed(sandbox.executed)))
        listings = Listings(sandbox.root, (*sandbox.inputs, *sandbox.outputs))
        beside = frozenset(_of_kind(entries, "beside"))
        read = {
            *_of_kind(entries, "read", "missed", "database"),
            *_missed(entries, sandbox, listings),
        } - beside
        return cls(
            frozenset(
                {
                    *(_declared_as(path, sandbox) for path in _of_kind(entries, "changed")),
                    *(path for path, kind in altered.items() if kind is not Alteration.EDITED),
                }
            ),
            frozenset(_of_kind(entries, "closed")),
            beside,
            frozenset(read),
            # SQLite creates a missing file
            frozenset({*_wrote(entries, ending, sandbox), *written_files.undeclared(sandbox)})
            - frozenset(_of_kind(entries, "database")),
            tuple(_listed(entries, listings, read)),
            (journal.DAMAGED, "") in entries,
            tuple(_unseen(entries, ending, job, listings)),
            tuple(sorted(_of_kind(entries, "command"))),
            frozenset(_of_kind(entries, "wrote into")),
        )

    def failed_commands(self, where: Where) -> Iterator[Problem]:
        """A warning for each command that failed, after which the notebook went on."""
        for command in self.commands:
            code, _, text = command.partition(" ")
            yield Problem(
                "command-failed",
                f"The shell command `{text[:_LONGEST_COMMAND]}` ended with exit code {code}.",
                "The notebook continued. To make the stage fail with the command, use: "
                "import subprocess; subprocess.run(..., check=True)",
                where,
            )


def _damaged(where: Where) -> Problem:
    message = "The notebook wrote to the file descriptor that reports undeclared files."
    hint = "Do not write to file descriptors that the notebook did not open."
    return Problem("evidence-damaged", message, hint, where)


def _altered(sandbox: Sandbox, inputs: Iterable[HashedPath]) -> dict[str, Alteration]:
    """How the inputs changed; changed rights and times are restored."""
    before = {file.path: file.md5 for file in inputs}
    altered = sandbox.alterations()
    for path, kind in altered.items():
        if kind is Alteration.TOUCHED:
            sandbox.restore_rights(path)
            (now,) = dvc.hash_paths(sandbox.root, [sandbox.declared.input(path)])
            if now.md5 == before.get(now.path):
                sandbox.restore_times(path)
            else:
                altered[path] = Alteration.EDITED
    return altered


def _of_kind(entries: Iterable[tuple[str, str]], *kinds: str) -> Iterator[str]:
    return (path for kind, path in entries if kind in kinds)


def _missed(
    entries: Iterable[tuple[str, str]], sandbox: Sandbox, listings: Listings
) -> Iterator[str]:
    """Files that code did not find, though the project has them; outputs do not count."""
    for path in _of_kind(entries, "asked"):
        if not (sandbox.files / path).exists() and listings.is_content(path):
            yield path


def _wrote(entries: Iterable[tuple[str, str]], ending: Ending, sandbox: Sandbox) -> Iterator[str]:
    """Files written outside the sandbox, or not written because their folder was missing in it.

    A run that recovered, such as by creating the folder, did not fail because of it.
    """
    yield from _of_kind(entries, "wrote")
    for path in _of_kind(entries, "homeless"):
        in_project = (sandbox.root / path).parent.is_dir()
        has_folder = (sandbox.files / path).parent.exists()
        if not has_folder and (in_project or ending.outcome is Outcome.FAILED):
            yield path


def _listed(
    entries: Iterable[tuple[str, str]], listings: Listings, read: set[str]
) -> Iterator[IncompleteListing]:
    """Listings that lacked files which no other problem names."""
    folders = sorted(set(_of_kind(entries, "listed")))
    patterns = sorted(set(_of_kind(entries, "searched")))
    for lacking in (*map(listings.of_folder, folders), *map(listings.of_pattern, patterns)):
        files = tuple(
            file
            for file in lacking.files
            if not any(PurePosixPath(file).is_relative_to(item) for item in read)
        )
        if files:
            yield IncompleteListing(lacking.listed, files)


def _unseen(
    entries: Iterable[tuple[str, str]], ending: Ending, job: Job, listings: Listings
) -> Iterator[IncompleteListing]:
    """Patterns that the notebook names and that no Python code searched."""
    texts = (cell.text for cell in job.notebook.cells if cell.kind == "code")
    values = (value for value in job.values.values() if isinstance(value, str))
    named_patterns = {
        *patterns.of_cells(texts),
        *(item for text in values for item in patterns.of_text(text)),
    }
    message = " ".join(problem.message for problem in ending.problems)
    for pattern in sorted(named_patterns.difference(_of_kind(entries, "searched"))):
        lacking = listings.of_pattern(pattern)
        if lacking.files and (ending.done or pattern in message):
            yield lacking


def _printed(executed: Path) -> str:
    """What the cells of an executed notebook printed; empty if it cannot be read."""
    try:
        cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, RecursionError, KeyError):
        return ""
    outputs = [item for cell in cells for item in cell.get("outputs", [])]
    return "\n".join("".join(output.get("text", "")) for output in outputs)


def _declared_as(path: str, sandbox: Sandbox) -> str:
    """The declared input that is, or holds, a path."""
    return next((input_ for input_ in sandbox.inputs if Path(path).is_relative_to(input_)), path)
