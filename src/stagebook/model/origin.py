"""What an execution's result will be made of, read from ``dvc.lock`` before it starts."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from stagebook.execution import parameters
from stagebook.execution.job import Job
from stagebook.model.materials import Content, Materials, Step
from stagebook.notebook import source
from stagebook.pipeline import lock as locks
from stagebook.pipeline import notebooks, params_file
from stagebook.pipeline.dvc import HashedPath
from stagebook.pipeline.lock import Lock, LockEntry
from stagebook.pipeline.stage import source_path
from stagebook.project.errors import StagebookError
from stagebook.project.project import STATE, Project


def gather(project: Project, job: Job, inputs: Iterable[HashedPath]) -> Materials:
    """The materials of what a job is going to write.

    Args:
        project: The project.
        job: The job.
        inputs: Its inputs with DVC's hashes.
    """
    contents = _contents(inputs)
    search = _Search(project, locks.read(project.root))
    search.follow(contents, job.stage)
    own = Step(
        stage=job.stage,
        notebook=job.notebook.path,
        source=job.source.digest,
        parameters=job.values,
        inputs=contents,
        distributions=dict(job.source.distributions),
    )
    return Materials((*search.steps, own), tuple(search.missing))


@dataclass(slots=True)
class _Search:
    """A walk from what is read to what wrote it."""

    project: Project
    lock: Lock
    steps: list[Step] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def follow(self, contents: Iterable[Content], reader: str) -> None:
        for content in contents:
            writer = next(self.lock.writers(content.path), None)
            if writer is None:
                continue  # nothing wrote it: raw data
            entry, written = writer
            if written.path == content.path and written.md5 != content.md5:
                self.missing.append(
                    f"{reader} read another version of `{content.path}` than {entry.stage} wrote"
                )
            if entry.stage not in self.seen:
                self.seen.add(entry.stage)
                step = self._step(entry)
                self.follow(step.inputs, entry.stage)
                self.steps.append(step)

    def _step(self, entry: LockEntry) -> Step:
        own = source_path(entry.stage)
        sources = [file for file in entry.deps if file.path == own]
        digest, versions = self._source(entry.stage, sources)
        return Step(
            stage=entry.stage,
            notebook=self._notebook(entry.stage),
            source=digest or hashlib.sha256(entry.cmd.encode()).hexdigest(),
            parameters=self._parameters(entry),
            inputs=_contents(file for file in entry.deps if not file.path.startswith(f"{STATE}/")),
            outputs=_contents(entry.outs),
            distributions=versions,
        )

    def _source(self, stage: str, recorded: list[HashedPath]) -> tuple[str, dict[str, str]]:
        """Digest and distributions of a stage's source, if it is a notebook's."""
        if not recorded:
            return "", {}
        try:
            data = (self.project.root / source_path(stage)).read_bytes()
        except OSError:
            self.missing.append(f"the source of {stage} is missing")
            return "", {}
        if hashlib.md5(data, usedforsecurity=False).hexdigest() != recorded[0].md5:
            self.missing.append(f"{stage} was changed after it was built")
        return hashlib.sha256(data).hexdigest(), source.parse_distributions(data.decode())

    def _notebook(self, stage: str) -> str:
        return notebooks.path_of(self.project, stage)

    def _parameters(self, entry: LockEntry) -> dict[str, Any]:
        """The values that a stage was built with: its notebook's, or those in ``dvc.lock``."""
        try:
            notebook = notebooks.read_one(self.project, entry.stage)
            values = params_file.read(notebook.params, self.project.root)
            resolved = parameters.resolve(notebook.signature, values, {})
        except StagebookError:
            return {f"{file}:{name}": value for file, name, value in _locked(entry)}
        return {parameter.name: parameter.value for parameter in resolved}


def _locked(entry: LockEntry) -> Iterator[tuple[str, str, Any]]:
    for file, values in (entry.params or {}).items():
        for name, value in values.items() if isinstance(values, dict) else ():
            yield file, str(name), value


def _contents(hashed: Iterable[HashedPath]) -> tuple[Content, ...]:
    return tuple(Content(file.path, file.md5) for file in hashed)
