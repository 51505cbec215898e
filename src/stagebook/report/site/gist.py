"""The gist of a build as GitHub's Markdown, for a pull request."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from stagebook.data.contracts.verdict import RuleFailure
from stagebook.history.gates import GateVerdict
from stagebook.history.project_status import ProjectStatus, StageState, StageStatus
from stagebook.history.staleness import Causes
from stagebook.history.verdict import Grade, gate_grade
from stagebook.report import log_words, metric_words
from stagebook.report.site import front, inert, overall, problems, provenance
from stagebook.report.site.inert import code
from stagebook.report.site.line import ListLine

LONGEST = 60
"""Lines that it has at most."""

_METRICS, _STAGES, _RULES, _LINES, _NAMES = 8, 6, 3, 3, 12
_BOTH = 3, 2  # stages that were rebuilt, and others, where there are both
_NOTES, _WHY = 2, 3
_MARKS = {Grade.GOOD: "✅", Grade.WARNINGS: "⚠️", Grade.FAILED: "❌"}
_OTHERS = (
    StageState.UNCHANGED,
    StageState.UNKNOWN,
    StageState.MISSING,
    StageState.NOT_REACHED,
    StageState.STALE,
    StageState.EDITED,
    StageState.NEVER,
)


def render(
    status: ProjectStatus,
    drifts: Sequence[ListLine],
    models: Sequence[ListLine],
    stopped: Mapping[str, str],
    link: str = "",
) -> str:
    """The gist of a build.

    Args:
        status: The project.
        drifts: A line for each table that is compared with a reference.
        models: A line for each packaged model.
        stopped: Of each failed stage that left one, the path of its notebook as far as it got.
        link: Address of the site; empty for none.

    Raises:
        StagebookError: The address is invalid.
    """
    sections = (
        _head(status, *overall.verdict(status, drifts, models)),
        _metrics(status),
        _failed(status, stopped),
        _stages(status),
        _contracts(status),
        _lines("Drift", drifts, "⚠️"),
        _lines("Models", models, "❌"),
        [f"[All pages]({inert.address(link)})"] if link else [],
    )
    return "\n\n".join("\n".join(item) for item in map(list, sections) if item) + "\n"


def _head(status: ProjectStatus, grade: Grade, reasons: Sequence[ListLine]) -> Iterator[str]:
    yield f"### {_MARKS[grade]} {code(status.project, 60)}: {_verdict(grade, reasons)}"
    yield ""
    yield provenance.sentence(status, lambda text: code(text, 140))
    notes = [code(note, 200) for note in status.notes]
    yield from (f"> {item}  " for item in _cut(notes, _NOTES))


def _verdict(grade: Grade, reasons: Sequence[ListLine]) -> str:
    """The grade, with the worst of its reasons."""
    word = overall.WORDS[grade].lower()
    if grade is Grade.GOOD:
        return word
    reason, *others = reasons
    more = f", and {len(others)} more" if others else ""
    return f"{word} ({code(reason.name, 80)}: {_word(reason.state)}{more})"


def _metrics(status: ProjectStatus) -> list[str]:
    rows = list(_rows(status))
    if not rows:
        return []
    base = code(status.against, 40) if status.against else "the build before"
    return _short_table(("metric", "#now", f"#{base}", "#change", "gate"), rows, _METRICS)


def _short_table(head: tuple[str, ...], rows: list[list[str]], most: int) -> list[str]:
    more = len(rows) - most
    last = [[f"and {more} more", *[""] * (len(head) - 1)]] if more > 0 else []
    return inert.table(head, [*rows[:most], *last])


def _rows(status: ProjectStatus) -> Iterator[list[str]]:
    """The headline metrics, and then the others that have a gate, those that fail it first."""
    first = [(metric.file, metric.name) for metric in status.headlines]
    for metric in status.headlines:
        base = metric.base if status.against else metric.before
        verdict = status.verdict(metric.file, metric.name)
        yield _row(metric.name, (metric.value, base, metric.stale), verdict, status)
    for verdict in sorted(status.verdicts, key=lambda gate_verdict: gate_verdict.holds):
        gate = verdict.gate
        if (gate.file, gate.name) not in first:
            values = (verdict.value, verdict.base, verdict.stale)
            yield _row(gate.name, values, verdict, status)


def _row(
    name: str, values: tuple[Any, Any, Causes], verdict: GateVerdict | None, status: ProjectStatus
) -> list[str]:
    """A metric; its values are the value, what that is compared with, and why it is stale."""
    value, base, causes = values
    shown = [
        inert.number(metric_words.shown(item)) if item is not None else "" for item in (value, base)
    ]
    change = inert.number(metric_words.change(value, base).words)
    if causes:
        shown[0], change = f"{shown[0]} (stale)".strip(), ""
    return [code(name, 60), *shown, change, _gate(verdict, status) if verdict else ""]


def _gate(verdict: GateVerdict, status: ProjectStatus) -> str:
    words = "" if verdict.holds else f"**{_failure_words(verdict, status)}**"
    mark = _MARKS[gate_grade(verdict)]
    bounds = metric_words.bounds(verdict.gate, "")
    if status.against:  # a name is anybody's, and so it is code
        bounds = bounds.replace("the base", code(status.against, 40))
    return " ".join(filter(None, (mark, words or bounds, *_notes(verdict))))


def _failure_words(verdict: GateVerdict, status: ProjectStatus) -> str:
    if verdict.problem is not None:
        unreadable = verdict.problem.code in ("bad-metrics", "merge-conflict")
        return "cannot be read" if unreadable else "no such metric"
    return "; ".join(_inline(failure, status) for failure in verdict.failures)


def _inline(words: str, status: ProjectStatus) -> str:
    """Words of ours in which the name of the other commit, which is anybody's, is made code."""
    if status.against and words.endswith(f" {status.against}"):
        return f"{words.removesuffix(status.against)}{code(status.against, 40)}"
    return words


