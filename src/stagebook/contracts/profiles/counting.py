"""Numbers and times, counted in one pass over a column."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from stagebook.contracts.profiles.column import Kind, Numbers
from stagebook.contracts.profiles.grid import REACH, Grid
from stagebook.contracts.profiles.kinds import scale_of
from stagebook.contracts.profiles.parquet_rows import Rows, Source
from stagebook.contracts.profiles.scale import Number, Scale

WIDTHS = 1e-6  # edges may differ so much from one width for bins to be guessed by arithmetic
NEAR = 3_037_000_499  # its square fits into 64 bits, whose sums are ten times as quick as of 128
NEAR_SQUARE = f"case when q between -{NEAR} and {NEAR} then q * q end"
BIGGEST = 1.7976931348623157e308


@dataclass(frozen=True, slots=True)
class _Bin:
    """One bin of an answer: its place among the edges, and what is in it."""

    place: int
    count: int
    summed: int
    total: int
    squares: int
    minimum: Number
    maximum: Number


def numbers(rows: Rows, source: Source, grid: Grid) -> tuple[int, Numbers]:
    """Counts and sums of a column on a grid.

    Args:
        rows: Where the column is.
        source: The column, of numbers or times.
        grid: Its grid.

    Returns:
        How many are not null, and the rest of what there is to say.
    """
    present, bins = _bins(rows, source, grid)
    counts = [0] * (len(grid.edges) + 1)
    for one in bins:
        counts[one.place] = one.count
    finite = sum(counts)
    nan, below, above = _specials(rows, source) if present > finite else (0, 0, 0)
    return present, Numbers(
        grid=grid,
        counts=tuple(counts),
        minimum=min((one.minimum for one in bins), default=None),
        maximum=max((one.maximum for one in bins), default=None),
        nan=nan,
        infinite_below=below,
        infinite_above=above,
        far=finite - sum(one.summed for one in bins),
        total=sum(one.total for one in bins),
        squares=sum(one.squares for one in bins) + _wide_squares(rows, source, grid, bins),
    )


def _bins(rows: Rows, source: Source, grid: Grid) -> tuple[int, list[_Bin]]:
    guess = _guessed(grid.edges)
    if guess:
        present, bins = _asked(rows, source, grid, guess)
        if all(_holds(grid.edges, one) for one in bins):
            return present, bins
    return _asked(rows, source, grid, _searched(grid.edges, 0, len(grid.edges)))


def _asked(rows: Rows, source: Source, grid: Grid, place: str) -> tuple[int, list[_Bin]]:
    answer = rows.ask(
        f"select place, count(x), count(q), sum(q), sum({NEAR_SQUARE}), min(v), max(v) "
        f"from (select *, {place} as place from {_scaled(rows, source, grid)}) group by place"
    )
    present = sum(one[1] for one in answer)
    return present, [_bin(*one) for one in answer if one[0] is not None]


def _scaled(rows: Rows, source: Source, grid: Grid) -> str:
    """SQL for the column's rows: as stored, as a value, in quanta."""
    values = f"select {source.column} as x, {source.value} as v from {rows.scan}"
    return f"(select *, {_quanta(source, grid)} as q from ({values}))"


def _wide_squares(rows: Rows, source: Source, grid: Grid, bins: list[_Bin]) -> int:
    """The squares of values whose squares need more than 64 bits; there are seldom any."""
    centre, most = Fraction(grid.centre), (NEAR - 1) * Fraction(2) ** grid.exponent
    ends = [Fraction(end) for one in bins for end in (one.minimum, one.maximum)]
    if all(abs(end - centre) <= most for end in ends):
        return 0
    rest = f"where q not between -{NEAR} and {NEAR}"
    ((squares,),) = rows.ask(
        f"select sum(cast(q as hugeint) * q) from {_scaled(rows, source, grid)} {rest}"
    )
    return squares or 0


def _bin(place: int, count: int, summed: int, *rest: Any) -> _Bin:
    total, squares, minimum, maximum = rest
    # -0.0 and 0.0 are equal, and which of them comes first is chance
    return _Bin(place, count, summed, total or 0, squares or 0, minimum + 0, maximum + 0)


