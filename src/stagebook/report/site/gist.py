"""The gist of a build as GitHub's Markdown, for a pull request."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from stagebook.record.gates import Verdict
from stagebook.report import metric_words
from stagebook.report.site import front, inert, problems, provenance
from stagebook.report.site.book import Book, Stage, State
from stagebook.report.site.inert import code
from stagebook.report.site.line import Line

LONGEST = 60
"""Lines that it has at most."""

_METRICS, _STAGES, _RULES, _LINES, _NAMES = 8, 6, 3, 3, 12
_BOTH = 3, 2  # stages that were rebuilt, and others, where there are both
_NOTES, _WHY = 2, 3
_OTHERS = (
    State.UNCHANGED,
    State.UNKNOWN,
    State.MISSING,
    State.NOT_REACHED,
    State.STALE,
    State.NEVER,
)


def render(
    book: Book,
    drifts: Sequence[Line],
    models: Sequence[Line],
    stopped: Mapping[str, str],
    link: str = "",
) -> str:
    """The gist of a build.

    Args:
        book: The project.
        drifts: A line for each table that is held against a reference.
        models: A line for each packaged model.
        stopped: Of each failed stage that left one, the path of its notebook as far as it got.
        link: Address of the site; empty for none.

    Raises:
        StagebookError: The address is none.
    """
    sections = (
        _head(book),
        _metrics(book),
        _failed(book, stopped),
        _stages(book),
        _contracts(book),
        _lines("Drift", drifts, "⚠️"),
        _lines("Models", models, "❌"),
        [f"[All pages]({inert.address(link)})"] if link else [],
    )
    return "\n\n".join("\n".join(one) for one in map(list, sections) if one) + "\n"


def _head(book: Book) -> Iterator[str]:
    trouble = _trouble(book)
    doubt = _doubt(book)
    told = trouble or doubt or "good"
    mark = "⚠️" if doubt and not trouble else _mark(trouble is None)
    yield f"### {mark} {code(book.project, 60)}: {told}"
    yield ""
    yield provenance.sentence(book, lambda text: code(text, 140))
    notes = [code(one, 200) for one in book.notes]
    yield from (f"> {one}  " for one in _cut(notes, _NOTES))


def _doubt(book: Book) -> str:
    """Why a build that went well so far as is known may not be good; empty for no reason."""
    if any(one.state is State.MISSING for one in book.stages):
        return "outputs are missing here"
    if book.edited:
        return "outputs are not what dvc.lock has"
    return "not all is known of the last build" if book.blind else ""


def _trouble(book: Book) -> str | None:
    """What is wrong with the build, the worst of it, in words."""
    if book.unstarted is not None:
        return f"{code(book.unstarted.stage, 60)} could not start"
    if not book.stages:
        return "there is no stage"
    for stage in book.stages:
        if stage.state is State.FAILED:
            return f"{code(stage.name, 60)} {_word(stage.failed)}"
    if any(one.state in (State.NEVER, State.STALE) for one in book.notebooks):
        return "not all is built"
    if unread := sum(bool(one.trouble) for one in book.headlines):
        return f"{unread} of {len(book.headlines)} headline metrics have no value"
    failed = sum(not one.holds for one in book.verdicts)
    return f"{failed} of {len(book.verdicts)} gates failed" if failed else None


def _metrics(book: Book) -> list[str]:
    rows = list(_rows(book))
    if not rows:
        return []
    base = code(book.against, 40) if book.against else "the build before"
    return _short_table(("metric", "#now", f"#{base}", "#change", "gate"), rows, _METRICS)


def _short_table(head: tuple[str, ...], rows: list[list[str]], most: int) -> list[str]:
    more = len(rows) - most
    last = [[f"and {more} more", *[""] * (len(head) - 1)]] if more > 0 else []
    return inert.table(head, [*rows[:most], *last])


def _rows(book: Book) -> Iterator[list[str]]:
    """The headline metrics, and then the others that have a gate, those that fail it first."""
    first = [(one.file, one.name) for one in book.headlines]
    for one in book.headlines:
        base = one.base if book.against else one.before
        yield _row(one.name, one.value, base, book.verdict(one.file, one.name), book)
    for verdict in sorted(book.verdicts, key=lambda one: one.holds):
        gate = verdict.gate
        if (gate.file, gate.name) not in first:
            yield _row(gate.name, verdict.value, verdict.base, verdict, book)


def _row(name: str, value: Any, base: Any, verdict: Verdict | None, book: Book) -> list[str]:
    shown = [
        inert.number(metric_words.shown(one)) if one is not None else "" for one in (value, base)
    ]
    change = inert.number(metric_words.change(value, base).words)
    return [code(name, 60), *shown, change, _gate(verdict, book) if verdict else ""]


def _gate(verdict: Verdict, book: Book) -> str:
    words = "" if verdict.holds else f"**{_told(verdict, book)}**"
    mark = _mark(verdict.holds) if verdict.judged else "⚠️"
    bounds = metric_words.bounds(verdict.gate, "")
    if book.against:  # a name is anybody's, and so it is code
        bounds = bounds.replace("the base", code(book.against, 40))
    return " ".join(filter(None, (mark, words or bounds, *_notes(verdict))))


def _told(verdict: Verdict, book: Book) -> str:
    if verdict.problem is not None:
        return "cannot be read" if verdict.problem.code == "bad-metrics" else "no such metric"
    return "; ".join(_inline(one, book) for one in verdict.failures)


def _inline(words: str, book: Book) -> str:
    """Words of ours in which the name of the other commit, which is anybody's, is made code."""
    if book.against and words.endswith(f" {book.against}"):
        return f"{words.removesuffix(book.against)}{code(book.against, 40)}"
    return words


