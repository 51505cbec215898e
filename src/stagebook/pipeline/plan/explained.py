"""Reasons in terms of what a person changed: a changed source becomes cells, modules, versions."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from stagebook.notebook import cells, module_changes, source, source_changes
from stagebook.notebook.cells import Notebook
from stagebook.notebook.modules import Module
from stagebook.notebook.snapshot import Snapshot
from stagebook.notebook.source import SourceWithModules
from stagebook.notebook.source_changes import ChangedCode, CodeChange, SourceCell, SourceText
from stagebook.pipeline import git_contents
from stagebook.pipeline.cache import Cache
from stagebook.pipeline.git_command import GitError
from stagebook.pipeline.plan.plan import Change, StagePlan, StaleReason
from stagebook.pipeline.stage import is_source, stage_of_source
from stagebook.project.errors import StagebookError

_KINDS = {
    CodeChange.CELL: Change.CELL,
    CodeChange.MODULE: Change.MODULE,
    CodeChange.VERSION: Change.VERSION,
    CodeChange.SETTING: Change.SETTING,
    CodeChange.OTHER: Change.CODE,
}


@dataclass(frozen=True, slots=True)
class PresentSource:
    """The source of a notebook as it is now.

    Attributes:
        notebook: The notebook.
        made: Its source with its modules.
        text: The rendered text.
    """

    notebook: Notebook
    made: SourceWithModules
    text: str

    @classmethod
    def of(cls, notebook: Notebook, made: SourceWithModules) -> "PresentSource":
        """The source of a notebook."""
        return cls(notebook, made, source.render(made.source))

    @property
    def md5(self) -> str:
        """The hash that DVC has for the text."""
        return md5_of(self.text)

    @property
    def parsed(self) -> SourceText:
        """The source with the texts of its cells and modules."""
        contents = {path: module.data for path, module in self.made.modules.items()}
        return SourceText.of(self.made.source, self.notebook, contents)


def md5_of(text: str) -> str:
    """DVC's hash of a text."""
    return _hash(text.encode())


