"""The distances of a column as a table, and its effect as a small picture."""

from collections.abc import Iterator
from html import escape

from stagebook.data.drift.column_drift import ColumnDrift, Finding
from stagebook.data.drift.distances import ChiSquare
from stagebook.data.profiles.column import ColumnKind
from stagebook.report.figures import duration, number
from stagebook.report.profile_cards import CardLine

WIDTH, HEIGHT = 320, 24
RADIUS = 4.5


def distances(column: ColumnDrift) -> tuple[CardLine, ...]:
    """All distances that are known, in words."""
    measures = column.distances
    return tuple(
        CardLine(name, text, "")
        for name, text in (
            ("Jensen-Shannon", f"{measures.jensen_shannon:.3f}"),
            ("PSI", f"{measures.psi:.3f}"),
            ("Kolmogorov-Smirnov", _between(measures.ks)),
            ("Wasserstein", _moved(column)),
            *_tested(measures.chi_square),
            ("nulls", _points(measures.null_change)),
            ("NaN", _points(measures.nan_change)),
            ("infinities", _points(measures.infinite_change)),
            ("new categories", _percent(measures.new_share)),
            ("beyond the bins", _points(measures.tail_change)),
        )
        if text
    )


def _between(bounds: tuple[float, float] | None) -> str:
    return "" if bounds is None else f"{bounds[0]:.3f} to {bounds[1]:.3f}"


def _moved(column: ColumnDrift) -> str:
    moved, scaled = column.distances.wasserstein, column.distances.wasserstein_scaled
    if moved is None:
        return ""
    amount = duration(moved) if column.reference.kind is ColumnKind.TIME else number(moved, 3)
    return amount if scaled is None else f"{amount} ({scaled:.2f} standard deviations)"


def _tested(test: ChiSquare | None) -> Iterator[tuple[str, str]]:
    if test is not None:
        p = "p < 0.001" if test.p_value < 0.001 else f"p = {test.p_value:.3f}"
        yield "chi-square", f"{number(test.statistic)}, {p}"
        yield "Cramér's V", f"{test.cramers_v:.3f}"


def _points(change: float | None) -> str:
    return f"{100 * change:+.2f} points" if change else ""


def _percent(share: float | None) -> str:
    return f"{100 * share:.2f} %" if share else ""


def strip_label(finding: Finding) -> str:
    """What the strip shows: ``effect 0.245, threshold 0.234, blocks 0.079 to 0.139``."""
    text = f"effect {finding.effect:.3f}, threshold {finding.threshold.value:.3f}"
    if not finding.threshold.blocks:
        return text
    low, high = min(finding.threshold.blocks), max(finding.threshold.blocks)
    return f"{text}, blocks {low:.3f} to {high:.3f}"


def strip(finding: Finding) -> str:
    """A line with the effect of the batch, those of the blocks and the threshold, as ``svg``."""
    marks = (finding.effect, finding.threshold.value, *finding.threshold.blocks)
    scale = (WIDTH - 2 * RADIUS) / max(marks)
    middle = HEIGHT / 2
    text = escape(strip_label(finding))
    at = RADIUS + finding.threshold.value * scale
    dots = "".join(
        _dot(RADIUS + effect * scale, kind)
        for kind, effects in (("then", finding.threshold.blocks), ("now", (finding.effect,)))
        for effect in effects
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{text}">'
        f'<title>{text}</title><path class="axis" d="M0 {middle:g}H{WIDTH}"/>'
        f'<path class="limit" d="M{at:.4g} 1V{HEIGHT - 1}"/>{dots}</svg>'
    )


def _dot(x: float, kind: str) -> str:
    return f'<circle class="{kind}" cx="{x:.4g}" cy="{HEIGHT / 2:g}" r="{RADIUS}"/>'