def _holds(edges: Sequence[Number], one: _Bin) -> bool:
    """Whether arithmetic has put no value into a neighbour of its bin."""
    above = one.place == 0 or edges[one.place - 1] <= one.minimum
    return above and (one.place == len(edges) or one.maximum < edges[one.place])


def _guessed(edges: Sequence[Number]) -> str:
    """SQL for the place of ``v`` among edges of one width, right but for rounding."""
    if len(edges) < 2 or edges[-1] - edges[0] > BIGGEST:
        return ""
    width = (edges[-1] - edges[0]) / (len(edges) - 1)
    if any(abs(right - left - width) > WIDTHS * width for left, right in pairwise(edges)):
        return ""
    if not 1e-300 < width < 1e300:
        return ""
    offset = f"cast(v as double) - {literal(float(edges[0]))}"
    place = f"floor(({offset}) * {literal(1 / width)}) + 1"
    most = len(edges)
    inside = f"else cast({place} as integer)"  # or null; least and greatest would lose it
    return f"case when {place} < 0 then 0 when {place} >= {most} then {most} {inside} end"


def _searched(edges: Sequence[Number], first: int, last: int) -> str:
    """SQL for the number of edges that ``v`` has reached, by bisection."""
    if first == last:
        return f"case when v is not null then {first} end" if not edges else str(first)
    middle = (first + last) // 2
    left, right = _searched(edges, first, middle), _searched(edges, middle + 1, last)
    below = f"v < {literal(edges[middle])}"
    none = "when v is null then null " if (first, last) == (0, len(edges)) else ""
    return f"case {none}when {below} then {left} else {right} end"


def _quanta(source: Source, grid: Grid) -> str:
    """SQL for ``v`` in whole quanta from the centre; null for nulls and where it is far."""
    per_unit = literal(2.0**-grid.exponent)
    if scale_of(source.type) is Scale.REAL or isinstance(grid.centre, float):
        centre = float(grid.centre)
        reach = REACH * grid.quantum if grid.exponent < MOST_REACHING else BIGGEST
        low, high = max(centre - reach, -BIGGEST), min(centre + reach, BIGGEST)
        scaled = f"cast(v as double) * {per_unit} - {literal(centre * 2.0**-grid.exponent)}"
        inside = f"v between {literal(low)} and {literal(high)}"
        return f"case when {inside} then cast(round({scaled}) as bigint) end"
    return _whole_quanta(int(grid.centre), grid.exponent, per_unit)


MOST_REACHING = 970  # 2**48 quanta of this exponent are still a float


def _whole_quanta(centre: int, exponent: int, per_unit: str) -> str:
    reach = REACH << exponent if exponent >= 0 else REACH >> -exponent
    low, high = max(centre - reach, -(2**63)), min(centre + reach, 2**64 - 1)
    # the difference of two 64-bit numbers may need 65
    wide = low < centre - 2**62 or high > centre + 2**62
    difference = f"{'cast(v as hugeint)' if wide else 'v'} - {literal(centre)}"
    scaled = f"round(cast({difference} as double) * {per_unit})"
    if exponent <= 0:
        scaled = f"({difference}) * {2**-exponent}"
    inside = f"v between {literal(low)} and {literal(high)}"
    return f"case when {inside} then cast({scaled} as bigint) end"


def _specials(rows: Rows, source: Source) -> tuple[int, int, int]:
    """NaN, minus infinity, plus infinity; times beyond 64 bits are infinite."""
    x, nan, zero = source.column, "false", "0.0"
    if source.kind is Kind.TIME:
        zero = f"cast('1970-01-01' as {'date' if source.stored == 'DATE' else 'timestamp'})"
    else:
        nan = f"isnan({x})"
    ((nans, below, above),) = rows.ask(
        f"select count(*) filter (where {nan}), count(*) filter (where not {nan} and {x} < {zero}),"
        f" count(*) filter (where not {nan} and {x} >= {zero}) "
        f"from {rows.scan} where {x} is not null and ({source.value}) is null"
    )
    return nans, below, above


def literal(value: Number) -> str:
    """A number in SQL, exactly; DuckDB takes 0.1 for a decimal and 1e-1 for a double."""
    if isinstance(value, int):
        return f"({value})"
    text = repr(value)
    return f"({text if 'e' in text else f'{text}e0'})"
