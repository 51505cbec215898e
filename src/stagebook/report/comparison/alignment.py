"""The cells of two executed notebooks, paired."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from stagebook.notebook.code import normalise_cell
from stagebook.report import colophon
from stagebook.report.article import cells
from stagebook.report.article.executed import Cell, Executed, Output
from stagebook.report.comparison import sandbox_paths

_ALIKE = 0.5  # share of characters that two versions of one cell have in common at least
_LONGEST = 2_000  # characters of a cell that are looked at for that
_MOST = 400  # pairs of cells that are held against each other


@dataclass(frozen=True, slots=True)
class Pair:
    """A cell on both sides.

    Attributes:
        before: The cell before; None if it is new.
        now: The cell now; None if it is gone.
        code: Whether its text differs in what counts: not in comments or layout of code.
        outputs: Whether its outputs differ.
    """

    before: Cell | None
    now: Cell | None
    code: bool
    outputs: bool

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.code and not self.outputs

    @property
    def cell(self) -> Cell:
        """The cell now, or what it was."""
        found = self.now or self.before
        assert found is not None
        return found


def align(before: Executed, now: Executed) -> tuple[Pair, ...]:
    """The cells of two notebooks in order, those that belong together in pairs.

    Args:
        before: The one notebook.
        now: The other.
    """
    left, right = ([one for one in side.cells if _counts(one)] for side in (before, now))
    keys = [
        [_key(one, side.language) for one in listed]
        for side, listed in ((before, left), (now, right))
    ]
    found: list[Pair] = []
    matcher = SequenceMatcher(None, keys[0], keys[1], autojunk=False)
    for kind, start, end, begin, stop in matcher.get_opcodes():
        if kind == "equal":
            pairs = zip(left[start:end], right[begin:stop], strict=True)
            found += [_pair(one, other, code=False) for one, other in pairs]
        else:
            found += _matched(left[start:end], right[begin:stop])
    return tuple(found)


def _counts(cell: Cell) -> bool:
    if colophon.TAG in cell.tags or cells.is_left_out(cell):
        return False
    return cell.kind in ("code", "markdown") and bool(cell.text.strip() or cell.outputs)


def _key(cell: Cell, language: str) -> tuple[str, str]:
    if cell.kind == "code" and language in ("python", "ipython", "ipython3", "python3"):
        return cell.kind, normalise_cell(cell.text).text
    return cell.kind, cell.text.strip()


def _pair(before: Cell | None, now: Cell | None, *, code: bool) -> Pair:
    outputs = before is None or now is None or not same_outputs(before.outputs, now.outputs)
    return Pair(before, now, code, outputs)


def _matched(left: Sequence[Cell], right: Sequence[Cell]) -> Iterator[Pair]:
    """Cells that are not the same: versions of one cell in pairs, the others by themselves."""
    alike = _alike if len(left) * len(right) <= _MOST else _of_one_kind
    place = 0
    for cell in left:
        partner = _partner(cell, right[place:], alike)
        if partner is None:
            yield _pair(cell, None, code=True)
            continue
        yield from (_pair(None, one, code=True) for one in right[place : place + partner])
        place += partner + 1
        yield _pair(cell, right[place - 1], code=True)
    yield from (_pair(None, one, code=True) for one in right[place:])


def _partner(
    cell: Cell, others: Sequence[Cell], alike: Callable[[Cell, Cell], float]
) -> int | None:
    likeness = [alike(cell, other) for other in others]
    best = max(likeness, default=0.0)
    return likeness.index(best) if best >= _ALIKE else None


def _alike(one: Cell, other: Cell) -> float:
    if one.kind != other.kind:
        return 0.0
    if cells.is_injected(one) or cells.is_injected(other):  # its values may all be others
        return float(cells.is_injected(one) and cells.is_injected(other))
    matcher = SequenceMatcher(None, one.text[:_LONGEST], other.text[:_LONGEST])
    return matcher.ratio() if matcher.quick_ratio() >= _ALIKE else 0.0


def _of_one_kind(one: Cell, other: Cell) -> float:
    return float(one.kind == other.kind and cells.is_injected(one) == cells.is_injected(other))


def same_outputs(one: Sequence[Output], other: Sequence[Output]) -> bool:
    """Whether two cells put out the same; what their makers say about it does not count."""
    return len(one) == len(other) and all(map(same_output, one, other))


def same_output(one: Output, other: Output) -> bool:
    """Whether two outputs are the same, but for paths of the sandboxes that they are from."""
    if (one.kind, one.name) != (other.kind, other.name) or one.data.keys() != other.data.keys():
        return False
    return all(_equal(value, other.data[kind]) for kind, value in one.data.items())


def _equal(one: object, other: object) -> bool:
    if one == other:
        return True
    if isinstance(one, str) or isinstance(other, str):
        texts = isinstance(one, str) and isinstance(other, str)
        return texts and sandbox_paths.without(str(one)) == sandbox_paths.without(str(other))
    return repr(one) == repr(other)  # NaN in JSON is not even equal to itself
