"""Days whose labels are complete enough to judge a model by."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from stagebook.monitoring.labelled_day import LabelledDay

DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Maturity:
    """When the labels of a day count as complete.

    Labels that come early are not like the others: whether a short journey is late is known before
    whether a long one is. So a model is judged by days of which nearly all labels are known, or
    that had the time to get them.

    Attributes:
        after: Seconds after the end of a day (UTC).
        share: The share of a day's rows with a label from which it counts as complete before that.

    Example:
        >>> from datetime import UTC, datetime
        >>> from stagebook.monitoring.cohorts import Maturity
        >>> from stagebook.monitoring.labelled_day import LabelledDay
        >>> from stagebook.monitoring.labelled_rows import LabelledRows
        >>> day = LabelledDay("a" * 64, "champion", ("2026-11-28",), LabelledRows(100, 90, 0))
        >>> maturity = Maturity(after=2 * 86_400)
        >>> maturity.is_mature(day, datetime(2026, 11, 30, tzinfo=UTC))
        False
        >>> maturity.is_mature(day, datetime(2026, 12, 1, tzinfo=UTC))
        True
    """

    after: float = 7 * DAY
    share: float = 0.98

    def __post_init__(self) -> None:
        if self.after < 0 or not 0 < self.share <= 1:
            raise ValueError("the time is below 0, or the share is not above 0 and at most 1")

    def is_mature(self, day: LabelledDay, now: datetime) -> bool:
        """Whether a day may be judged.

        Args:
            day: Of one day or several; the last one counts.
            now: The time, with a zone.
        """
        end = datetime.fromisoformat(day.days[-1]).replace(tzinfo=UTC) + timedelta(days=1)
        if now < end:
            return False  # more rows will come
        return day.whole.share >= self.share or (now - end).total_seconds() >= self.after


@dataclass(frozen=True, slots=True)
class Cohorts:
    """Days by whether they may be judged.

    Attributes:
        mature: Days that may be.
        waiting: Days that wait for labels.
    """

    mature: tuple[LabelledDay, ...]
    waiting: tuple[LabelledDay, ...]

    @classmethod
    def of(cls, days: Iterable[LabelledDay], maturity: Maturity, now: datetime) -> "Cohorts":
        """The cohorts of some days.

        Args:
            days: Each of one day, of one package and role.
            maturity: When labels count as complete.
            now: The time, with a zone.
        """
        days = tuple(days)
        is_mature = [maturity.is_mature(day, now) for day in days]
        pairs = tuple(zip(days, is_mature, strict=True))
        return cls(
            tuple(day for day, mature in pairs if mature),
            tuple(day for day, mature in pairs if not mature),
        )