def _notes(verdict: Verdict) -> list[str]:
    return ["(not compared)"] if verdict.notes else []


def _failed(book: Book, stopped: Mapping[str, str]) -> Iterator[str]:
    """What failed, with the first problem and where the notebook lies as far as it got."""
    if (one := book.unstarted) is not None:
        yield f"**{code(one.stage, 60)} could not start**: {code(str(one.problems[0]), 400)}"
    failed = [stage for stage in book.stages if stage.state is State.FAILED]
    for stage in failed[:_LINES]:
        name = f"**{code(stage.name, 60)} {_word(stage.failed)}**"
        page = stopped.get(stage.name)
        where = (
            f"the notebook as far as it got: {code(page)}" if page else "no notebook was executed"
        )
        yield f"{name}{_problem(stage)}; {where}  "
    if len(failed) > _LINES:
        yield f"and {len(failed) - _LINES} more"


def _problem(stage: Stage) -> str:
    """The first problem of an execution, with its place."""
    found = problems.Trouble.of(stage)
    if found is None:
        return ""
    cell = f", cell {found.cell}" if found.cell else ""
    told = f": {code(found.message, problems.LONGEST)}" if found.message else ""
    return f"{cell}{told}"


def _stages(book: Book) -> Iterator[str]:
    """The stages that were executed, or are others than in the other commit, and why."""
    rebuilt = [one for one in book.notebooks if one.state is State.EXECUTED]
    pulled = [one for one in book.notebooks if _pulled(one, book)]
    most = _BOTH if rebuilt and pulled else (_STAGES, _STAGES)
    yield from _changed("**Rebuilt**", rebuilt, book, most[0])
    if rebuilt and pulled:
        yield ""
    base = f"**Other than in {code(book.against, 40)}, not executed here**"
    yield from _changed(base, pulled, book, most[1])
    rest = [words for state in _OTHERS if (words := _listed(book, state))]
    if rest and (rebuilt or pulled):
        yield ""
    yield from (f"{words}  " for words in rest)


def _changed(head: str, stages: Sequence[Stage], book: Book, most: int) -> Iterator[str]:
    """A line for each of some stages, with what changed."""
    if stages:
        yield head
    for stage in stages[:most]:
        why = _why(stage, book)
        more = [f"{len(why) - _WHY} more"] if len(why) > _WHY else []
        words = ", ".join([*(code(one, 80) for one in why[:_WHY]), *more])
        yield f"- {code(stage.name, 60)}{f': {words}' if words else ''}"
    if len(stages) > most:
        yield f"- and {len(stages) - most} more"


def _pulled(stage: Stage, book: Book) -> bool:
    return stage.state is State.UNCHANGED and stage.name in book.rebuilt


def _why(stage: Stage, book: Book) -> list[str]:
    """What changed since it was executed before; if that was elsewhere, since the other commit."""
    if stage.row is not None and not stage.row.first:
        return list(front.changed(stage.row))
    first = ["the first"] if stage.row is not None and not book.against else []
    return list(book.rebuilt.get(stage.name, first))


def _listed(book: Book, state: State) -> str:
    found = (one for one in book.notebooks if one.state is state and not _pulled(one, book))
    names = [code(one.name, 60) for one in found]
    return f"{state.value.capitalize()}: {', '.join(_cut(names, _NAMES))}" if names else ""


def _contracts(book: Book) -> list[str]:
    """A row for each rule that is broken."""
    rows = [
        [code(", ".join(map(str, table.get("paths", ())))), *_rule(failure)]
        for stage in book.stages
        for table in stage.tables()
        if table.get("contract") and table.get("holds") is False
        for failure in table.get("failures") or ()
    ]
    if not rows:
        return []
    return _short_table(("refused table", "rule", "#rows"), rows, _RULES)


def _rule(failure: Mapping[str, Any]) -> list[str]:
    failed, rows = failure.get("failed"), failure.get("rows")
    count = f"{failed:,} of {rows:,}" if isinstance(failed, int) and isinstance(rows, int) else ""
    return [code(problems.short(failure)), count]


def _lines(name: str, lines: Sequence[Line], bad: str) -> Iterator[str]:
    if lines:
        yield f"**{name}**"
    # what is wrong comes first, so that it is not what is left out
    ordered = sorted(lines, key=lambda one: one.mark == "good")
    for one in ordered[:_LINES]:
        words = f": {code('; '.join(one.words), 160)}" if one.words else ""
        mark = {"good": _mark(True), "warned": "⚠️"}.get(one.mark, bad)
        yield f"- {mark} {code(one.name, 80)} {_word(one.state)}{words}"
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
