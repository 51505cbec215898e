"""The delivery of records that stages of a build left to later stages, if none delivers them.

Run by its path, with Python's own modules only, so that it starts in hundredths of a second: it
waits until the build has ended, and becomes a courier if its record still waits then.
"""

import os
import select
import subprocess
import sys


def start(
    root: str, outbox: str, record: str, build: int, patience: float = 20
) -> subprocess.Popen[bytes]:
    """Sees to it that a record is delivered.

    Args:
        root: The project's root.
        outbox: The folder of records that wait.
        record: The record's name there.
        build: The process of the build.
        patience: Seconds after which it is delivered while the build goes on.

    Returns:
        The process that waits.

    Raises:
        OSError: No process can be started.
    """
    return subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, root, outbox, record, str(build), str(patience)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def main() -> None:
    """Runs the process that waits."""
    root, outbox, record, build, patience = sys.argv[1:]
    place = -1  # of all that see the end, the process with the newest record delivers
    if not _wait(int(build), float(patience)):
        waiting = _waiting(outbox)
        if record not in waiting:
            return
        if waiting[0] == record:
            place = 0
        else:
            _wait(int(build), None)
    if _waiting(outbox)[place:][:1] == [record]:
        _become_courier(root)


def _wait(build: int, seconds: float | None) -> bool:
    """Waits for the end of the build; whether it has ended."""
    try:
        process = os.pidfd_open(build)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], seconds)[0])
    finally:
        os.close(process)


def _waiting(outbox: str) -> list[str]:
    """The records that wait, oldest first."""
    try:
        return sorted(entry.name for entry in os.scandir(outbox) if entry.is_dir())
    except OSError:
        return []


def _become_courier(root: str) -> None:
    reads, writes = os.pipe()
    os.write(writes, b"go\n")
    os.close(writes)
    os.dup2(reads, 0)
    module = "stagebook.tracking.courier"
    os.execv(sys.executable, [sys.executable, "-m", module, root])


if __name__ == "__main__":
    main()
