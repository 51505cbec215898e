"""What a person changed between two sources of a stage: cells, functions, versions, settings."""

import difflib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from stagebook.notebook import module_changes
from stagebook.notebook.cells import Notebook
from stagebook.notebook.source import Source, cell_texts, render


class CodeChange(Enum):
    """What kind of thing changed in a source."""

    CELL = "cell"
    MODULE = "module"
    VERSION = "version"
    SETTING = "setting"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class ChangedCode:
    """One change between two sources.

    Attributes:
        kind: What kind of thing changed.
        subject: The position of the cell, the path of the module, or the name of what changed.
        words: The change in a few words.
        before: What it was; None if that is not known.
        now: What it is now; None if it does not exist any more.
        lines: The lines of code that differ, each after ``-`` or ``+``.
    """

    kind: CodeChange
    subject: str
    words: str
    before: str | None = None
    now: str | None = None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceCell:
    """A cell of a source.

    Attributes:
        normalised: Its text in the source.
        text: Its text in the notebook; None if only the source is known.
        position: Its position in the notebook; None if only the source is known.
    """

    normalised: str
    text: str | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True)
class SourceText:
    """A source, as its rendered text has it, perhaps with the notebook that it is from.

    Attributes:
        facts: The facts in its head by name, such as ``threads`` or ``distribution numpy``.
        modules: The digest of each local module by path.
        cells: Its cells.
        contents: The bytes of local modules by path, as far as they are known.
    """

    facts: Mapping[str, str]
    modules: Mapping[str, str]
    cells: tuple[SourceCell, ...]
    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @classmethod
    def parse(cls, text: str, contents: Mapping[str, bytes] | None = None) -> "SourceText":
        """The source in a rendered text.

        Args:
            text: The text.
            contents: The bytes of local modules by path, as far as they are known.
        """
        lines = text.splitlines()
        head = list(itertools.takewhile(lambda line: line.startswith("# "), lines))
        facts: dict[str, str] = {"format": head[0]} if head else {}
        modules: dict[str, str] = {}
        for line in head[1:]:
            kind, _, rest = line.removeprefix("# ").partition(" ")
            first, _, second = rest.partition(" ")
            if kind == "module":
                modules[second] = first
            elif kind in ("python", "threads"):
                facts[kind] = rest
            elif kind in ("distribution", "revision"):
                facts[f"{kind} {first}"] = second
            else:
                facts[f"{kind} {rest}"] = "yes"
        body = "\n".join(lines[len(head) :])
        cells = (part.strip("\n") for part in f"\n{body}".split("\n# %%\n")[1:])
        return cls(facts, modules, tuple(map(SourceCell, cells)), contents or {})

    @classmethod
    def of(cls, source: Source, notebook: Notebook, contents: Mapping[str, bytes]) -> "SourceText":
        """A source with its notebook.

        Args:
            source: The source.
            notebook: The notebook that it is from.
            contents: The bytes of its local modules by path.
        """
        parsed = cls.parse(render(source))
        texts = {cell.position: cell.text for cell in notebook.cells}
        cells = tuple(
            SourceCell(text, texts[position], position) for position, text in cell_texts(notebook)
        )
        return cls(parsed.facts, parsed.modules, cells, contents)


def between(then: SourceText, now: SourceText) -> tuple[ChangedCode, ...]:
    """What differs between two sources of one stage: cells first, then modules and the rest."""
    return (*_cells(then.cells, now.cells), *_modules(then, now), *_facts(then.facts, now.facts))


def _cells(then: tuple[SourceCell, ...], now: tuple[SourceCell, ...]) -> Iterator[ChangedCode]:
    before, after = ([cell.normalised.rstrip() for cell in cells] for cells in (then, now))
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, first, last, start, end in matcher.get_opcodes():
        if tag == "equal":
            continue
        for old, new in itertools.zip_longest(then[first:last], now[start:end]):
            if old is None:
                words = f"cell {new.position} added"
                yield _cell(new, words, (), _lines(new, plain=False))
            elif new is None:
                place = old.position
                words = f"cell {place} removed" if place else _removed(now, start)
                yield _cell(old, words, _lines(old, plain=False), ())
            else:
                plain = old.text is None
                words = f"cell {new.position} changed"
                yield _cell(new, words, _lines(old, plain=plain), _lines(new, plain=plain))


def _removed(now: tuple[SourceCell, ...], start: int) -> str:
    above = now[start - 1].position if start else None
    return f"cell after cell {above} removed" if above else "first cell removed"


def _cell(cell: SourceCell, words: str, before: Iterable[str], now: Iterable[str]) -> ChangedCode:
    subject = str(cell.position) if cell.position else ""
    return ChangedCode(CodeChange.CELL, subject, words, lines=module_changes.diff(before, now))


def _lines(cell: SourceCell, *, plain: bool) -> list[str]:
    own = cell.text if not plain and cell.text is not None else None
    return (own or cell.normalised).rstrip().splitlines()


def _modules(then: SourceText, now: SourceText) -> Iterator[ChangedCode]:
    for path in sorted(then.modules.keys() | now.modules.keys()):
        old, new = then.modules.get(path), now.modules.get(path)
        if old == new:
            continue
        if old is None or new is None:
            words = f"{path} is imported now" if old is None else f"{path} is not imported any more"
            yield ChangedCode(CodeChange.MODULE, path, words, old, new)
            continue
        before, after = then.contents.get(path), now.contents.get(path)
        words, lines = f"{path} changed", tuple[str, ...]()
        if before is not None and after is not None and path.endswith(".py"):
            changed = module_changes.between(before, after)
            words = f"{path}: {changed.words}" if changed.words else words
            lines = changed.lines
        yield ChangedCode(CodeChange.MODULE, path, words, old, new, lines)


def _facts(then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[ChangedCode]:
    for name in {**now, **then}:
        old, new = then.get(name), now.get(name)
        if old == new:
            continue
        kind, _, subject = name.partition(" ")
        match kind:
            case "python":
                words = f"Python {old} → {new}"
                yield ChangedCode(CodeChange.VERSION, "Python", words, old, new)
            case "threads":
                words = f"threads {old} → {new}"
                yield ChangedCode(CodeChange.SETTING, "threads", words, old, new)
            case "distribution" | "revision":
                words = _versions(subject, old, new, is_revision=kind == "revision")
                yield ChangedCode(CodeChange.VERSION, subject, words, old, new)
            case "format":
                words = "Stagebook reads notebooks in another way"
                yield ChangedCode(CodeChange.OTHER, "format", words, old, new)
            case _:
                words = f"{name} ({'new' if new else 'not any more'})"
                yield ChangedCode(CodeChange.OTHER, name, words, old, new)


def _versions(name: str, old: str | None, new: str | None, *, is_revision: bool) -> str:
    if is_revision:
        return f"{name} {old or 'a release'} → {new or 'a release'}"
    if old is None:
        return f"{name} {new} is used now"
    return f"{name} {old} is not used any more" if new is None else f"{name} {old} → {new}"
