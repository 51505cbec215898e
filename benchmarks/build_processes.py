"""Shows what processor time and memory each kind of process of a build takes, cold and warm.

The four stages are those of ``builds.py``. Linux only: it reads ``/proc``.
"""

import os
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import build_ways
import flight_cells
from build_ways import Way

_MARK = "STAGEBOOK_BENCHMARK"
_WARM = "warm process"
_KINDS = {
    "stagebook-warm own": f"{_WARM} of Stagebook's own code",
    "stagebook-warm kernel": f"{_WARM} of a kernel",
    "late_delivery": "waits for the end of the build",
    "stagebook.tracking.courier": "delivery to MLflow",
    "stagebook.execution.launcher": "kernel, and its guard",
    "stagebook.data.inspector": "inspection of tables",
    "stagebook.cli.warm_run": "stagebook run, in a warm process",
    "stagebook run": "stagebook run",
    "stagebook sources": "stagebook sources",
    "dvc repro": "dvc repro",
    "notebooks/": "script",
}
_TICKS = os.sysconf("SC_CLK_TCK")
_PAUSE = 0.02


@dataclass
class Watch:
    """Watches the processes whose environment has a mark, until it is stopped.

    Of those that were there before, it knows only warm processes, by what they take meanwhile.

    Attributes:
        mark: The value of the marking variable.
        seconds: Processor time by kind and process.
        memory: Megabytes that only this process has, the most that was seen, likewise.
    """

    mark: str
    seconds: dict[tuple[str, str], float] = field(default_factory=dict)
    memory: dict[tuple[str, str], float] = field(default_factory=dict)
    _before: dict[str, float] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Watch":
        self._before = {process: _seconds(process) for process, _ in self._marked()}
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        rounds = 0
        while not self._stop.wait(_PAUSE):
            rounds += 1
            for process, kind in self._marked():
                if process in self._before and not kind.startswith(_WARM):
                    continue
                seconds = _seconds(process) - self._before.get(process, 0.0)
                self.seconds[kind, process] = max(seconds, 0.0)
                if rounds % 10 == 0:
                    known = self.memory.get((kind, process), 0.0)
                    self.memory[kind, process] = max(known, _own_memory(process))

    def _marked(self) -> Iterator[tuple[str, str]]:
        variable = f"{_MARK}={self.mark}".encode()
        for process in filter(str.isdigit, os.listdir("/proc")):
            try:
                if variable in Path("/proc", process, "environ").read_bytes():
                    words = Path("/proc", process, "cmdline").read_text().replace("\0", " ")
                    kind = next((kind for part, kind in _KINDS.items() if part in words), "other")
                    yield process, kind
            except OSError:  # it has ended
                continue

    def table(self) -> str:
        """The kinds of processes as a Markdown table."""
        lines = ["| process | how many | processor time | memory of its own, each |"]
        lines.append("| --- | --- | --- | --- |")
        for kind in [*_KINDS.values(), "other"]:
            seconds = [value for (name, _), value in self.seconds.items() if name == kind]
            memory = max(
                (size for (name, _), size in self.memory.items() if name == kind), default=0
            )
            if sum(seconds) >= 0.01:
                lines.append(
                    f"| {kind} | {len(seconds)} | {sum(seconds):.2f} s | {memory:.0f} MB |"
                )
        return "\n".join(lines)


def _seconds(process: str) -> float:
    """The processor time that a process has taken; 0 if it has ended."""
    try:
        status = Path("/proc", process, "stat").read_text(errors="replace")
    except OSError:
        return 0.0
    return sum(map(int, status.rpartition(")")[2].split()[11:13])) / _TICKS


def _own_memory(process: str) -> float:
    """Megabytes that a process shares with no other."""
    try:
        lines = Path("/proc", process, "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    private = (line.split()[1] for line in lines if line.startswith(("Private_", "Swap:")))
    return sum(map(int, private)) / 1024


def main() -> None:
    """Measures and prints a table for each way."""
    repro = ("dvc", "repro", "--force", "--quiet")
    cold, warm = {"STAGEBOOK_WARM": "0"}, {"STAGEBOOK_WARM": "1"}
    chosen = (
        Way("plain scripts", build_ways.scripts, repro),
        Way("Stagebook, cold", build_ways.stagebook, repro, cold),
        Way("Stagebook, warm", build_ways.stagebook, repro, warm),
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        raw = folder / "raw"
        flight_cells.write_raw(raw)
        for number, way in enumerate(chosen):
            place = build_ways.begin(folder / f"way{number}", raw / "data")
            way.write(place, flight_cells.STAGES)
            build_ways.commit(place)
            marked = Way(way.name, way.write, way.command, {**way.variables, _MARK: str(number)})
            marked.build(place)  # not measured: it starts what a warm build finds
            with Watch(str(number)) as watch:
                marked.build(place)
            print(f"\n{way.name}:\n\n{watch.table()}", flush=True)
            if way.variables.get("STAGEBOOK_WARM") == "1":
                Way("", way.write, ("stagebook", "warm", "stop"), marked.variables).build(place)


if __name__ == "__main__":
    main()
