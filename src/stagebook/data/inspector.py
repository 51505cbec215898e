"""The process that inspects tables, separate because contracts are foreign code.

Run as ``python -m stagebook.data.inspector WHAT FOLDERS...``, with the folders that contracts
are imported from. Each line on standard input requests one inspection; the answer is one line.
"""

import contextlib
import json
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

from stagebook.data import inspection
from stagebook.data.inspection import Inspection
from stagebook.data.subject import Subject, parse_subject
from stagebook.project.errors import Problem, Where
from stagebook.project.piped_process import PipedProcess

_MOMENT = 0.1
_CONTRACTS, _PROFILES = "contracts", "profiles"


@dataclass(frozen=True, slots=True)
class Inspector:
    """The handle of an inspector process.

    Attributes:
        process: The process.
    """

    process: PipedProcess

    @classmethod
    def start(
        cls,
        starter: Callable[[str, Sequence[str]], PipedProcess],
        folders: Iterable[Path],
        *,
        contracts: bool,
    ) -> "Inspector":
        """Starts a process, which imports its libraries while it waits.

        Args:
            starter: Starts a process with pipes, from the name of its module and its arguments.
            folders: Folders that contracts are imported from, in order.
            contracts: Whether contracts will be checked, or only profiles made.
        """
        words = [_CONTRACTS if contracts else _PROFILES, *map(str, folders)]
        return cls(starter("stagebook.data.inspector", words))

    def inspect(
        self, root: Path, subject: Subject, threads: int, stopped: Callable[[], bool]
    ) -> Inspection | None:
        """The inspection of a table; None if it was stopped first.

        Args:
            root: What the table's paths are relative to.
            subject: The table.
            threads: Largest number of threads.
            stopped: Returns whether to give up; called ten times a second.
        """
        assert self.process.stdin is not None
        request = {"root": str(root), "subject": asdict(subject), "threads": threads}
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(request) + "\n")
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
        """Ends the process at once."""
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
        "Check whether the contract's checks end the process, or the table is too large for the "
        "memory.",
        Where(subject.paths[0]),
    )


def main() -> None:
    """Answers each line on standard input until that is closed."""
    mode, *sys.path[:0] = sys.argv[1:]
    folders = tuple(map(Path, sys.argv[2:]))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # output of contracts must not mix with answers
    lines = _lines()
    with contextlib.suppress(Exception):  # the inspection of a table reports the error
        inspection.rehearse(contracts=mode == _CONTRACTS)
    for line in lines:
        request = json.loads(line)
        subject = parse_subject(request["subject"])
        result = inspection.inspect(Path(request["root"]), subject, request["threads"], folders)
        answers.write(inspection.render(result) + "\n")
        answers.flush()


def _lines() -> Iterator[str]:
    """The lines on standard input; the process ends at once when its caller is gone."""
    requests: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            requests.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return iter(requests.get, "")


if __name__ == "__main__":
    main()
