"""A making in words that terminal and page share."""

from collections.abc import Iterator, Mapping
from typing import Any

from stagebook.history.lineage.graph import Activity, Entity
from stagebook.project.text import plain

DIGITS = 10
"""Digits of a hash that are shown."""

LONGEST = 60
"""Characters of a value."""

_NOT_HERE = {
    "elsewhere": "executed elsewhere: there is no record of it here",
    "unrecorded": "a stage that leaves no record",
}


def short(digest: str) -> str:
    """A hash for people."""
    return digest[:DIGITS]


def name(file: Entity) -> str:
    """A file's path on one line."""
    return plain(file.path)


def headline(making: Activity) -> str:
    """How and when it was made."""
    details = making.details
    if details["record"] is None:
        return _NOT_HERE[making.executed]
    seconds = details["seconds"]
    took = f" in {seconds:.1f} s" if isinstance(seconds, (int, float)) else ""
    where = " elsewhere" if making.executed == "elsewhere" else ""
    kind = "" if details["build"] else ", a trial with -P"
    return f"{details['outcome']}{took}{where}, {moment(making.started)}{kind}"


def facts(making: Activity, most: int | None = None) -> Iterator[tuple[str, str]]:
    """The facts of a making: pairs of a label and a text.

    Args:
        making: The making.
        most: Metrics that are named at most.
    """
    details = making.details
    yield "code", _code(details)
    if details["git"]:
        yield "commit", _commit(details["git"])
    if details["commits"]:
        yield "dvc.lock", _lock(details["commits"])
    if details["parameters"]:
        yield "parameters", ", ".join(map(parameter, details["parameters"]))
    if details["environment"]:
        yield "with", _environment(details["environment"])
    if details["metrics"]:
        yield "metrics", _metrics(details["metrics"], most)
    if details["mlflow"]:
        yield "MLflow", f"run {details['mlflow']['run_id']}"


def moment(iso: str) -> str:
    """A time of ISO 8601 for people, to the minute."""
    if not iso:
        return "at an unknown time"
    zone = " UTC" if iso.endswith(("+00:00", "Z")) else ""
    return f"{iso[:16].replace('T', ' ')}{zone}"


def parameter(item: Mapping[str, Any]) -> str:
    """A parameter with its value, and its default where that differs."""
    shown = f"{plain(item['name'])} {value(item['value'])}"
    is_default = item["value"] == item["default"] or item["origin"] == "default"
    if is_default or item["default"] is None:
        return shown
    return f"{shown} (default {value(item['default'])})"


def value(item: Any) -> str:
    """A value on one line."""
    return f"{item:.6g}" if isinstance(item, float) else plain(str(item), LONGEST)


def _code(details: Mapping[str, Any]) -> str:
    code_path = details["notebook"] or details["command"] or "unknown"
    source = f", source {short(details['source'])}" if details["source"] else ""
    return f"{plain(code_path, 2 * LONGEST)}{source}"


def _commit(git: Mapping[str, Any]) -> str:
    branch = f" on {plain(git['branch'])}" if git["branch"] else ""
    digest = f" ({short(git['diff'])})" if git.get("diff") else ""
    dirty = f", with uncommitted changes{digest}" if git["dirty"] else ""
    unreachable = ", which no branch contains" if git["in_history"] is False else ""
    return f"{short(git['commit'])}{branch}{unreachable}{dirty}"


def _lock(commits: list[Mapping[str, str]]) -> str:
    newest, oldest = commits[0], commits[-1]
    more = f", and {len(commits) - 1} more" if len(commits) > 1 else ""
    first = f"in commit {short(oldest['commit'])} of {oldest['date'][:10]}"
    return first + (more if newest != oldest else "")


def _environment(environment: Mapping[str, Any]) -> str:
    count = len(environment.get("distributions", {}))
    packages = f", {count} package{'' if count == 1 else 's'}"
    threads = environment.get("threads")
    own = f", {threads} thread{'' if threads == 1 else 's'}" if threads else ""
    return f"Python {environment.get('python')}{packages}{own}"


def _metrics(metrics: Mapping[str, Any], most: int | None) -> str:
    shown = [f"{plain(name)} {value(item)}" for name, item in list(metrics.items())[:most]]
    more = len(metrics) - len(shown)
    return ", ".join([*shown, *([f"{more} more"] if more else [])])