def _notes(verdict: GateVerdict) -> list[str]:
    return [*(["(not compared)"] if verdict.notes else []), *(["(stale)"] if verdict.stale else [])]


def _failed(status: ProjectStatus, stopped: Mapping[str, str]) -> Iterator[str]:
    """The failed stages, with the first problem and the path of the notebook as far as it got."""
    if (unstarted := status.unstarted) is not None:
        problem = code(str(unstarted.problems[0]), 400)
        yield f"**{code(unstarted.stage, 60)} could not start**: {problem}"
    failed = [stage for stage in status.stages if stage.state is StageState.FAILED]
    for stage in failed[:_LINES]:
        name = f"**{code(stage.name, 60)} {_word(stage.failed)}**"
        page = stopped.get(stage.name)
        where = (
            f"the notebook up to the failure: {code(page)}" if page else "no notebook was executed"
        )
        yield f"{name}{_problem(stage)}; {where}  "
    if len(failed) > _LINES:
        yield f"and {len(failed) - _LINES} more"


def _problem(stage: StageStatus) -> str:
    """The first problem of an execution, with its place."""
    problem = stage.first_problem
    if problem is None:
        return ""
    cell = f", cell {problem.cell}" if problem.cell else ""
    message = f": {code(problem.message, problems.LONGEST)}" if problem.message else ""
    return f"{cell}{message}"


