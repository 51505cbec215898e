"""The colophon: the block that closes every executed notebook and its page."""

import shlex
from collections.abc import Iterable, Iterator, Sequence

from stagebook.contracts.inspection import Inspection
from stagebook.execution.outcome import Outcome
from stagebook.pipeline.dvc import Hashed
from stagebook.record.record import Record
from stagebook.report import colophon_tables, markup
from stagebook.report.colophon_tables import TableView
from stagebook.report.markup import code, escaped, heading, left, place, prose, right, wrapped

TAG = "colophon"

_SHORT = 8


def render(record: Record, tables: Iterable[Inspection] = ()) -> str:
    """The colophon of an execution, as Markdown.

    Args:
        record: Its record.
        tables: What was found out about its tables.
    """
    views = [TableView.of(one) for one in tables]
    refused = record.outcome == Outcome.REFUSED.value  # then the tables say the problems
    files = [*_files("read", record, views), *_files("wrote", record, views)]
    block = markup.block(
        [
            *(_problems(record) if record.problems and not refused else []),
            markup.table((), _facts(record)),
            *(_parameters(record) if record.parameters else []),
            *([markup.table((), files)] if files else []),
        ]
    )
    parts = ["---", "## Colophon", _sentence(record), block, colophon_tables.render(views)]
    return "\n\n".join(filter(None, parts)).rstrip() + "\n"


def command(record: Record) -> str:
    """The shell command that runs the same again, here and now."""
    if record.build:
        return f"dvc repro {shlex.quote(record.stage)}"
    overrides = [
        "-P " + shlex.quote(f"{one['name']}={one['value']}")
        for one in record.parameters
        if one["origin"] == "override"
    ]
    return " ".join([f"stagebook run {shlex.quote(record.stage)}", *overrides])


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
    peak = max((one["memory"] or 0 for one in record.volatile.cells), default=0)
    memory = f", with {size(peak)} of memory at the most" if peak else ""
    when = escaped(record.volatile.started[:16].replace("T", " "))
    kind = (
        "" if record.build else " **This is not the build's result: parameters were overridden.**"
    )
    return (
        f"**{escaped(record.stage)}** is **{record.outcome}** after "
        f"{record.volatile.seconds:.1f} s{memory}, on {when} UTC.{kind}"
    )


def _problems(record: Record) -> Iterator[str]:
    yield "<ul>"
    for one in record.problems:
        place = f"{escaped(str(one.where))}: " if one.where else ""
        hint = f"<br>→ {prose(one.hint)}" if one.hint else ""
        yield f"<li>{place}{prose(one.message)}{hint}</li>"
    yield "</ul>"


def _facts(record: Record) -> Iterator[Iterable[str]]:
    yield heading("notebook"), left(place(record.notebook))
    yield heading("commit"), left(_commit(record))
    yield heading("environment"), left(_environment(record))
    yield heading("execution"), left(f"{code(record.id)}, which its run in MLflow is tagged with")
    # broken where the commands meet, and not anywhere
    steps = " && <br>".join(code(step, None) for step in recreation(record).split(" && "))
    yield heading("recreate"), left(steps)


def _commit(record: Record) -> str:
    git = record.git
    if git is None:
        return "none"
    branch = f" on {code(git.branch)}" if git.branch else ""
    if not git.dirty:
        return f"{code(git.commit[:10])}{branch}"
    digest = f", digest {code(git.diff[:_SHORT])}" if git.diff else ""
    return f"{code(git.commit[:10])}{branch}, <b>with changes that are not in git</b>{digest}"


def _environment(record: Record) -> str:
    environment = record.environment
    system = environment["platform"].partition("-")[0]
    threads = environment["threads"]
    told = (
        f"Python {environment['python']}, {system} {environment['machine']}, "
        f"{threads} thread{'s' if threads != 1 else ''}"
    )
    installed = environment["distributions"]
    if not installed:
        return escaped(told)
    names = ", ".join(f"{name} {version}" for name, version in installed.items())
    count = f"{len(installed)} distribution{'s' if len(installed) != 1 else ''}"
    folded = f"<details><summary>{count}</summary>{wrapped(names)}</details>"
    return f"{escaped(told)}{folded}"


def _parameters(record: Record) -> Iterator[str]:
    rows = []
    for one in record.parameters:
        differs = repr(one["value"]) != repr(one["default"])
        value, default = (code(repr(one[key]), 60) for key in ("value", "default"))
        origin = "-P" if one["origin"] == "override" else one["origin"]
        rows.append(
            (
                left(code(one["name"])),
                left(f"<b>{value}</b>" if differs else value),
                left(escaped(origin) + (f", default {default}" if differs else "")),
            )
        )
    head = ("parameter", "value", "from")
    yield markup.table(head, rows, texts=head)


def _files(role: str, record: Record, tables: Sequence[TableView]) -> Iterator[Iterable[str]]:
    """The rows of what was read, or of what was written."""
    mine = {one.path: one for one in tables if one.role == role}
    rows = []
    for one in record.inputs if role == "read" else record.outputs:
        declared = next((path for path in mine if _is_at(one.path, path, record)), "")
        rows.append(_file(one.path, mine.pop(declared, None), one))
    rows += [_file(path, view, None) for path, view in mine.items()]  # refused, so not in place
    if rows:
        numbers = [heading(one, number=True) for one in ("size", "rows")]
        yield heading(role), heading("md5"), *numbers
    yield from rows


def _is_at(place: str, declared: str, record: Record) -> bool:
    """Whether a declared path is this one; outputs of a run with ``-P`` have a folder of theirs."""
    return place == declared or (not record.build and place.endswith(f"/{declared}"))


def _file(path: str, view: TableView | None, hashed: Hashed | None) -> Iterable[str]:
    verdict = colophon_tables.verdict(view) if view else ""
    yield left(place(path) + (f"<br>{verdict}" if verdict else ""))
    yield left(code(hashed.md5[:_SHORT]) if hashed else "")
    yield right(_extent(hashed) if hashed else "")
    yield right(f"{view.rows:,}" if view and view.rows is not None else "")


def _extent(one: Hashed) -> str:
    return size(one.size) + (f" in {one.files} files" if one.files is not None else "")
