"""The status of a deployed model as a notebook shows it: the state, why, and the months."""

from dataclasses import fields
from typing import Self

from stagebook.monitoring.cadence import Cadence
from stagebook.monitoring.status import MonitorStatus
from stagebook.project.text import plain
from stagebook.report import monitor_page, self_contained
from stagebook.report import monitor_words as words


class NotebookStatus(MonitorStatus):
    """A status that a notebook shows as a table."""

    __slots__ = ()

    @classmethod
    def from_status(cls, status: MonitorStatus) -> Self:
        """The same status."""
        return cls(**{item.name: getattr(status, item.name) for item in fields(MonitorStatus)})

    def _repr_html_(self) -> str:
        return self_contained.part(
            "monitor_notebook.html",
            model=plain(self.model),
            state=words.state(self),
            extent=words.extent(self),
            signals=tuple(map(words.signal, self.signals)),
            table=monitor_page.table(Cadence.MONTH, self),
        )
