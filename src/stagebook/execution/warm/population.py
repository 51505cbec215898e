"""The zygotes of a project: which there are, and their end."""

import contextlib
import os
import signal
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from stagebook.execution.warm.place import Place

INTERRUPTED = "interrupted"
"""The phase of a zygote that ended during its imports, by itself or by a signal."""


@dataclass(frozen=True, slots=True)
class ZygoteState:
    """A zygote as it last described itself.

    Attributes:
        key: Its key.
        kind: ``own`` for Stagebook's own processes, ``kernel`` for kernels.
        label: What it is for: ``stagebook``, or the stage that it was started for.
        phase: ``importing``, ``ready``, ``refusing``, ``ended`` or ``interrupted``.
        pid: Its process id.
        memory: Its peak of memory, in bytes.
        forks: How many processes it has forked.
        refusal: Why it forks nothing; empty if it does.
        imports: What it imports for its stage.
        left_out: The imports that it does without, each with the reason.
    """

    key: str
    kind: str
    label: str
    phase: str
    pid: int
    memory: int
    forks: int
    refusal: str = ""
    imports: tuple[str, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, place: Place, key: str) -> Self | None:
        """A zygote's state; None if it has none.

        Args:
            place: The folder of the project's zygotes.
            key: Its key.
        """
        values = place.state(key)
        names = cls.__dataclass_fields__.keys() - {"key"}
        try:
            state = cls(key, **{name: values[name] for name in names if name in values})
        except TypeError:
            return None
        if place.is_alive(key):
            return state
        phase = INTERRUPTED if state.phase == "importing" else "ended"
        return cls(**{**asdict(state), "phase": phase})

    @property
    def is_alive(self) -> bool:
        """Whether the process lives."""
        return self.phase not in ("ended", INTERRUPTED)

    def as_json(self) -> dict[str, Any]:
        """This state as plain values."""
        return asdict(self)


def read(place: Place) -> tuple[ZygoteState, ...]:
    """The zygotes of a project: those that live, and those that ended and left something to tell.

    Args:
        place: The folder of the project's zygotes.
    """
    states = (ZygoteState.read(place, key) for key in place.all_keys())
    return tuple(state for state in states if state and _is_worth_telling(state))


def _is_worth_telling(state: ZygoteState) -> bool:
    return state.is_alive or state.phase == INTERRUPTED or bool(state.left_out)


def stop(place: Place) -> tuple[ZygoteState, ...]:
    """Ends all zygotes of a project, and forgets what they knew; their forks go on.

    Args:
        place: The folder of the project's zygotes.

    Returns:
        Those that lived.
    """
    states = [ZygoteState.read(place, key) for key in place.all_keys()]
    alive = tuple(state for state in states if state and state.is_alive)
    for state in alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(state.pid, signal.SIGTERM)
    for key in place.all_keys():
        lock = place.lock(key, waits=True)  # which is free once it has ended
        if lock is not None:
            os.close(lock)
        place.remove(key, with_state=True)
    return alive
