"""A challenger against a champion in the terminal."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from stagebook.cli.printed import Screen, put
from stagebook.project.text import counted, plain

if TYPE_CHECKING:
    from stagebook.model.calibration import Calibration
    from stagebook.model.paired_comparison import PairedComparison, SliceComparison
    from stagebook.model.paired_metrics import PairedMetric
    from stagebook.workflow.log_replay import Replay
    from stagebook.workflow.model_comparison import ModelComparison, Side

_out = Screen()
_PICTURE = 25  # cells of an interval's picture; the middle is no difference
_ROOM = 100  # columns of a terminal with room for pictures
_DIGITS = 8
_VALUE = 32
_BEST = (("intercept", "0"), ("slope", "1"), ("error", "0"))


def show(comparison: "ModelComparison") -> None:
    """Prints a comparison: both packages, metrics, calibration, slices, and the verdict last."""
    _out.print(Text.assemble(("champion    ", "dim"), *_named(comparison.champion)))
    _out.print(Text.assemble(("challenger  ", "dim"), *_named(comparison.challenger)))
    for name, words in _rows(comparison):
        _out.print(Text.assemble((f"{name:<12}", "dim"), words))
    result = comparison.result
    _out.print()
    put(_out, _metrics(result))
    _out.print()
    put(_out, _calibration(result))
    _out.print()
    _out.print(Text("observed - predicted in bins of the predictions, lowest first", "dim"))
    put(_out, _reliability(result))
    _out.print()
    for line in _disagreement(result):
        _out.print(line)
    if result.slices:
        _out.print()
        put(_out, _slices(result))
    _out.print()
    verdict(result)


def verdict(result: "PairedComparison") -> None:
    """Prints the verdict, the rule that it follows from, and the reasons against."""
    style = "green" if result.may_replace else "bold red"
    mark = "✓ " if result.may_replace else "✗ "
    _out.print(Text.assemble((mark, style), (result.verdict.value, style), f"  {_rule(result)}"))
    for reason in result.reasons:
        _out.print(Text.assemble(("  → ", "cyan"), plain(reason)))
    may = "may" if result.may_replace else "may not"
    _out.print(Text(f"The challenger {may} replace the champion.", style))


def _named(side: "Side") -> Iterator[str | tuple[str, str]]:
    yield plain(side.name), "bold"
    yield f"  {side.digest[:16]}"
    yield f"  {plain(side.source)}", "dim"


def _rows(comparison: "ModelComparison") -> Iterator[tuple[str, str]]:
    result, rows, replay = comparison.result, comparison.rows, comparison.replay
    clusters = f" in {counted(result.clusters, 'cluster')}" if result.clusters else ""
    if replay:
        days = replay.first if replay.first == replay.last else f"{replay.first} to {replay.last}"
        yield "rows", f"{result.rows:,}{clusters} of {plain(replay.log)}, {days}"
        yield from _replayed(replay, result.rows)
        return
    left_out = f", {rows.unlabelled:,} without a label left out" if rows.unlabelled else ""
    yield "rows", f"{result.rows:,}{clusters} of {plain(rows.path)}{left_out}"


def _replayed(replay: "Replay", rows: int) -> Iterator[tuple[str, str]]:
    """Where labels and predictions come from, and what was left out."""
    counts = {
        "without a label": replay.unlabelled,
        "with contradictory labels": replay.contradictory,
        "that the champion could not predict": replay.failed,
        "with a text that the log masks": replay.masked,
        "that the shadow did not predict": replay.unseen,
    }
    left_out = [f"{count:,} {words}" for words, count in counts.items() if count]
    if left_out:
        yield "left out", ", ".join(left_out)
    unknown = f", {replay.unknown:,} of them for no prediction of the champion"
    yield "labels", f"{plain(replay.labels)}{unknown if replay.unknown else ''}"
    challenger = "as a shadow" if replay.shadow else "now"
    if 0 < replay.shadow < rows:
        challenger += f", of {counted(rows - replay.shadow, 'row')} now"
    yield "predicted", f"by the champion when it was served, by the challenger {challenger}"


def _rule(result: "PairedComparison") -> str:
    rule = result.rule
    limit = f"{rule.margin:g} worse at most" if rule.margin else "no loss allowed"
    slices = "" if rule.slice_margin is None else f", {rule.slice_margin:g} in a slice"
    return f"by {rule.metric}: {limit}{slices}, at {rule.confidence:.4g} confidence"


def _table(*names: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for place, name in enumerate(names):
        table.add_column(name, justify="right" if 0 < place < 4 else "left", overflow="fold")
    return table


def _metrics(result: "PairedComparison") -> Table:
    table = _table("metric", "champion", "challenger", "difference", "interval")
    for metric in result.metrics:
        name = Text(metric.name, "bold" if metric.name == result.rule.metric else "")
        if metric.reason:
            table.add_row(name, "–", "–", "–", Text(metric.reason, "yellow"))
            continue
        places = _places(metric)
        table.add_row(
            name,
            f"{metric.champion:.{places}f}",
            f"{metric.challenger:.{places}f}",
            _difference(metric, places),
            _interval(metric, places),
        )
    return table


def _difference(metric: "PairedMetric", places: int) -> Text:
    """The difference, green or red if it is not only chance."""
    if metric.difference is None:
        return Text("–")
    style = ""
    if metric.gain and metric.higher_is_better is not None:
        _, low, high = metric.gain
        style = "green" if low > 0 else "red" if high < 0 else ""
    return Text(f"{metric.difference:+.{places}f}", style)


def _interval(metric: "PairedMetric", places: int) -> Text:
    if metric.low is None or metric.high is None:
        return Text("unknown", "dim")
    return Text(f"{metric.low:+.{places}f} to {metric.high:+.{places}f}")


def _places(metric: "PairedMetric") -> int:
    """Decimals that show two digits of the interval's half width."""
    if metric.low is None or metric.high is None or metric.high <= metric.low:
        return 4
    half = (metric.high - metric.low) / 2
    return min(_DIGITS, max(0, 1 - math.floor(math.log10(half))))


