"""Histograms as a line of text and as a small picture."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise

LEVELS = "▁▂▃▄▅▆▇█"
MARK = "┊"
"""The sign between the bins and an open tail that holds values."""

ROOM_FOR_TAILS = 7
WIDTH, HEIGHT = 320, 72
ACCENT, GREY = "#2f6fb0", "#868e98"
TAIL_WIDTH, TAIL_GAP = 10, 6


def line(counts: Sequence[int], width: int = 20) -> str:
    """A histogram in one line of block elements, an empty bin as a space.

    Args:
        counts: Values in each bin, first and last those of the open tails below the first edge
            and from the last edge upwards.
        width: Characters at most; neighbouring bins share one where there are more bins.

    Returns:
        Bars of a height that grows with the count, never none for a bin that holds a value. A
        tail that holds values is set apart by a ``┊``. Empty for no counts.
    """
    return lines((counts,), width)[0]


def lines(histograms: Sequence[Sequence[int]], width: int = 20) -> tuple[str, ...]:
    """Histograms over the same edges, one below the other, each in shares of its own sum."""
    tails = (
        any(histogram[0] for histogram in histograms if histogram),
        any(item[-1] for item in histograms if item),
    )
    bars = [_bars(histogram, width, tails) for histogram in histograms]
    shares = [
        [None if bar is None else bar / (sum(counts) or 1) for bar in item]
        for item, counts in zip(bars, histograms, strict=True)
    ]
    tallest = max((bar for share in shares for bar in share if bar), default=0.0)
    return tuple("".join(_block(bar, tallest) for bar in share) for share in shares)


def _bars(counts: Sequence[int], width: int, tails: tuple[bool, bool]) -> list[float | None]:
    """Values for each character; None for the mark of a tail."""
    if len(counts) < 2 or (width < ROOM_FOR_TAILS and any(tails)):
        return [*_together(counts, width)]
    first, *inner, last = counts
    low: list[float | None] = [first, None] if tails[0] else []
    high: list[float | None] = [None, last] if tails[1] else []
    return [*low, *_together(inner, width - len(low) - len(high)), *high]


def _together(counts: Sequence[int], width: int) -> Iterator[float]:
    """At most so many bars; of uneven shares of the bins, each is as tall as its bins are dense."""
    bars = min(width, len(counts))
    edges = [place * len(counts) // bars for place in range(bars + 1)] if bars > 0 else []
    for start, end in pairwise(edges):
        yield sum(counts[start:end]) / (end - start) * len(counts) / bars


def _block(bar: float | None, tallest: float) -> str:
    if bar is None:
        return MARK
    if not bar:
        return " "
    level = int(bar / tallest * len(LEVELS))  # the tallest alone may reach past the last level
    return LEVELS[min(level, len(LEVELS) - 1)]


def described(counts: Sequence[int], edges: Sequence[str], low: str, high: str) -> str:
    """A histogram for who cannot see it: ``from 0 to 23, most between 15 and 16``.

    Args:
        counts: Values in each bin, the open tails first and last.
        edges: The edges between them in words, one less.
        low: The smallest value in words.
        high: The largest.
    """
    if not any(counts):
        return "no values"
    place = max(range(len(counts)), key=counts.__getitem__)
    if low == high or not edges:
        return f"from {low} to {high}" if low != high else f"all {low}"
    if place == 0:
        most = f"below {edges[0]}"
    elif place == len(edges):
        most = f"from {edges[-1]} upwards"
    else:
        most = f"between {edges[place - 1]} and {edges[place]}"
    return f"from {low} to {high}, most {most}"


def svg(counts: Sequence[int], label: str, reference: Sequence[int] | None = None) -> str:
    """A histogram as an inline picture, that of the reference in grey behind it.

    Args:
        counts: Values in each bin, the open tails first and last; these are set apart and paler.
        label: The alternative text.
        reference: Counts between the same edges. Both are then drawn in shares of their sum.

    Returns:
        An ``svg`` element that needs no style; a page may set the fill of its classes ``now``
        and ``then``. Empty if there are less than three counts.
    """
    if len(counts) < 3:
        return ""
    drawn = [(counts, "now")] if reference is None else [(reference, "then"), (counts, "now")]
    shares = [[count / (sum(item) or 1) for count in item] for item, _ in drawn]
    tallest = max(max(item) for item in shares) or 1.0
    tails = any(item[0] for item in shares), any(value[-1] for value in shares)
    paths = "".join(
        _paths([share / tallest for share in item], tails, name, slim=place == 1)
        for place, (item, (_, name)) in enumerate(zip(shares, drawn, strict=True))
    )
    text = escape(label)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{text}">'
        f"<title>{text}</title>{paths}</svg>"
    )


def _paths(heights: Sequence[float], tails: tuple[bool, bool], name: str, *, slim: bool) -> str:
    """Two paths, of the bins and of the tails; slim bars leave those behind them in sight."""
    fill = ACCENT if name == "now" else GREY
    left, right = ((TAIL_WIDTH + TAIL_GAP) * tail for tail in tails)
    width = (WIDTH - left - right) / (len(heights) - 2)
    inner = "".join(
        _bar(left + place * width, width, height, slim=slim)
        for place, height in enumerate(heights[1:-1])
    )
    ends = _bar(0, TAIL_WIDTH, heights[0], slim=slim) + _bar(
        WIDTH - TAIL_WIDTH, TAIL_WIDTH, heights[-1], slim=slim
    )
    return "".join(
        f'<path class="{name}" fill="{fill}"{more} d="{path}"/>'
        for path, more in ((inner, ""), (ends, ' opacity=".6"'))
        if path
    )


def _bar(left: float, width: float, height: float, *, slim: bool) -> str:
    if not height:
        return ""
    tall = max(height * HEIGHT, 1.0)
    gap = min(1.0, width / 8)
    wide = (width - gap) / 2 if slim else width - gap
    return f"M{left + (width - wide) / 2:.4g} {HEIGHT}v-{tall:.3g}h{wide:.3g}v{tall:.3g}z"