def _stages(status: ProjectStatus) -> Iterator[str]:
    """The stages that were executed, or differ from those in the other commit, and why."""
    rebuilt = [stage for stage in status.notebooks if stage.state is StageState.EXECUTED]
    pulled = [stage for stage in status.notebooks if _pulled(stage, status)]
    most = _BOTH if rebuilt and pulled else (_STAGES, _STAGES)
    yield from _changed("**Rebuilt**", rebuilt, status, most[0])
    if rebuilt and pulled:
        yield ""
    base = f"**Different from {code(status.against, 40)}, not executed here**"
    yield from _changed(base, pulled, status, most[1])
    others = [words for state in _OTHERS if (words := _listed(status, state))]
    stale = [stage for stage in status.stages if stage.stale and not stage.failed]
    if (others or stale) and (rebuilt or pulled):
        yield ""
    yield from (f"{words}  " for words in others)
    for stage in stale[:_LINES]:
        origin = provenance.origin(stage)
        built = f", {code(origin, 120)}" if origin else ""
        causes = code(provenance.stale(stage.stale), 200)
        yield f"{code(stage.name, 60)} is stale: {causes}{built}  "
    if len(stale) > _LINES:
        yield f"and {len(stale) - _LINES} more stale stages"


def _changed(
    head: str, stages: Sequence[StageStatus], status: ProjectStatus, most: int
) -> Iterator[str]:
    """A line for each of some stages, with what changed."""
    if stages:
        yield head
    for stage in stages[:most]:
        why = _why(stage, status)
        more = [f"{len(why) - _WHY} more"] if len(why) > _WHY else []
        words = ", ".join([*(code(item, 80) for item in why[:_WHY]), *more])
        yield f"- {code(stage.name, 60)}{f': {words}' if words else ''}"
    if len(stages) > most:
        yield f"- and {len(stages) - most} more"


def _pulled(stage: StageStatus, status: ProjectStatus) -> bool:
    return stage.state is StageState.UNCHANGED and stage.name in status.rebuilt


def _why(stage: StageStatus, status: ProjectStatus) -> list[str]:
    """What changed since it was executed before; if that was elsewhere, since the other commit."""
    if stage.row is not None and not stage.row.first:
        return list(front.changed(stage.row))
    first = ["first execution"] if stage.row is not None and not status.against else []
    pair = status.rebuilt.get(stage.name)
    return list(log_words.rebuilt(*pair)) if pair else first


def _listed(status: ProjectStatus, state: StageState) -> str:
    stages = (
        stage for stage in status.notebooks if stage.state is state and not _pulled(stage, status)
    )
    names = [code(stage.name, 60) for stage in stages]
    return f"{state.value.capitalize()}: {', '.join(_cut(names, _NAMES))}" if names else ""


def _contracts(status: ProjectStatus) -> list[str]:
    """A row for each rule that is broken."""
    rows = [
        [code(", ".join(table.paths)), *_rule(failure)]
        for stage in status.stages
        for table in stage.broken_tables
        for failure in table.failures
    ]
    if not rows:
        return []
    return _short_table(("refused table", "rule", "#rows"), rows, _RULES)


def _rule(failure: RuleFailure) -> list[str]:
    is_counted = failure.failed is not None and failure.rows is not None
    count = f"{failure.failed:,} of {failure.rows:,}" if is_counted else ""
    return [code(problems.short(failure)), count]


def _lines(name: str, lines: Sequence[ListLine], bad: str) -> Iterator[str]:
    if lines:
        yield f"**{name}**"
    # what is wrong comes first, so that it is not what is left out
    ordered = sorted(lines, key=lambda line: line.mark == "good")
    for line in ordered[:_LINES]:
        words = f": {code('; '.join(line.words), 160)}" if line.words else ""
        mark = {"good": _mark(True), "warned": "⚠️"}.get(line.mark, bad)
        yield f"- {mark} {code(line.name, 80)} {_word(line.state)}{words}"
    if len(lines) > _LINES:
        yield f"- and {len(lines) - _LINES} more"


def _mark(good: bool) -> str:
    return "✅" if good else "❌"


def _word(outcome: str) -> str:
    """A word of ours, unless a record of another version, or anybody, wrote it."""
    return outcome if outcome.replace(" ", "").isalpha() and outcome.isascii() else code(outcome)


def _cut(words: Iterable[str], most: int) -> list[str]:
    words = list(words)
    return [*words[:most], f"and {len(words) - most} more"] if len(words) > most else words
