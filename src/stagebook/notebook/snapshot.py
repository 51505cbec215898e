"""The sources of a build's stages, kept from its start to its end.

People save notebooks and modules while a build runs. So the stage ``sources`` writes one file with
everything that the stages run; each stage reads its notebook, modules and settings from there.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from stagebook.notebook.cells import Cell, Notebook
from stagebook.notebook.imports import Import, Imports
from stagebook.notebook.modules import Module
from stagebook.notebook.search import code_folders
from stagebook.notebook.source import Source, SourceWithModules
from stagebook.project.files import write_whole
from stagebook.project.project import Project
from stagebook.project.settings import StageSettings

_FORMAT = 1
_FILE = "snapshot.json"


@dataclass(frozen=True, slots=True)
class StageSnapshot:
    """One stage as it was at one moment.

    Attributes:
        notebook: Its notebook.
        source: Its source.
        settings: Its settings.
        folders: Folders of its local modules, relative to the root; folders outside are absolute.
        modules: The modules in the project, by path relative to the root.
        outside: The paths of the source's other modules, by their name in it.
    """

    notebook: Notebook
    source: Source
    settings: StageSettings
    folders: tuple[str, ...]
    modules: Mapping[str, Module]
    outside: Mapping[str, str]

    @property
    def files(self) -> dict[str, bytes]:
        """The bytes of the modules in the project, by path relative to the root."""
        return {path: module.data for path, module in self.modules.items()}

    @classmethod
    def of(cls, notebook: Notebook, project: Project, stage_source: SourceWithModules) -> Self:
        """The stage of a notebook as it is now."""
        inside, outside = {}, {}
        for name, module in stage_source.modules.items():
            if ":" not in name and not name.startswith("../"):
                inside[name] = module
            else:
                outside[name] = str(module.path)
        folders = code_folders(notebook.path, project)
        return cls(
            notebook,
            stage_source.source,
            project.settings.stage(notebook.stage),
            tuple(_from_root(folder, project.root) for folder in folders),
            inside,
            outside,
        )


def _from_root(folder: Path, root: Path) -> str:
    return folder.relative_to(root).as_posix() if folder.is_relative_to(root) else str(folder)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All stages of a project as they were at one moment.

    Attributes:
        stages: The stages by name.
        fits: A digest of ``dvc.yaml`` and the notebooks when they were last in sync; empty if
            they never were.
        reader: Versions of the programs that read notebooks and modules.
    """

    stages: Mapping[str, StageSnapshot] = field(default_factory=dict)
    fits: str = ""
    reader: str = ""

    @classmethod
    def of(cls, stages: Iterable[StageSnapshot], fits: str, reader: str) -> Self:
        """A snapshot of these stages."""
        return cls({stage.source.stage: stage for stage in stages}, fits, reader)

    @classmethod
    def read(cls, state: Path) -> Self:
        """The last snapshot; an empty one if it is missing or cannot be read.

        Args:
            state: The project's state folder.
        """
        try:
            values = json.loads((state / _FILE).read_text(encoding="utf-8"))
            return cls._from_json(values) if values["format"] == _FORMAT else cls()
        except (OSError, ValueError, KeyError, TypeError):
            return cls()

    def write(self, state: Path) -> None:
        """Replaces the last snapshot by this one."""
        text, path = json.dumps(self._as_json()), state / _FILE
        if not path.exists() or path.read_bytes() != text.encode():
            write_whole(path, text, exact=True)

    def as_read_by(self, reader: str) -> Self:
        """This snapshot if the same versions of programs read it; otherwise an empty one."""
        return self if reader == self.reader else type(self)()

    @property
    def notebooks(self) -> dict[str, Notebook]:
        """The notebooks by path."""
        return {stage.notebook.path: stage.notebook for stage in self.stages.values()}

    @property
    def modules(self) -> dict[str, Module]:
        """The modules in the project, by path relative to the root."""
        return {
            path: module for stage in self.stages.values() for path, module in stage.modules.items()
        }

    def _as_json(self) -> dict[str, Any]:
        files = {path: _module_as_json(module) for path, module in self.modules.items()}
        stages = {name: _stage_as_json(stage) for name, stage in self.stages.items()}
        return {
            "format": _FORMAT,
            "fits": self.fits,
            "reader": self.reader,
            "stages": stages,
            "files": files,
        }

    @classmethod
    def _from_json(cls, values: Mapping[str, Any]) -> Self:
        files = {path: _module_from_json(path, item) for path, item in values["files"].items()}
        stages = {name: _stage_from_json(stage, files) for name, stage in values["stages"].items()}
        return cls(stages, values["fits"], values["reader"])


def _stage_as_json(stage: StageSnapshot) -> dict[str, Any]:
    notebook = stage.notebook
    rows = [
        [cell.position, cell.kind, cell.text, sorted(cell.tags), cell.id] for cell in notebook.cells
    ]
    return {
        "notebook": {**_flat(notebook), "cells": rows},
        "source": _flat(stage.source),
        "settings": _flat(stage.settings),
        "folders": stage.folders,
        "modules": list(stage.modules),
        "outside": dict(stage.outside),
    }


def _module_as_json(module: Module) -> dict[str, Any]:
    return {
        "data": module.data.decode("latin-1"),  # keeps every byte
        "digest": module.digest,
        "imports": [
            [import_.module, import_.names, import_.level] for import_ in module.imports.static
        ],
        "dynamic": module.imports.dynamic,
        "exported": module.exported,
    }


def _module_from_json(path: str, values: Mapping[str, Any]) -> Module:
    static = tuple(Import(name, tuple(names), level) for name, names, level in values["imports"])
    return Module(
        Path(path),
        values["data"].encode("latin-1"),
        values["digest"],
        Imports(static, tuple(values["dynamic"])),
        tuple(values["exported"]),
    )


def _flat(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__dataclass_fields__}


def _stage_from_json(values: Mapping[str, Any], files: Mapping[str, Module]) -> StageSnapshot:
    rows = values["notebook"]["cells"]
    cells = tuple(Cell(at, kind, text, frozenset(tags), id_) for at, kind, text, tags, id_ in rows)
    return StageSnapshot(
        Notebook(**{**values["notebook"], "cells": cells}),
        Source(**_with_tuples(values["source"])),
        StageSettings(**_with_tuples(values["settings"])),
        tuple(values["folders"]),
        {path: files[path] for path in values["modules"]},
        values["outside"],
    )


def _with_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _tuple(value) for name, value in values.items()}


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value
