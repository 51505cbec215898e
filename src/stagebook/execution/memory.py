"""The most memory that a kernel had while a cell ran, where the system tells: on Linux."""

import re
from dataclasses import dataclass
from pathlib import Path

import psutil

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Meter:
    """Measures one process, from one mark to the next.

    Attributes:
        process: Its id; None where nothing can be measured.
    """

    process: int | None

    @classmethod
    def of_guarded(cls, guard: int | None) -> "Meter":
        """The meter of the kernel that a guard watches over: of the guard's first child.

        Args:
            guard: The guard's process id.
        """
        try:
            children = psutil.Process(guard).children() if guard else []
        except psutil.Error:
            children = []
        first = min(children, key=lambda child: child.create_time(), default=None)
        meter = cls(first.pid if first else None)
        return meter if meter.mark() else cls(None)

    def mark(self) -> bool:
        """Forgets what was; says whether the system can do that."""
        try:  # see "clear_refs" in https://docs.kernel.org/filesystems/proc.html
            Path(f"/proc/{self.process}/clear_refs").write_text("5", encoding="ascii")
        except OSError:
            return False
        return True

    def peak(self) -> int | None:
        """The most bytes of memory that it had at once since the last mark."""
        try:
            status = Path(f"/proc/{self.process}/status").read_text(encoding="ascii")
        except OSError:
            return None
        found = _PEAK.search(status)
        return int(found[1]) * 1024 if found else None
