"""The page of a file: its profile, its contracts, who made it and who reads it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from stagebook.contracts.profiles import profile as profiles
from stagebook.contracts.profiles.profile import Profile
from stagebook.errors import StagebookError
from stagebook.files import digest
from stagebook.record.spool import Spool
from stagebook.report import frame as frames
from stagebook.report import profile_page
from stagebook.report.colophon import size
from stagebook.report.figures import counted, plain
from stagebook.report.frame import Frame
from stagebook.report.profile_page import Page
from stagebook.report.site import places, problems
from stagebook.report.site.book import Book, File


@dataclass(frozen=True, slots=True)
class Link:
    """A word that leads to another page.

    Attributes:
        name: The word.
        page: The page.
    """

    name: str
    page: str


def render(file: File, book: Book, frame: Frame, profile: Profile | None, drift: str = "") -> str:
    """The page of a file.

    Args:
        file: The file.
        book: The project.
        frame: The page's frame.
        profile: Its profile, if it is a table and its profile is here.
        drift: The page that holds it against its reference; empty for none.
    """
    table = file.table or {}
    missing = bool(table.get("profile")) and profile is None
    return frames.render(
        "site/data.html",
        frame,
        plain(file.path),
        file=file,
        facts=tuple(_facts(file)),
        maker=_stage(file.maker) if file.maker else None,
        readers=[_stage(one) for one in file.readers],
        contracts=tuple(contracts(file, book)),
        missing=missing,
        drift=drift,
        page=_shown(profile, file) if profile is not None else None,
    )


def _shown(profile: Profile, file: File) -> Page:
    page = profile_page.shown(profile, file.path)
    return replace(page, extent=f"Of its golden rows: {page.extent}") if file.package else page


def _facts(file: File) -> Iterator[tuple[str, str]]:
    if file.hashed is None:
        yield "state", "never built here" if file.maker else "no build has read it yet"
        return
    yield "md5", file.hashed.md5
    if file.hashed.size is not None:
        yield "size", size(file.hashed.size)
    if file.hashed.files is not None:
        yield "files", f"{file.hashed.files:,}"


def _stage(name: str) -> Link:
    return Link(plain(name), places.notebook(name))


@dataclass(frozen=True, slots=True)
class Held:
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


def contracts(file: File, book: Book) -> Iterator[Held]:
    """The contracts of a file, each with the stages that ask for it."""
    asked: dict[tuple[str, tuple[str, ...] | None], list[tuple[Link, str]]] = {}
    for stage in book.stages:
        for table in stage.tables():
            if table.get("contract") and file.path in table.get("paths", ()):
                broken = None if table.get("holds") else tuple(problems.rules(table))
                role = "reads" if table.get("role") == "input" else "writes"
                stages = asked.setdefault((plain(str(table["contract"])), broken), [])
                stages.append((_stage(stage.name), role))
    for (name, broken), stages in asked.items():
        count = f"{counted(len(broken), 'rule')} broken" if broken else "does not hold"
        state, mark = ("holds", "good") if broken is None else (count, "bad")
        yield Held(name, state, mark, tuple(stages), broken or ())


def read_profile(spool: Spool, file: File) -> Profile | None:
    """The profile of a file, as its record names it; None if it is not here, or was changed."""
    name = (file.table or {}).get("profile")
    place = spool.profiles / f"{name}.json"
    try:
        if not isinstance(name, str) or digest(place, "sha256") != name:
            return None
        return profiles.parse(place.read_text(encoding="utf-8"), str(place))
    except (OSError, StagebookError):
        return None
