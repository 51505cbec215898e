"""Tests of a deployment in the terminal: checks, load and endurance."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from stagebook.cli.printed import Screen
from stagebook.project.text import counted, plain
from stagebook.report import bars

if TYPE_CHECKING:
    from stagebook.serving.testing.load_test import LoadPlan, LoadReport, LoadResult
    from stagebook.serving.testing.packaged_rows import PackagedRows
    from stagebook.serving.testing.soak import SoakResult, SoakSpan
    from stagebook.workflow.deployment_tests import CheckReport

_out = Screen()
_BINS = 32
_BAR = 24  # cells at most; the limit is in the middle
_MEGABYTE = 1_000_000
_HEAD = f"  {'rate':>9}{'answered':>10}{'p50':>10}{'p99':>10}{'p99.9':>10}{'failed':>7}"


def show_checks(report: "CheckReport", *, as_json: bool) -> None:
    """Prints a line for each check of a server, and what is wrong below it."""
    if as_json:
        checks = [
            {"name": check.name, "holds": check.holds, "problem": check.problem}
            for check in report.checks
        ]
        return _print_json({**_named(report.rows), "holds": report.holds, "checks": checks})
    _title(report.rows)
    for check in report.checks:
        _out.print(Text.assemble(_mark(check.holds), check.name))
        if check.problem:
            _out.print(Text.assemble(("  → ", "cyan"), plain(check.problem)))
    failed = sum(not check.holds for check in report.checks)
    _verdict(
        not failed,
        "The server passes every check.",
        f"The server fails {counted(failed, 'check')}.",
    )
    return None


class LoadScreen:
    """A load test while it runs, and its end.

    Args:
        plan: What the test does.
        as_json: Whether to print only JSON, at the end.
    """

    def __init__(self, plan: "LoadPlan", *, as_json: bool) -> None:
        self._plan, self._as_json = plan, as_json
        self._names: dict[str, str] = {}

    def started(self, rows: "PackagedRows") -> None:
        """Prints what is tested."""
        self._names = _named(rows)
        if self._as_json:
            return
        _title(rows)
        seconds = f"{self._plan.seconds:g} s"
        if self._plan.rate is None:
            limit = _limit(self._plan.p99 or 0.0)
            goal = f"The highest rate with a p99 of at most {limit}; {seconds} for each rate"
            _out.print(Text(goal, "dim"))
            _out.print(Text(f"{_HEAD}  {'p99, limit: ┊' if _bar_cells() else ''}", "bold"))
        else:
            _out.print(Text(f"{self._plan.rate:g} requests per second for {seconds}", "dim"))

    def measured(self, result: "LoadResult") -> None:
        """Prints a rate of a search."""
        if not self._as_json and self._plan.rate is None:
            _out.print(_row(result, self._plan.p99 or math.inf), soft_wrap=True)

    def finished(self, report: "LoadReport") -> None:
        """Prints what the test gave."""
        if self._as_json:
            return _print_json({**self._names, **_load_values(report)})
        last = report.results[-1]
        if self._plan.rate is not None:
            _details(last)
        else:
            _out.print(f"memory {_memory(last.memory)}")
        if (limit := self._plan.p99) is not None:
            bound = f"a p99 of at most {_limit(limit)}"
            highest = report.highest or 0.0
            reached = f"The server holds {bound} at {highest:g} requests per second."
            _verdict(report.holds, reached, f"The server does not hold {bound}.")
        return None


class SoakScreen:
    """A soak test while it runs, and its end.

    Args:
        seconds: How long the test takes.
        as_json: Whether to print only JSON, at the end.
    """

    def __init__(self, seconds: float, *, as_json: bool) -> None:
        self._seconds, self._as_json = seconds, as_json
        self._names: dict[str, str] = {}

    def started(self, rows: "PackagedRows") -> None:
        """Prints what is tested."""
        self._names = _named(rows)
        if not self._as_json:
            _title(rows)
            _out.print(Text(f"{self._seconds:g} s in ten parts", "dim"))
            _out.print(
                Text(f"  {'rate':>9}{'p99':>10}{'failed':>7}{'memory':>10}{'open':>6}", "bold")
            )

    def measured(self, span: "SoakSpan") -> None:
        """Prints a tenth of the test."""
        if self._as_json:
            return
        load = span.load
        figures = f"{_rate(load.rate):>9}{_duration(load.percentile(0.99)):>10}"
        held = f"{_memory(load.memory):>10}{span.handles:>6}"
        _out.print(Text.assemble(_mark(not load.errors), figures, _failed(load), held))

    def finished(self, soak: "SoakResult") -> None:
        """Prints what grew."""
        if self._as_json:
            return _print_json({**self._names, **_soak_values(soak)})
        rows = [("memory", soak.memory_grows, *map(_memory, soak.memory))]
        rows.append(("open files", soak.handles_grow, *map(str, soak.handles)))
        for name, grows, before, after in rows:
            words = f"{name:12}{before} before, {after} at the end"
            _out.print(Text.assemble(_mark(not grows), words, ": grows" if grows else ""))
        if soak.errors:
            _out.print(Text.assemble(_mark(False), f"{'failed':12}{_errors(soak.errors)}"))
        _verdict(soak.holds, "The server passes the soak test.", "The server fails the soak test.")
        return None


def _details(result: "LoadResult") -> None:
    """The figures of one rate, and a histogram of its latencies."""
    values = {
        "answered": f"{_rate(result.answered)}, {counted(len(result.latencies), 'request')}",
        "p50": _duration(result.percentile(0.5)),
        "p99": _duration(result.percentile(0.99)),
        "p99.9": _duration(result.percentile(0.999)),
        "failed": _errors(result.errors) or "none",
        "memory": _memory(result.memory),
    }
    for name, value in values.items():
        _out.print(Text.assemble((f"  {name:10}", "bold"), value))
    if result.latencies:
        low, high = result.latencies[0], result.latencies[-1]
        picture = bars.line(_logarithmic(result.latencies), _BINS)
        _out.print(
            Text.assemble(
                ("  latency   ", "bold"),
                f"{_duration(low)} ",
                (picture, "cyan"),
                f" {_duration(high)}  ",
                ("log scale", "dim"),
            )
        )


def _logarithmic(latencies: Sequence[float]) -> list[int]:
    """Counts of latencies in bins that are equally wide on a logarithmic scale."""
    low, high = math.log(latencies[0]), math.log(latencies[-1])
    counts = [0] * (_BINS + 2)  # the first and the last are open tails, which stay empty
    for latency in latencies:
        share = (math.log(latency) - low) / (high - low) if high > low else 0.0
        counts[1 + min(_BINS - 1, int(share * _BINS))] += 1
    return counts


def _row(result: "LoadResult", limit: float) -> Text:
    """A rate of a search, with its p99 as a bar; the limit is in the middle of the bar."""
    times = [_duration(result.percentile(share)) for share in (0.5, 0.99, 0.999)]
    figures = f"{_rate(result.rate):>9}{_rate(result.answered):>10}" + "".join(
        f"{time:>10}" for time in times
    )
    holds = result.holds(limit)
    row = Text.assemble(_mark(holds), figures, _failed(result))
    if width := _bar_cells():
        half = width // 2
        cells = math.ceil(min(2.0, result.percentile(0.99) / limit) * half)
        row.append("  " + "█" * min(cells, half), "green" if holds else "yellow")
        row.append(" " * (half - cells) + "┊", "dim")
        row.append("█" * (cells - half), "yellow")
    return row


def _bar_cells() -> int:
    """The width of a bar, an even number; 0 if there is no room for one."""
    room = _out.width - len(_HEAD) - 3 if _out.is_terminal else _BAR
    return min(_BAR, room // 2 * 2) if room >= _BAR // 3 else 0


def _load_values(report: "LoadReport") -> dict[str, Any]:
    limit = report.plan.p99
    rates = [
        {
            "rate": result.rate,
            "answered": result.answered,
            "requests": len(result.latencies) + sum(result.errors.values()),
            "p50": _milliseconds(result.percentile(0.5)),
            "p99": _milliseconds(result.percentile(0.99)),
            "p99.9": _milliseconds(result.percentile(0.999)),
            "errors": result.errors,
            "memory": result.memory,
        }
        for result in report.results
    ]
    return {
        "holds": report.holds,
        "seconds": report.plan.seconds,
        "limit": None if limit is None else _milliseconds(limit),
        "highest": report.highest,
        "rates": rates,
    }


def _soak_values(soak: "SoakResult") -> dict[str, Any]:
    def values(pair: tuple[int, int], grows: bool) -> dict[str, Any]:
        return {"before": pair[0], "after": pair[1], "grows": grows}

    loads = [span.load for span in soak.spans]
    return {
        "holds": soak.holds,
        "rate": loads[0].rate,
        "answered": sum(len(load.latencies) for load in loads),
        "errors": soak.errors,
        "memory": values(soak.memory, soak.memory_grows),
        "handles": values(soak.handles, soak.handles_grow),
    }


def _named(rows: "PackagedRows") -> dict[str, str]:
    return {"name": rows.name, "digest": rows.digest}


def _print_json(values: Mapping[str, Any]) -> None:
    click.echo(json.dumps(values, ensure_ascii=False))


def _title(rows: "PackagedRows") -> None:
    _out.print(Text.assemble((plain(rows.name), "bold"), f"  {rows.digest[:16]}"))


def _mark(holds: bool) -> tuple[str, str]:
    return ("✓ ", "green") if holds else ("✗ ", "bold red")


def _verdict(holds: bool, good: str, bad: str) -> None:
    _out.print(Text(good, "green") if holds else Text(bad, "bold red"))


def _failed(result: "LoadResult") -> tuple[str, str]:
    count = sum(result.errors.values())
    return f"{count:>7,}", "red" if count else "dim"


def _errors(errors: Mapping[str, int]) -> str:
    return ", ".join(f"{kind}: {count:,}" for kind, count in errors.items())


def _rate(value: float) -> str:
    return f"{value:,.0f}/s" if value >= 100 else f"{value:,.1f}/s"


def _milliseconds(seconds: float) -> float | None:
    return round(seconds * 1000, 3) if math.isfinite(seconds) else None


def _duration(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "–"
    if seconds >= 1:
        return f"{seconds:,.2f} s"
    return f"{seconds * 1000:.1f} ms"


def _limit(seconds: float) -> str:
    return f"{seconds * 1000:g} ms"


def _memory(count: int) -> str:
    return f"{count / _MEGABYTE:,.0f} MB"
