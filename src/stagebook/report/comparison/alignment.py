"""The cells of two executed notebooks, paired."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from stagebook.notebook.code import normalise_cell
from stagebook.report import colophon
from stagebook.report.article import cells
from stagebook.report.article.executed import CellOutput, ExecutedCell, ExecutedNotebook
from stagebook.report.comparison import sandbox_paths

_ALIKE = 0.5  # share of characters that two versions of one cell have in common at least
_LONGEST = 2_000  # characters of a cell that are looked at for that
_MOST = 400  # pairs of cells that are compared with each other


@dataclass(frozen=True, slots=True)
class Pair:
    """A cell on both sides.

    Attributes:
        before: The cell before; None if it is new.
        now: The cell now; None if it is gone.
        code: Whether its text differs in what counts: not in comments or layout of code.
        outputs: Whether its outputs differ.
    """

    before: ExecutedCell | None
    now: ExecutedCell | None
    code: bool
    outputs: bool

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.code and not self.outputs

    @property
    def cell(self) -> ExecutedCell:
        """The cell now, or what it was."""
        executed_cell = self.now or self.before
        assert executed_cell is not None
        return executed_cell


def align(before: ExecutedNotebook, now: ExecutedNotebook) -> tuple[Pair, ...]:
    """The cells of two notebooks in order, those that belong together in pairs.

    Args:
        before: The one notebook.
        now: The other.
    """
    left, right = ([cell for cell in side.cells if _counts(cell)] for side in (before, now))
    keys = [
        [_key(cell, side.language) for cell in listed]
        for side, listed in ((before, left), (now, right))
    ]
    aligned: list[Pair] = []
    matcher = SequenceMatcher(None, keys[0], keys[1], autojunk=False)
    for kind, start, end, begin, stop in matcher.get_opcodes():
        if kind == "equal":
            pairs = zip(left[start:end], right[begin:stop], strict=True)
            aligned += [_pair(cell, other, code=False) for cell, other in pairs]
        else:
            aligned += _matched(left[start:end], right[begin:stop])
    return tuple(aligned)


def _counts(cell: ExecutedCell) -> bool:
    if colophon.TAG in cell.tags or cells.is_left_out(cell):
        return False
    return cell.kind in ("code", "markdown") and bool(cell.text.strip() or cell.outputs)


def _key(cell: ExecutedCell, language: str) -> tuple[str, str]:
    if cell.kind == "code" and language in ("python", "ipython", "ipython3", "python3"):
        return cell.kind, normalise_cell(cell.text).text
    return cell.kind, cell.text.strip()


def _pair(before: ExecutedCell | None, now: ExecutedCell | None, *, code: bool) -> Pair:
    outputs = before is None or now is None or not same_outputs(before.outputs, now.outputs)
    return Pair(before, now, code, outputs)


def _matched(left: Sequence[ExecutedCell], right: Sequence[ExecutedCell]) -> Iterator[Pair]:
    """Cells that are not the same: versions of one cell in pairs, the others by themselves."""
    alike = _alike if len(left) * len(right) <= _MOST else _of_one_kind
    place = 0
    for cell in left:
        partner = _partner(cell, right[place:], alike)
        if partner is None:
            yield _pair(cell, None, code=True)
            continue
        yield from (
            _pair(None, executed_cell, code=True)
            for executed_cell in right[place : place + partner]
        )
        place += partner + 1
        yield _pair(cell, right[place - 1], code=True)
    yield from (_pair(None, executed_cell, code=True) for executed_cell in right[place:])


def _partner(
    cell: ExecutedCell,
    others: Sequence[ExecutedCell],
    alike: Callable[[ExecutedCell, ExecutedCell], float],
) -> int | None:
    likeness = [alike(cell, other) for other in others]
    best = max(likeness, default=0.0)
    return likeness.index(best) if best >= _ALIKE else None


def _alike(cell: ExecutedCell, other: ExecutedCell) -> float:
    if cell.kind != other.kind:
        return 0.0
    if cells.is_injected(cell) or cells.is_injected(other):  # its values may all be others
        return float(cells.is_injected(cell) and cells.is_injected(other))
    matcher = SequenceMatcher(None, cell.text[:_LONGEST], other.text[:_LONGEST])
    return matcher.ratio() if matcher.quick_ratio() >= _ALIKE else 0.0


def _of_one_kind(cell: ExecutedCell, other: ExecutedCell) -> float:
    return float(cell.kind == other.kind and cells.is_injected(cell) == cells.is_injected(other))


def same_outputs(outputs: Sequence[CellOutput], other: Sequence[CellOutput]) -> bool:
    """Whether two cells put out the same; what their makers say about it does not count."""
    return len(outputs) == len(other) and all(map(same_output, outputs, other))


def same_output(output: CellOutput, other: CellOutput) -> bool:
    """Whether two outputs are the same, but for paths of the sandboxes that they are from."""
    if (output.kind, output.name) != (
        other.kind,
        other.name,
    ) or output.data.keys() != other.data.keys():
        return False
    return all(_equal(value, other.data[kind]) for kind, value in output.data.items())


def _equal(value: object, other: object) -> bool:
    if value == other:
        return True
    if isinstance(value, str) or isinstance(other, str):
        texts = isinstance(value, str) and isinstance(other, str)
        return texts and sandbox_paths.without(str(value)) == sandbox_paths.without(str(other))
    return repr(value) == repr(other)  # NaN in JSON is not even equal to itself
