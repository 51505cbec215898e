"""The rows that a champion predicted when it was served, for a challenger to predict them too."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stagebook.model import comparison_rows
from stagebook.model.comparison_rows import ComparisonColumns, ComparisonRows
from stagebook.model.load import Model
from stagebook.model.paired_metrics import Floats
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.text import counted, listed
from stagebook.serving.log import reading
from stagebook.workflow import prediction_labels
from stagebook.workflow.logged_scores import Shadow
from stagebook.workflow.replayed_days import DayReplay, ReplayedRows

_SHOWN = 8


@dataclass(frozen=True, slots=True)
class LogSource:
    """Where rows that were served come from.

    Attributes:
        log: The folder of the server's log.
        labels: The table with what came true.
        since: The first day, such as ``2026-11-01``; empty for the log's first.
        until: The last day; empty for the log's last.
    """

    log: Path
    labels: Path
    since: str = ""
    until: str = ""

    def has(self, day: str) -> bool:
        """Whether a day is within the bounds."""
        return self.since <= day and (not self.until or day <= self.until)


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of the rows of a log.

    Each of the ``served`` rows is compared, or counted once in the next five.

    Attributes:
        log: The folder of the log.
        labels: The table with what came true.
        first: The first day that was read.
        last: The last one.
        served: Rows that the champion got.
        failed: Rows for which it gave no finite prediction.
        unlabelled: Rows without a label.
        contradictory: Rows with two different labels.
        masked: Rows with a text that the log masked, which the challenger would have to read.
        unseen: Rows that the challenger did not predict as a shadow, and whose features the log
            does not have.
        unknown: Labels for no prediction of the champion.
        shadow: Compared rows for which the challenger's prediction was logged as a shadow.
    """

    log: str
    labels: str
    first: str
    last: str
    served: int
    failed: int
    unlabelled: int
    contradictory: int
    masked: int
    unseen: int
    unknown: int
    shadow: int

    def as_json(self) -> dict[str, Any]:
        """This replay as plain values."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """Rows of a log, with the predictions of both packages.

    Attributes:
        rows: The label, slices and cluster of n rows.
        champion: Shape (n,), what the champion predicted when it was served.
        challenger: Shape (n,), what the challenger predicts, or predicted as a shadow.
        replay: What became of all rows.
    """

    rows: ComparisonRows
    champion: Floats
    challenger: Floats
    replay: Replay


def replay(
    source: LogSource, columns: ComparisonColumns, champion: Model, challenger: Model
) -> Replayed:
    """The rows of a log that have a label, a day at a time.

    Args:
        source: The log, and the labels.
        columns: The label, and further columns of the logged features or of the labels.
        champion: The package that the server answered with.
        challenger: The other package.

    Raises:
        StagebookError: The log or the labels cannot be read, there is no row to compare on
            (``no-logged-rows``, ``no-labelled-rows``), or the log lacks features of the
            challenger (``not-logged``).
    """
    days = _days(source)
    further = [*columns.slices, *([columns.cluster] if columns.cluster else [])]
    labels = prediction_labels.read(source.labels, columns.label, further)
    replayed = DayReplay(source.log, labels, tuple(dict.fromkeys(further)), champion, challenger)
    for day in days:
        shadow = Shadow.of_day(source.log, day, challenger)
        for rows in reading.read_day(source.log, day, package=champion.digest, role="champion"):
            replayed.add(rows, shadow)
    kept = replayed.rows()
    _require_rows(source, days, champion, replayed.counts, kept)
    return _replayed(source, columns, days, replayed, kept)


def _days(source: LogSource) -> list[str]:
    where = Where(source.log.as_posix())
    if not source.log.is_dir():
        message = "The folder of the request log does not exist."
        hint = "Name the folder that the server writes to: --log FOLDER"
        raise StagebookError(Problem("no-request-log", message, hint, where))
    logged = reading.days(source.log)
    days = [day for day in logged if source.has(day)]
    if not days:
        held = f"the days {logged[0]} to {logged[-1]}" if logged else "no day"
        message = f"The request log has no day to compare on: it has {held}."
        hint = "Name the folder of the log, and days that it has: --log, --since, --until"
        raise StagebookError(Problem("no-logged-rows", message, hint, where))
    return days


def _require_rows(
    source: LogSource,
    days: list[str],
    champion: Model,
    counts: Mapping[str, int],
    rows: ReplayedRows,
) -> None:
    where = Where(source.log.as_posix())
    span = f"{days[0]} to {days[-1]}"
    if counts["served"] == counts["failed"]:
        message = (
            f"The request log has no prediction of the champion {champion.manifest.name} "
            f"({champion.digest[:16]}) from {span}."
        )
        hint = "Compare with the package that the server answered with: stagebook trace names it."
        raise StagebookError(Problem("no-logged-rows", message, hint, where))
    if rows.lacking and not counts["shadow"]:
        names = listed(rows.lacking, _SHOWN)
        message = f"The challenger needs features that the log does not have: {names}."
        hint = (
            "Serve it as a shadow, whose predictions are logged: --shadow PACKAGE. Or compare "
            "on a file: --data FILE"
        )
        raise StagebookError(Problem("not-logged", message, hint, where))
    if not len(rows.frame):
        served = counted(counts["served"], "logged row")
        message = f"None of {served} from {span} can be compared: {_left_out(counts)}."
        hint = "The column `prediction` must have the ids that /predict returned."
        place = Where(source.labels.as_posix())
        raise StagebookError(Problem("no-labelled-rows", message, hint, place))


def _left_out(counts: Mapping[str, int]) -> str:
    words = {
        "failed": "without a prediction",
        "unlabelled": "without a label",
        "contradictory": "with contradictory labels",
        "masked": "with a masked text",
    }
    parts = [f"{counts[name]:,} {text}" for name, text in words.items() if counts[name]]
    return ", ".join(parts)


def _replayed(
    source: LogSource,
    columns: ComparisonColumns,
    days: list[str],
    replayed: DayReplay,
    rows: ReplayedRows,
) -> Replayed:
    log, labels = source.log.as_posix(), source.labels.as_posix()
    if problems := [*comparison_rows.unsliced(rows.frame, columns, Where(log))]:
        raise StagebookError(*problems)
    counts = replayed.counts
    unknown = replayed.unknown(source.since, source.until)
    compared = ComparisonRows(labels, None, rows.frame, counts["unlabelled"])
    facts = Replay(log, labels, days[0], days[-1], **counts, unknown=unknown)
    return Replayed(compared, rows.champion, rows.challenger, facts)
