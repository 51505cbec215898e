"""The process that imports once, and forks for each request."""

import gc
import json
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stagebook.execution.warm import background, fork, wire
from stagebook.execution.warm.bases import BASES
from stagebook.execution.warm.client import LISTENING, LOCK
from stagebook.execution.warm.hidden import Hidden
from stagebook.execution.warm.key import KERNEL
from stagebook.execution.warm.place import Place
from stagebook.execution.warm.recorder import Recorder
from stagebook.execution.warm.request import Request

GRACE_SECONDS = 10
"""How long a zygote lives after the last build that used it."""

IDLE_SECONDS = 300
"""How long a zygote lives that no build uses."""

MEMORY_LIMIT = 3_000_000_000
"""The largest memory of a zygote, in bytes."""

_TICK = 1.0
_PATIENCE = 5.0


@dataclass(slots=True)
class Zygote:
    """A zygote.

    Attributes:
        values: What its client gave it: key, kind, imports, root, label, owner, left out.
        place: The folder of the project's zygotes.
        listening: Its socket.
        hidden: What it has imported; None before that.
        environment: Its environment before its imports.
        owners: The processes of builds that use it.
        used: When it was last used, by the clock that never goes back.
        forks: How many processes it has forked.
        phase: ``importing``, ``ready`` or ``refusing``.
        refusal: Why it forks nothing; empty if it does.
        alive: How many of its forks live.
    """

    values: dict[str, Any]
    place: Place
    listening: socket.socket
    hidden: Hidden | None = None
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    owners: set[int] = field(default_factory=set)
    used: float = field(default_factory=time.monotonic)
    forks: int = 0
    phase: str = "importing"
    refusal: str = ""
    alive: int = 0

    @property
    def left_out(self) -> dict[str, str]:
        """The imports that it does without, each with the reason."""
        left_out: dict[str, str] = self.values["left_out"]
        return left_out

    def import_all(self) -> None:
        """Imports what it has to; starts again without an import that does more than define."""
        self._write()
        if self.values["owner"] is not None:
            self.owners.add(self.values["owner"])
        recorder = Recorder()
        with recorder.recording():
            for target in [*BASES.get(self.values["kind"], ()), *self.values["imports"]]:
                if target in self.left_out:
                    continue
                reason = background.effect_of(
                    target,
                    self.values["root"],
                    quiet=target in self.values["imports"],
                    in_kernel=self.values["kind"] == KERNEL,
                )
                if reason:
                    self.left_out[target] = reason.words
                    if reason.remains:
                        self._start_again()
        self.hidden = recorder.finish()
        self.refusal = self._unsafe()
        self.phase = "refusing" if self.refusal else "ready"
        self.used = time.monotonic()
        gc.collect()
        gc.freeze()  # so that a fork's garbage collection does not copy each page
        self._write()

    def _unsafe(self) -> str:
        if wire.has_no_new_privileges("self"):
            return "this machine gives no process new privileges, so a sandbox cannot be recognised"
        if background.threads() != 1:
            return "a thread runs in the warm process"
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > MEMORY_LIMIT:
            return "the warm process needs too much memory"
        return background.project_module(self.values["root"])

    def _start_again(self) -> None:
        """Replaces this process by a new one, with the same socket and lock."""
        self._write()
        words = [sys.executable, *sys.orig_argv[1:]]
        place = words.index("-c") + 2
        words[place] = json.dumps(self.values)
        words[place + 1 :] = ["-" * 4000]
        for descriptor in (LISTENING, LOCK):
            os.set_inheritable(descriptor, True)
        os.execve(sys.executable, words, self.environment)

    def _write(self) -> None:
        self.place.write_state(
            self.values["key"],
            {
                **{name: self.values[name] for name in ("kind", "label", "imports", "left_out")},
                "pid": os.getpid(),
                "phase": self.phase,
                "refusal": self.refusal,
                "forks": self.forks,
                "owners": sorted(self.owners),
                "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            },
        )

    def serve(self) -> Callable[[], None] | None:
        """Forks for each request, until it is not needed any more.

        Returns:
            In a fork, what the fork does; in the zygote, None at its end.
        """
        while self._is_needed():
            self._reap()
            if not select.select([self.listening], [], [], _TICK)[0]:
                continue
            connection, _ = self.listening.accept()
            connection.settimeout(_PATIENCE)
            child = self._answer(connection)
            if child is not None:
                return child
            connection.close()
        return None

    def _answer(self, connection: socket.socket) -> Callable[[], None] | None:
        descriptors: list[int] = []
        try:
            if not wire.is_trusted(connection):
                return None
            message, descriptors = wire.receive(connection)
            if message is None:
                return None
            request = Request.from_json(message)
            reason = self.refusal or self._unsafe()
            if reason or self.hidden is None:
                wire.send(connection, {"refused": reason})
                return None
            self.used, self.forks = time.monotonic(), self.forks + 1
            if request.owner is not None:
                self.owners.add(request.owner)
            self._write()
            connection.settimeout(None)
            child = fork.start(request, self.hidden, connection, descriptors, self._let_go)
            self.alive += child is None
            return child
        except (OSError, ValueError, TypeError):
            return None
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _let_go(self) -> None:
        """Closes, in a fork, what belongs to the zygote alone."""
        self.listening.close()
        os.close(LOCK)

    def _reap(self) -> None:
        while self.alive:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            self.alive -= 1
            self.used = time.monotonic()

    def _is_needed(self) -> bool:
        if not os.path.exists(self.place.path(self.values["key"], "json")):
            return False  # the project's folder was deleted
        if self.refusal:  # those that wait get an answer
            return bool(select.select([self.listening], [], [], 0)[0])
        if self.alive:
            return True
        ended = {owner for owner in self.owners if not _lives(owner)}
        if ended:
            self.owners -= ended
            self.used = time.monotonic()
        limit = GRACE_SECONDS if self.values["owner"] else IDLE_SECONDS
        return bool(self.owners) or time.monotonic() - self.used < limit

    def end(self) -> None:
        """Deletes its files, and leaves what it knows about imports for the next zygote."""
        self.phase = "ended"
        key = self.values["key"]
        if os.path.exists(self.place.path(key, "json")):
            self._write()
        self.place.remove(key, with_state=False)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def main() -> None:
    """Runs a zygote, or, in its forks, what they were asked for."""
    values = json.loads(sys.argv[1])
    os.chdir("/")
    os.closerange(max(LISTENING, LOCK) + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    fork.show_name(["stagebook-warm", values["kind"], values["label"]])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a person's Ctrl-C is for the build
    listening = socket.socket(fileno=LISTENING)
    for descriptor in (LISTENING, LOCK):
        os.set_inheritable(descriptor, False)
    zygote = Zygote(values, Place.of(values["root"]), listening)
    zygote.import_all()
    child = zygote.serve()
    if child is not None:
        del zygote, listening
        child()
    else:
        zygote.end()
        os._exit(0)