def _hash(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class Sources:
    """The sources of a project, the present and the earlier ones.

    Attributes:
        root: The project's root.
        cache: DVC's cache, which holds the texts of earlier sources.
        snapshot: The last build's start.
        present: The present sources by stage.
        commits: The commits in which notebooks and modules are looked for.
    """

    root: Path
    cache: Cache
    snapshot: Snapshot = field(default_factory=Snapshot)
    present: Mapping[str, PresentSource] = field(default_factory=dict)
    commits: tuple[str, ...] = ("HEAD",)
    _committed: dict[str, str | None] = field(default_factory=dict)

    def find(self, stage: str, md5: str, notebook: str) -> SourceText | None:
        """The source of a stage with a hash; None if its text is in no place.

        The last build's start and the present files have the texts of cells and modules; the
        cache has only normalised code, to which the commits may have the texts.

        Args:
            stage: The stage.
            md5: DVC's hash of the source.
            notebook: The path of its notebook.
        """
        present = self.present.get(stage)
        if present is not None and present.md5 == md5:
            return present.parsed
        kept = self.snapshot.stages.get(stage)
        if kept is not None and md5_of(source.render(kept.source)) == md5:
            return SourceText.of(kept.source, kept.notebook, kept.files)
        content = self.cache.read(md5)
        if content is None:
            return None
        parsed = SourceText.parse(content.decode("utf-8", "replace"))
        return self._with_commits(parsed, notebook)

    def with_names(self, reason: StaleReason) -> StaleReason:
        """The reason that an input in Python changed, with the names in it that changed."""
        now = self.root / reason.subject
        if reason.before is None or reason.now is None or not now.is_file():
            return reason
        data = now.read_bytes()
        then = self._module(reason.subject, reason.before)
        if then is None or _hash(data) != reason.now:
            return reason
        changed = module_changes.between(then, data)
        if not changed.words:
            return replace(reason, words=f"{reason.words}: comments or layout only")
        return replace(reason, words=f"{reason.subject}: {changed.words}", lines=changed.lines)

    def _module(self, path: str, md5: str) -> bytes | None:
        """The bytes of a file in Python with a hash; None if they are in no place."""
        kept = self.snapshot.modules.get(path)
        texts = self._read([path])
        places = (
            kept.data if kept else None,
            self.cache.read(md5),
            *((texts[f"{commit}:./{path}"] or "").encode() for commit in self.commits),
        )
        return next((data for data in places if data and _hash(data) == md5), None)

    def _with_commits(self, parsed: SourceText, notebook: str) -> SourceText:
        """A source with the texts of its cells and modules, as far as commits have the same."""
        files = [*([notebook] if notebook else []), *parsed.modules]
        texts = self._read(files)
        contents = {}
        for path, digest in parsed.modules.items():
            for commit in self.commits:
                data = (texts.get(f"{commit}:./{path}") or "").encode()
                if data and Module.of(Path(path), data).digest == digest:
                    contents[path] = data
        return replace(parsed, cells=self._cells(parsed, notebook, texts), contents=contents)

    def _cells(
        self, parsed: SourceText, notebook: str, texts: Mapping[str, str | None]
    ) -> tuple[SourceCell, ...]:
        for commit in self.commits:
            text = texts.get(f"{commit}:./{notebook}")
            try:
                own = cells.parse(text, notebook) if text else None
            except StagebookError:
                continue
            if own is not None:
                by_position = {cell.position: cell.text for cell in own.cells}
                listed = source.cell_texts(own)
                if [item.rstrip() for _, item in listed] == [
                    cell.normalised.rstrip() for cell in parsed.cells
                ]:
                    return tuple(
                        SourceCell(item, by_position[position], position)
                        for position, item in listed
                    )
        return parsed.cells

    def _read(self, files: Iterable[str]) -> dict[str, str | None]:
        names = [f"{commit}:./{path}" for commit in self.commits for path in files]
        new = [name for name in names if name not in self._committed]
        if new:
            try:
                found = git_contents.texts(self.root, new)
            except GitError:  # there is no repository, or no commit
                found = {}
            self._committed.update({name: found.get(name) for name in new})
        return {name: self._committed[name] for name in names}


def explain(stages: Iterable[StagePlan], sources: Sources) -> tuple[StagePlan, ...]:
    """The stages, with what a person changed in place of the files that Stagebook writes.

    Args:
        stages: The stages of a plan.
        sources: The sources of the project.
    """
    return tuple(
        replace(
            stage,
            reasons=tuple(
                item for reason in stage.reasons for item in _explained(stage, reason, sources)
            ),
        )
        for stage in stages
    )


def _explained(stage: StagePlan, reason: StaleReason, sources: Sources) -> Iterator[StaleReason]:
    if reason.change not in (Change.INPUT, Change.INPUT_MISSING) or not is_source(reason.subject):
        yield sources.with_names(reason) if reason.subject.endswith(".py") else reason
        return
    name = stage_of_source(reason.subject)
    if reason.change is Change.INPUT_MISSING:
        yield replace(reason, change=Change.CODE, words=f"no notebook has the name {name}")
    elif name != stage.name:  # as of a stage that packages a model
        yield StaleReason(Change.CODE, name, f"code of {name} changed", reason.before, reason.now)
    else:
        yield from _code(stage, reason, sources)


def _code(stage: StagePlan, reason: StaleReason, sources: Sources) -> Iterator[StaleReason]:
    then = sources.find(stage.name, reason.before, stage.notebook) if reason.before else None
    now = sources.find(stage.name, reason.now, stage.notebook) if reason.now else None
    changes = source_changes.between(then, now) if then and now else ()
    if not changes:
        yield StaleReason(
            Change.CODE, stage.name, "code changed", reason.before, reason.now, stage.notebook
        )
    for change in changes:
        file = {CodeChange.CELL: stage.notebook, CodeChange.MODULE: change.subject}
        file[CodeChange.SETTING] = "pyproject.toml"
        yield _as_reason(change, file.get(change.kind, ""))


def _as_reason(change: ChangedCode, file: str) -> StaleReason:
    return StaleReason(
        _KINDS[change.kind],
        change.subject,
        change.words,
        change.before,
        change.now,
        file,
        change.lines,
    )
