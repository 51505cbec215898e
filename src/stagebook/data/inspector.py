"""The process that inspects tables: apart, since contracts are other people's code.

Run as ``python -m stagebook.data.inspector WHAT FOLDERS...``, with the folders that contracts
are imported from. Each line on standard input asks for one inspection, and is answered by one line.
"""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

from stagebook.data import inspection
from stagebook.data.inspection import Inspection, Subject
from stagebook.project.errors import Problem, Where

_MOMENT = 0.1
_CONTRACTS, _PROFILES = "contracts", "profiles"


@dataclass(frozen=True, slots=True)
class Inspector:
    """An inspector process, seen from the one that started it.

    Attributes:
        process: The process.
    """

    process: subprocess.Popen[str]

    @classmethod
    def start(cls, root: Path, folders: Iterable[Path], *, contracts: bool) -> "Inspector":
        """Starts a process that imports what it needs while it waits.

        Args:
            root: The project's root, its working folder.
            folders: What contracts are imported from, in order.
            contracts: Whether there are contracts to come, or profiles only.
        """
        words = [_CONTRACTS if contracts else _PROFILES, *map(str, folders)]
        command = [sys.executable, "-m", "stagebook.data.inspector", *words]
        return cls(
            subprocess.Popen(
                command,
                cwd=root,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
            )
        )

    def inspect(
        self, root: Path, subject: Subject, threads: int, stopped: Callable[[], bool]
    ) -> Inspection | None:
        """What is found out about a table; None if it was stopped before.

        Args:
            root: What the table's paths are relative to.
            subject: The table.
            threads: How many threads may be used.
            stopped: Whether to give up; asked ten times a second.
        """
        assert self.process.stdin is not None
        asked = {"root": str(root), "subject": asdict(subject), "threads": threads}
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(asked) + "\n")
            self.process.stdin.flush()
        return self._answer(subject, stopped)

    def _answer(self, subject: Subject, stopped: Callable[[], bool]) -> Inspection | None:
        assert self.process.stdout is not None
        with DefaultSelector() as selector:
            selector.register(self.process.stdout, EVENT_READ)
            while not selector.select(_MOMENT):
                if stopped():
                    return None
        line = self.process.stdout.readline()
        if line:
            return inspection.parse(line)
        return Inspection(subject, problems=(_died(subject, self.process.wait()),), at_fault=True)

    def dismiss(self) -> None:
        """Ends it, whatever it is doing."""
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


def _died(subject: Subject, code: int) -> Problem:
    how = f"exit code {code}" if code >= 0 else f"signal {-code}"
    return Problem(
        "inspector-died",
        f"The process that inspects the table ended with {how}.",
        "Look for what ends a process in the contract's checks; a table that is too large for "
        "the memory does it too.",
        Where(subject.paths[0]),
    )


def main() -> None:
    """Answers each line on standard input until that is closed."""
    what, *sys.path[:0] = sys.argv[1:]
    folders = tuple(map(Path, sys.argv[2:]))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what contracts print is nobody's answer
    lines = _lines()
    with contextlib.suppress(Exception):  # what is broken is told of the table that is asked for
        inspection.rehearse(contracts=what == _CONTRACTS)
    for line in lines:
        asked = json.loads(line)
        subject = inspection.parse_subject(asked["subject"])
        found = inspection.inspect(Path(asked["root"]), subject, asked["threads"], folders)
        answers.write(inspection.render(found) + "\n")
        answers.flush()


def _lines() -> Iterator[str]:
    """The lines on standard input; the process ends at once when the one that asks is gone."""
    asked: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            asked.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return iter(asked.get, "")


if __name__ == "__main__":
    main()