def _calibration(result: "PairedComparison") -> Table:
    table = _table("calibration", "champion", "challenger", "best")
    for name, best in _BEST:
        cells = (_cell(each, name) for each in (result.champion, result.challenger))
        table.add_row(name, *cells, Text(best, "dim"))
    return table


def _cell(calibration: "Calibration", name: str) -> str:
    value: float | None = getattr(calibration, name)
    return "–" if value is None else f"{value:.4g}"


def _reliability(result: "PairedComparison") -> Table:
    """What happened minus what was predicted, for each bin of the predictions."""
    sides = (("champion", result.champion), ("challenger", result.challenger))
    most = max(len(calibration.bins) for _, calibration in sides)
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_header=False)
    for place in range(most + 1):
        table.add_column("", justify="right" if place else "left", no_wrap=True)
    for name, calibration in sides:
        apart = [each.observed - each.predicted for each in calibration.bins]
        table.add_row(name, *(_short(value) for value in apart))
    return table


def _short(value: float) -> str:
    """A signed number in five or six characters."""
    return f"{value:+.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:+.3g}"


def _disagreement(result: "PairedComparison") -> Iterator[Text]:
    apart = result.disagreement
    if apart.share is not None:
        words = (
            f"{apart.share:.2%} of the decisions at {result.rule.threshold:g}; "
            f"yes by the champion alone: {apart.champion_only:,}, "
            f"by the challenger alone: {apart.challenger_only:,}"
        )
        yield Text.assemble(("decisions differ    ", "dim"), words)
    words = f"{apart.mean:.4g} apart on average, {apart.largest:.4g} at most"
    yield Text.assemble(("predictions differ  ", "dim"), words)


def _slices(result: "PairedComparison") -> Table:
    """A line for each slice; on a wide terminal with a picture of its interval."""
    table = _table("slice", "rows", "champion", "challenger", f"{result.rule.metric}, interval")
    pictures = _out.is_terminal and _out.width >= _ROOM
    if pictures:
        table.add_column("worse  ┊  better".center(_PICTURE), no_wrap=True)
    deciding = [_deciding(part, result) for part in result.slices]
    ends = [abs(end) for each in deciding if each.gain for end in each.gain]
    for part, metric in zip(result.slices, deciding, strict=True):
        picture = (_picture(metric, max(ends, default=0.0)),) if pictures else ()
        table.add_row(*_slice(part, metric), *picture)
    return table


def _deciding(part: "SliceComparison", result: "PairedComparison") -> "PairedMetric":
    return next(metric for metric in part.metrics if metric.name == result.rule.metric)


def _slice(part: "SliceComparison", metric: "PairedMetric") -> Iterator[str | Text]:
    mark = ("✗ ", "bold red") if part.worse else ""
    yield Text.assemble(mark, (f"{plain(part.column)} ", "dim"), plain(part.value, _VALUE))
    yield f"{part.rows:,}"
    if metric.reason:
        yield from ("–", "–", Text(metric.reason, "yellow"))
        return
    places = _places(metric)
    yield f"{metric.champion:.{places}f}"
    yield f"{metric.challenger:.{places}f}"
    if part.few:
        yield Text(part.few, "yellow")
    else:
        change = _difference(metric, places)
        yield Text.assemble(change, (f"  {_interval(metric, places)}", "dim"))


def _picture(metric: "PairedMetric", largest: float) -> Text:
    """An interval as a line; the middle means that there is no difference."""
    middle = _PICTURE // 2
    cells = [" "] * _PICTURE
    cells[middle] = "┊"
    if metric.gain is None or not largest:
        return Text("".join(cells), "dim")
    gain, low, high = (middle + round(end / largest * middle) for end in metric.gain)
    cells[low : high + 1] = ["─"] * (high + 1 - low)
    cells[gain] = "●"
    _, lower, upper = metric.gain
    return Text("".join(cells), "green" if lower > 0 else "red" if upper < 0 else "")
