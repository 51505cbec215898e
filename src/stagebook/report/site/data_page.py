"""The page of a file: its profile, its contracts, who made it and who reads it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from stagebook.data.profiles import profile as profiles
from stagebook.data.profiles.profile import Profile
from stagebook.history import carried
from stagebook.history.project_status import DataFile, ProjectStatus
from stagebook.project.errors import StagebookError
from stagebook.project.files import digest
from stagebook.project.project import Project
from stagebook.project.text import counted, plain
from stagebook.record.spool import Spool
from stagebook.report import frame as frames
from stagebook.report import profile_page
from stagebook.report.colophon import size
from stagebook.report.frame import Frame
from stagebook.report.profile_page import Page
from stagebook.report.site import places, problems
from stagebook.report.site.sample import TableSample


@dataclass(frozen=True, slots=True)
class Link:
    """A word that leads to another page.

    Attributes:
        name: The word.
        page: The page.
    """

    name: str
    page: str


def render(
    file: DataFile,
    status: ProjectStatus,
    frame: Frame,
    profile: Profile | None,
    drift: str = "",
    sample: TableSample | None = None,
) -> str:
    """The page of a file.

    Args:
        file: The file.
        status: The project.
        frame: The page's frame.
        profile: Its profile, if it is a table and its profile is here.
        drift: The page that compares it with its reference; empty for none.
        sample: Its first rows, if they are shown.
    """
    missing = file.table is not None and bool(file.table.profile) and profile is None
    return frames.render(
        "site/data.html",
        frame,
        plain(file.path),
        file=file,
        facts=tuple(_facts(file)),
        maker=_stage(file.maker) if file.maker else None,
        readers=[_stage(reader) for reader in file.readers],
        contracts=tuple(contracts(file, status)),
        missing=missing,
        drift=drift,
        sample=sample,
        page=_shown(profile, file) if profile is not None else None,
    )


def _shown(profile: Profile, file: DataFile) -> Page:
    page = profile_page.shown(profile, file.path)
    return replace(page, extent=f"Golden rows: {page.extent}") if file.package else page


def _facts(file: DataFile) -> Iterator[tuple[str, str]]:
    if file.hashed is None:
        yield "state", "never built here" if file.maker else "not read by a build yet"
        return
    yield "md5", file.hashed.md5
    if file.hashed.size is not None:
        yield "size", size(file.hashed.size)
    if file.hashed.files is not None:
        yield "files", f"{file.hashed.files:,}"


def _stage(name: str) -> Link:
    return Link(plain(name), places.notebook(name))


@dataclass(frozen=True, slots=True)
class ContractResult:
    """A contract of a file.

    Attributes:
        name: The contract.
        state: Whether it holds, in words.
        mark: The class that this is shown in.
        stages: The stages that ask for it, each with what it does.
        rules: What it breaks, one each, with counts and the first rows.
    """

    name: str
    state: str
    mark: str
    stages: tuple[tuple[Link, str], ...]
    rules: tuple[str, ...] = ()


def contracts(file: DataFile, status: ProjectStatus) -> Iterator[ContractResult]:
    """The contracts of a file, each with the stages that ask for it."""
    stages_of: dict[tuple[str, tuple[str, ...] | None], list[tuple[Link, str]]] = {}
    for stage in status.stages:
        for table in stage.tables:
            if table.contract and file.path in table.paths:
                broken = None if table.holds else tuple(problems.rules(table))
                role = "reads" if table.is_input else "writes"
                stages = stages_of.setdefault((plain(table.contract), broken), [])
                stages.append((_stage(stage.name), role))
    for (name, broken), stages in stages_of.items():
        count = f"{counted(len(broken), 'rule')} broken" if broken else "does not hold"
        state, mark = ("holds", "good") if broken is None else (count, "bad")
        yield ContractResult(name, state, mark, tuple(stages), broken or ())


def read_profile(project: Project, file: DataFile) -> Profile | None:
    """The profile of a file, as its record names it; None if it is not here, or was changed."""
    name = file.table.profile if file.table else None
    place = Spool(project.state).profiles / f"{name}.json"
    try:
        if name is None:
            return None
        if not place.is_file():
            place = carried.profile(project.root, name) or place
        if digest(place, "sha256") != name:
            return None
        return profiles.parse(place.read_text(encoding="utf-8"), str(place))
    except (OSError, StagebookError):
        return None
