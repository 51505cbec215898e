"""An output of a repeated run beside the locked one: the same bytes, or what differs."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from stagebook.data import value_differences
from stagebook.data.tables import formats
from stagebook.data.value_differences import FieldDifference, ValueDifferences
from stagebook.project.errors import StagebookError
from stagebook.project.text import counted

_BLOCK = 1 << 16


class Reproduction(Enum):
    """How a repeated run is like the locked one."""

    IDENTICAL = "identical"
    WITHIN_TOLERANCE = "within tolerance"
    DIFFERENT = "different"
    CANNOT_RUN = "cannot run"


@dataclass(frozen=True, slots=True)
class OutputComparison:
    """One output beside the locked one.

    Attributes:
        path: The output.
        verdict: How alike they are.
        words: What differs, in a few words for each difference.
        fields: The columns or values that differ, if it is a table or JSON.
    """

    path: str
    verdict: Reproduction
    words: tuple[str, ...] = ()
    fields: tuple[FieldDifference, ...] = ()


def compare(root: Path, path: str, before: str, now: str, tolerance: float) -> OutputComparison:
    """Compares an output whose hash differs with the locked one.

    Args:
        root: The folder that holds both.
        path: The output's path in the project.
        before: The locked output, relative to the root.
        now: The new output, relative to the root.
        tolerance: How far a number may be off; 0 for not at all.
    """
    first, second = root / before, root / now
    if first.is_dir() and second.is_dir() and not formats.is_table(before, root):
        return _folders(root, path, before, now, tolerance)
    if first.is_dir() != second.is_dir():
        words = "a file instead of a folder" if first.is_dir() else "a folder instead of a file"
        return OutputComparison(path, Reproduction.DIFFERENT, (words,))
    values = _values(root, path, before, now, tolerance)
    if values is None and first.is_dir():  # a folder with tables and other files is no table
        return _folders(root, path, before, now, tolerance)
    if values is None:
        return OutputComparison(path, Reproduction.DIFFERENT, (_of_bytes(first, second),))
    close = values.within and bool(tolerance)
    verdict = Reproduction.WITHIN_TOLERANCE if close else Reproduction.DIFFERENT
    return OutputComparison(path, verdict, tuple(_words(values)), values.fields)


def _values(
    root: Path, path: str, before: str, now: str, tolerance: float
) -> ValueDifferences | None:
    try:
        if formats.is_table(path, root) or (root / before).is_dir():
            return value_differences.of_tables(root, before, now, tolerance)
        if path.endswith(".json"):
            first, second = ((root / file).read_text(encoding="utf-8") for file in (before, now))
            return value_differences.of_json(first, second, tolerance)
    except (StagebookError, UnicodeDecodeError):
        pass
    return None


def _words(values: ValueDifferences) -> Iterator[str]:
    if values.none:
        yield "the same values in other bytes"
    if values.reordered:
        yield "the same rows in another order"
    yield from values.shape
    for field in values.fields:
        count = counted(field.count, "value")
        far = "" if field.largest is None else f", at most {field.largest:.3g} off"
        example = field.examples[0]
        yield (
            f"{f'{field.name}: ' if field.name else ''}{count}{far}; "
            f"{example.place}: {example.before} → {example.now}"
        )


def _folders(root: Path, path: str, before: str, now: str, tolerance: float) -> OutputComparison:
    first, second = _files(root / before), _files(root / now)
    words = [f"{name} is gone" for name in sorted(first - second)]
    words += [f"{name} is new" for name in sorted(second - first)]
    parts = [
        compare(root, f"{path}/{name}", f"{before}/{name}", f"{now}/{name}", tolerance)
        for name in sorted(first & second)
        if (root / before / name).read_bytes() != (root / now / name).read_bytes()
    ]
    words += [f"{Path(part.path).relative_to(path)}: {w}" for part in parts for w in part.words]
    close = not first ^ second and all(
        part.verdict is Reproduction.WITHIN_TOLERANCE for part in parts
    )
    verdict = Reproduction.WITHIN_TOLERANCE if close else Reproduction.DIFFERENT
    return OutputComparison(path, verdict, tuple(words), tuple(f for p in parts for f in p.fields))


def _files(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def _of_bytes(first: Path, second: Path) -> str:
    """Where two files differ first: the line of a text, otherwise the byte."""
    then, this = first.read_bytes(), second.read_bytes()
    try:
        lines = then.decode().splitlines(), this.decode().splitlines()
    except UnicodeDecodeError:
        pairs = zip(then, this, strict=False)
        place = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(then), len(this)))
        return f"{len(then):,} → {len(this):,} bytes, different from byte {place + 1:,} on"
    for number, (old, new) in enumerate(zip(*lines, strict=False), start=1):
        if old != new:
            return f"line {number:,}: {old[:60]} → {new[:60]}"
    return f"{len(lines[0]):,} → {len(lines[1]):,} lines"
