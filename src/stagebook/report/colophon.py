"""The colophon: the block that closes every executed notebook and its page."""

import shlex
from collections.abc import Iterable, Sequence
from typing import Any

from stagebook.contracts.inspection import Inspection
from stagebook.execution.outcome import Outcome
from stagebook.pipeline.dvc import Hashed
from stagebook.record.record import Record
from stagebook.report import colophon_tables
from stagebook.report.colophon_tables import TableView

TAG = "colophon"


def render(record: Record, tables: Iterable[Inspection] = ()) -> str:
    """The colophon of an execution, as Markdown.

    Args:
        record: Its record.
        tables: What was found out about its tables.
    """
    refused = record.outcome == Outcome.REFUSED.value  # then the tables say the problems
    parts = [
        "---",
        "## Colophon",
        _sentence(record),
        *([_table(("", "problem"), _problems(record))] if record.problems and not refused else []),
        *(
            [_table(("parameter", "value", "origin"), _parameters(record))]
            if record.parameters
            else []
        ),
        *(
            [_table(("", "file", "md5", "size"), _files(record))]
            if record.inputs or record.outputs
            else []
        ),
        *filter(None, [colophon_tables.render([TableView.of(one) for one in tables])]),
        f"Python {record.environment['python']}, {_threads(record)}, "
        f"{len(record.environment['distributions'])} distributions · execution `{record.id}` · "
        f"recreate with `{command(record)}`",
    ]
    return "\n\n".join(parts) + "\n"


def command(record: Record) -> str:
    """The shell command that runs the same again."""
    if record.build:
        return f"dvc repro {shlex.quote(record.stage)}"
    overrides = [
        "-P " + shlex.quote(f"{one['name']}={one['value']}")
        for one in record.parameters
        if one["origin"] == "override"
    ]
    return " ".join([f"stagebook run {shlex.quote(record.stage)}", *overrides])


def size(count: int) -> str:
    """A number of bytes for people: ``714 B``, ``8.3 kB``, ``12 MB``."""
    power = min(len(str(count)) - 1, 14) // 3
    number, unit = count / 1000**power, ("B", "kB", "MB", "GB", "TB")[power]
    return f"{number:.0f} {unit}" if power == 0 or number >= 10 else f"{number:.1f} {unit}"


def _sentence(record: Record) -> str:
    kind = (
        "" if record.build else " **This is not the build's result: parameters were overridden.**"
    )
    git = record.git
    commit = f"commit `{git.commit[:10]}`" if git else "no git commit"
    dirty = " with uncommitted changes" if git and git.dirty else ""
    when = record.volatile.started[:16].replace("T", " ")
    return (
        f"Stage **{_text(record.stage)}** of `{record.notebook}`: **{record.outcome}** after "
        f"{record.volatile.seconds:.1f} s on {when} UTC, from {commit}{dirty}.{kind}"
    )


def _threads(record: Record) -> str:
    count = record.environment["threads"]
    return f"{count} thread{'s' if count != 1 else ''}"


def _problems(record: Record) -> Iterable[tuple[str, str]]:
    for problem in record.problems:
        told = f"{problem.message} {problem.hint}".strip().replace("\n", " ")
        yield _text(str(problem.where or "")), _text(told)


def _parameters(record: Record) -> Iterable[tuple[str, str, str]]:
    for one in record.parameters:
        differs = repr(one["value"]) != repr(one["default"])
        value = f"**{_code(one['value'])}**" if differs else _code(one["value"])
        origin = f"{one['origin']}, default {_code(one['default'])}" if differs else one["origin"]
        yield f"`{one['name']}`", value, origin


def _files(record: Record) -> Iterable[tuple[str, str, str, str]]:
    for role, hashes in (("read", record.inputs), ("wrote", record.outputs)):
        for one in hashes:
            yield role, _verbatim(one.path), f"`{one.md5[:10]}`", _extent(one)


def _extent(one: Hashed) -> str:
    return size(one.size) + (f" in {one.files} files" if one.files is not None else "")


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *([str(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _code(value: Any) -> str:
    text = repr(value)
    return _verbatim(text if len(text) <= 60 else f"{text[:57]}...")


def _verbatim(text: str) -> str:
    if not set(text) & set(_SPECIAL):
        return f"`{text}`"
    return f"<code>{_text(text)}</code>"


_SPECIAL = "|`*_<>&$\\"
"""What Markdown or HTML may take for its own in a table."""


def _text(text: str) -> str:
    """Any text as a table shows it literally."""
    return "".join(f"&#{ord(char)};" if char in _SPECIAL else char for char in text)
