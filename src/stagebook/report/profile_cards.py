"""What the page of a profile says of one column."""

from dataclasses import dataclass

from stagebook.data.profiles.column import Booleans, Column, Numbers, Texts
from stagebook.project.text import plain
from stagebook.report import bars
from stagebook.report.changes import changes, same_bins
from stagebook.report.figures import LONG, distinct, figure, missing, number, odd, share, spread

LONGEST_VALUE = 60


@dataclass(frozen=True, slots=True)
class CardLine:
    """One line of a card.

    Attributes:
        name: What it is.
        text: Its value for the column.
        reference: Its value for the reference; empty without one.
    """

    name: str
    text: str
    reference: str


@dataclass(frozen=True, slots=True)
class CardValue:
    """One value of a column with its share.

    Attributes:
        name: The value.
        share: Of all values, in percent.
        was: The same in the reference.
        bar: The same as a picture, as markup.
    """

    name: str
    share: str
    was: str
    bar: str


@dataclass(frozen=True, slots=True)
class ColumnCard:
    """One column.

    Attributes:
        anchor: Where a link leads to.
        name: Its name.
        type: Its type.
        alone: Whether there is a reference, but not of this column.
        beside: Whether the reference has the column.
        changes: What differs from the reference.
        picture: The histogram, as markup; empty without a number line.
        edges: Some edges of its bins, first and last among them.
        tails: What lies outside.
        note: Why it has neither picture nor values; empty if it has one.
        caption: Of the values.
        values: The most frequent ones.
        figures: All else.
    """

    anchor: str
    name: str
    type: str
    alone: bool
    beside: bool
    changes: tuple[str, ...]
    picture: str
    edges: tuple[str, ...]
    tails: str
    note: str
    caption: str
    values: tuple[CardValue, ...]
    figures: tuple[CardLine, ...]


def card(place: int, now: Column, then: Column | None, top: int, *, compared: bool) -> ColumnCard:
    """The card of a column.

    Args:
        place: Its place in the table, from 1.
        now: The column.
        then: The reference's column of the same name.
        top: How many values to show.
        compared: Whether there is a reference.
    """
    values = _values(now, then, top)
    return ColumnCard(
        anchor=f"c{place}",
        name=plain(now.name, 200),
        type=plain(now.type, 120),
        alone=compared and then is None,
        beside=then is not None,
        changes=changes(now, then) if then else (),
        picture=_picture(now, then),
        edges=_edges(now),
        tails=_tails(now),
        note=_note(now),
        caption=_caption(now, len(values)),
        values=values,
        figures=_figures(now, then),
    )


def described(column: Column) -> str:
    """The histogram of a column of numbers in words."""
    detail = column.detail
    if not isinstance(detail, Numbers):
        return ""
    edges = [figure(column, edge) for edge in detail.grid.edges]
    low, high = (figure(column, item) for item in (detail.minimum, detail.maximum))
    return bars.described(detail.counts, edges, low, high)


def _picture(now: Column, then: Column | None) -> str:
    detail = now.detail
    if not isinstance(detail, Numbers):
        return ""
    if then is None or not isinstance(then.detail, Numbers) or not same_bins(now, then):
        return bars.svg(detail.counts, described(now))
    label = f"{described(now)}; reference: {described(then)}"
    return bars.svg(detail.counts, label, then.detail.counts)


def _edges(column: Column) -> tuple[str, ...]:
    if not isinstance(column.detail, Numbers) or len(column.detail.grid.edges) < 2:
        return ()
    edges = column.detail.grid.edges
    middle = [edges[len(edges) // 2]] if len(edges) % 2 and len(edges) > 2 else []
    return tuple(figure(column, item) for item in (edges[0], *middle, edges[-1]))


def _tails(column: Column) -> str:
    detail = column.detail
    if not isinstance(detail, Numbers) or not detail.grid.edges:
        return ""
    low, high = (figure(column, item) for item in (detail.grid.edges[0], detail.grid.edges[-1]))
    tails = (
        (detail.counts[0], f"below {low}"),
        (detail.counts[-1], f"from {high} upwards"),
    )
    return ", ".join(f"{share(count, detail.finite)} {words}" for count, words in tails if count)


def _note(column: Column) -> str:
    note = column.detail.note if isinstance(column.detail, Texts) else ""
    return f"Values are not counted individually: {note}." if note else ""


def _caption(column: Column, shown: int) -> str:
    detail = column.detail
    if not isinstance(detail, Texts) or detail.counts is None or len(detail.counts) <= shown:
        return "All values"
    return f"The most frequent of {len(detail.counts):,} values"


def _counts(column: Column | None) -> dict[str, int] | None:
    """How often each value occurs, the most frequent first; None if that is not known."""
    detail = column.detail if column else None
    if isinstance(detail, Texts) and detail.counts is not None:
        return dict(detail.ranked)
    if isinstance(detail, Booleans):
        return {"true": detail.true, "false": detail.false}
    return None


def _values(now: Column, then: Column | None, top: int) -> tuple[CardValue, ...]:
    counts, reference = _counts(now), _counts(then)
    if not counts:
        return ()
    shares = _shares(counts)
    before = None if reference is None else _shares(reference)
    names = list(counts)[:top]
    longest = max(max(shares[name], (before or {}).get(name, 0.0)) for name in names) or 1.0
    return tuple(
        CardValue(
            plain(name, LONGEST_VALUE),
            share(counts[name], sum(counts.values())),
            "" if reference is None else _was(reference, name),
            _bar(shares[name] / longest, before.get(name, 0.0) / longest if before else None),
        )
        for name in names
    )


def _shares(counts: dict[str, int]) -> dict[str, float]:
    total = sum(counts.values()) or 1
    return {name: count / total for name, count in counts.items()}


def _was(counts: dict[str, int], name: str) -> str:
    return share(counts[name], sum(counts.values())) if name in counts else "new"


def _bar(now: float, then: float | None) -> str:
    """A value's share, and in grey behind it that of the reference."""
    drawn = [("now", 1, 10, now)]
    if then is not None:
        drawn = [("then", 0, 12, then), ("now", 3, 6, now)]
    rects = "".join(
        f'<rect class="{kind}" y="{y}" width="{100 * part:.3g}" height="{height}"/>'
        for kind, y, height, part in drawn
    )
    return f'<svg viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">{rects}</svg>'


def _figures(now: Column, then: Column | None) -> tuple[CardLine, ...]:
    figures, reference = _figures_of(now), _figures_of(then) if then else {}
    return tuple(CardLine(name, text, reference.get(name, "")) for name, text in figures.items())


def _figures_of(column: Column) -> dict[str, str]:
    figures = {"missing": f"{missing(column)} ({column.nulls:,})" if column.nulls else "none"}
    detail = column.detail
    if isinstance(detail, Numbers):
        for name, value in (
            ("min", detail.minimum),
            ("mean", detail.mean),
            ("max", detail.maximum),
        ):
            figures[name] = figure(column, value, LONG)
        figures["std"] = spread(column)
        if others := odd(column):
            figures["other values"] = others
    if isinstance(detail, Texts):
        figures |= _text_figures(detail)
    return figures


def _text_figures(texts: Texts) -> dict[str, str]:
    figures = {"different": distinct(texts)}
    if texts.values:
        lengths = dict.fromkeys((texts.shortest, texts.longest))
        figures["characters"] = " to ".join(f"{length:,}" for length in lengths)
        figures["characters, mean"] = number(texts.mean_length or 0)
    return figures
