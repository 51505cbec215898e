"""The colophon: the block that closes every executed notebook and its page."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from stagebook.data.inspection import Inspection
from stagebook.execution.outcome import Outcome
from stagebook.pipeline.dvc import HashedPath
from stagebook.record.record import Record
from stagebook.report import markup
from stagebook.report.markup import code, escaped, heading, left, place, prose, right, wrapped

if TYPE_CHECKING:
    from stagebook.report.colophon_tables import TableView

TAG = "colophon"

_SHORT = 8


def render(record: Record, tables: Iterable[Inspection] = ()) -> str:
    """The colophon of an execution, as Markdown.

    Args:
        record: Its record.
        tables: The inspections of its tables.
    """
    views, sections = _of_tables(tuple(tables))
    refused = record.outcome == Outcome.REFUSED.value  # then the tables have the problems
    files = [*_files("read", record, views), *_files("wrote", record, views)]
    block = markup.block(
        [
            *(_problems(record) if record.problems and not refused else []),
            markup.table((), _facts(record)),
            *(_parameters(record) if record.parameters else []),
            *([markup.table((), files)] if files else []),
        ]
    )
    parts = ["---", "## Colophon", _sentence(record), block, sections]
    return "\n\n".join(filter(None, parts)).rstrip() + "\n"


def _of_tables(tables: tuple[Inspection, ...]) -> tuple["list[TableView]", str]:
    """The views of tables, and their section; a run without tables imports no numpy for it."""
    if not tables:
        return [], ""
    from stagebook.report import colophon_tables

    views = [colophon_tables.TableView.of(table) for table in tables]
    return views, colophon_tables.render(views)


def command(record: Record) -> str:
    """The shell command that runs the same again, here and now."""
    trial = record.trial
    if trial is None:
        return f"dvc repro {shlex.quote(record.stage)}"
    values = [f"-P {shlex.quote(f'{name}={value}')}" for name, value in trial.overrides.items()]
    downstream = ["--downstream"] if trial.stage != record.stage else []
    return " ".join([f"stagebook run {shlex.quote(trial.stage)}", *values, *downstream])


def recreation(record: Record) -> str:
    """The shell command that makes the same outputs, from a clone and at any later time."""
    again = command(record)
    if record.build and record.volatile.remote:
        again = again.replace("dvc repro", "dvc repro --pull", 1)
    if record.git is None or record.git.dirty:
        return again
    return f"git checkout {record.git.commit[:10]} && {again}"


def size(count: int) -> str:
    """A number of bytes for people: ``714 B``, ``8.3 kB``, ``12 MB``."""
    power = min(len(str(count)) - 1, 14) // 3
    number, unit = count / 1000**power, ("B", "kB", "MB", "GB", "TB")[power]
    return f"{number:.0f} {unit}" if power == 0 or number >= 10 else f"{number:.1f} {unit}"


def _sentence(record: Record) -> str:
    peak = max((cell.memory or 0 for cell in record.volatile.cells), default=0)
    memory = f", with at most {size(peak)} of memory" if peak else ""
    when = escaped(record.volatile.started[:16].replace("T", " "))
    kind = _trial(record)
    return (
        f"**{escaped(record.stage)}** is **{record.outcome}** after "
        f"{record.volatile.seconds:.1f} s{memory}, on {when} UTC.{kind}"
    )


def _trial(record: Record) -> str:
    """The sentence that a run is part of a trial; empty for a run of the build."""
    trial = record.trial
    if trial is None:
        return ""
    overrides = ", ".join(code(f"{name}={value}") for name, value in trial.overrides.items())
    of = "" if trial.stage == record.stage else f" of {escaped(trial.stage)}"
    return f" **This is not the build's result: it comes from a trial{of} with {overrides}.**"


def _problems(record: Record) -> Iterator[str]:
    yield "<ul>"
    for problem in record.problems:
        place = f"{escaped(str(problem.where))}: " if problem.where else ""
        hint = f"<br>→ {prose(problem.hint)}" if problem.hint else ""
        yield f"<li>{place}{prose(problem.message)}{hint}</li>"
    yield "</ul>"


def _facts(record: Record) -> Iterator[Iterable[str]]:
    yield heading("notebook"), left(place(record.notebook))
    yield heading("commit"), left(_commit(record))
    yield heading("environment"), left(_environment(record))
    yield heading("execution"), left(f"{code(record.id)}, also a tag of its run in MLflow")
    # broken where the commands meet, and not anywhere
    steps = " && <br>".join(code(step, None) for step in recreation(record).split(" && "))
    yield heading("recreate"), left(steps)


def _commit(record: Record) -> str:
    git = record.git
    if git is None:
        failure = record.git_failure
        return f"none: {escaped(failure.message)}" if failure else "none"
    branch = f" on {code(git.branch)}" if git.branch else ""
    if not git.dirty:
        return f"{code(git.commit[:10])}{branch}"
    digest = f", digest {code(git.diff[:_SHORT])}" if git.diff else ""
    return f"{code(git.commit[:10])}{branch}, <b>with changes that are not in git</b>{digest}"


def _environment(record: Record) -> str:
    environment = record.environment
    system = environment.platform.partition("-")[0]
    threads = environment.threads
    summary = (
        f"Python {environment.python}, {system} {environment.machine}, "
        f"{threads} thread{'s' if threads != 1 else ''}"
    )
    installed = environment.distributions
    if not installed:
        return escaped(summary)
    names = ", ".join(f"{name} {version}" for name, version in installed.items())
    count = f"{len(installed)} distribution{'s' if len(installed) != 1 else ''}"
    folded = f"<details><summary>{count}</summary>{wrapped(names)}</details>"
    return f"{escaped(summary)}{folded}"


def _parameters(record: Record) -> Iterator[str]:
    rows = []
    for parameter in record.parameters:
        differs = repr(parameter.value) != repr(parameter.default)
        value, default = (code(repr(item), 60) for item in (parameter.value, parameter.default))
        origin = "-P" if parameter.origin == "override" else parameter.origin
        rows.append(
            (
                left(code(parameter.name)),
                left(f"<b>{value}</b>" if differs else value),
                left(escaped(origin) + (f", default {default}" if differs else "")),
            )
        )
    head = ("parameter", "value", "from")
    yield markup.table(head, rows, texts=head)


def _files(role: str, record: Record, tables: "Sequence[TableView]") -> Iterator[Iterable[str]]:
    """The rows of what was read, or of what was written."""
    mine = {table.path: table for table in tables if table.role == role}
    rows = []
    for file in record.inputs if role == "read" else record.outputs:
        declared = next((path for path in mine if _is_at(file.path, path, record)), "")
        rows.append(_file(file.path, mine.pop(declared, None), file))
    rows += [_file(path, view, None) for path, view in mine.items()]  # refused, so not in place
    if rows:
        numbers = [heading(item, number=True) for item in ("size", "rows")]
        yield heading(role), heading("md5"), *numbers
    yield from rows


def _is_at(place: str, declared: str, record: Record) -> bool:
    """Whether a declared path is this one; files of a trial are in the trial's folder."""
    trial = record.trial
    return place == declared or (trial is not None and place == f"{trial.folder}/{declared}")


def _file(path: str, view: "TableView | None", hashed: HashedPath | None) -> Iterable[str]:
    verdict = _verdict(view) if view else ""
    yield left(place(path) + (f"<br>{verdict}" if verdict else ""))
    yield left(code(hashed.md5[:_SHORT]) if hashed else "")
    yield right(_extent(hashed) if hashed else "")
    yield right(f"{view.rows:,}" if view and view.rows is not None else "")


def _verdict(view: "TableView") -> str:
    from stagebook.report import colophon_tables

    return colophon_tables.verdict(view)


def _extent(file: HashedPath) -> str:
    return size(file.size) + (f" in {file.files} files" if file.files is not None else "")
