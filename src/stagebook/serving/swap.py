"""The package that answers, and its replacement without a lost request."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from stagebook.project.errors import StagebookError
from stagebook.serving.served_model import ServedModel

_LOG = logging.getLogger("stagebook.serving")
_SECONDS = 2.0  # between two looks at the source
_MOST_LOOKS = 128  # between two tries of a package that failed

Opener = Callable[[], ServedModel]


@dataclass(frozen=True, slots=True)
class Replacement:
    """One try to replace the package.

    Attributes:
        time: When it ended, as text in UTC.
        version: The version of the source that was tried.
        digest: The digest of the package that answers since; None if it failed.
        problems: Why it failed.
    """

    time: str
    version: str
    digest: str | None
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class Slot:
    """The place of the package that answers.

    A request takes the package once and keeps it, so a replacement never changes a request that
    has begun. The package before stays loaded: going back to it takes no time.

    Attributes:
        current: The package that answers.
        previous: The one that answered before.
        last: The last try to replace it.
    """

    current: ServedModel
    previous: ServedModel | None = None
    last: Replacement | None = None
    _lock: Any = field(default_factory=threading.Lock, repr=False)

    def replace(self, model: ServedModel) -> None:
        """Lets another package answer."""
        with self._lock:
            if model.digest != self.current.digest:
                self.current, self.previous = model, self.current


class Follower:
    """Replaces the package when its source gives another one.

    A package that does not pass the gate changes nothing, and is reported. It may have been seen
    while it was written, so it is tried again, each time after twice as many looks; that it fails
    in the same way again is not reported.

    Args:
        slot: The place of the package.
        version: Gives a text that changes when the source gives another package.
        opener: Opens the package that the source gives now, with the whole gate.
        report: Called after each try that brings something new.
        verify: Raises an error if the source is damaged behind a version that is known. The
            package before answers again without being opened, but only if it is still there.
    """

    def __init__(
        self,
        slot: Slot,
        version: Callable[[], str],
        opener: Opener,
        report: Callable[[Replacement], None],
        verify: Callable[[], None] = lambda: None,
    ) -> None:
        self._slot = slot
        self._version = version
        self._opener = opener
        self._report = report
        self._verify = verify
        self._tried: str | None = None
        self._failures = 0
        self._looks_to_wait = 0
        self._reported: tuple[str, ...] = ()  # why the version that was tried last failed
        self._versions: dict[str, str] = {}  # digest of the package, by version
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)

    def start(self, version: str | None) -> None:
        """Begins to look at the source.

        Args:
            version: The source's version that is in the slot; None if another source gave it.
        """
        self._tried = version
        if version is not None:
            self._versions[version] = self._slot.current.digest
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread, at the latest after a package that is being opened."""
        self._stop.set()

    def look(self) -> Replacement | None:
        """Looks at the source once; what is new, or None if nothing is."""
        failure: StagebookError | None = None
        try:
            version = self._version()
        except StagebookError as error:
            version, failure = f"unknown: {error}", error
        if version != self._tried:
            self._failures, self._reported = 0, ()
        elif not self._failures:
            return None
        elif self._looks_to_wait:
            self._looks_to_wait -= 1
            return None
        self._tried = version
        try:
            if failure:
                raise failure
            model = self._kept(version) or self._opener()
        except Exception as error:  # whatever a package does, the present one goes on
            return self._failed(version, error)
        self._failures = 0
        self._versions[version] = model.digest
        self._slot.replace(model)
        _LOG.warning("the package %s answers now", model.digest[:12])
        return self._ended(Replacement(_now(), version, model.digest))

    def _failed(self, version: str, error: Exception) -> Replacement | None:
        """Takes a failure into account; None if it is known."""
        texts = (
            tuple(str(problem) for problem in error.problems)
            if isinstance(error, StagebookError)
            else (f"{type(error).__name__}: {error}",)
        )
        self._failures += 1
        self._looks_to_wait = min(2**self._failures, _MOST_LOOKS) - 1
        if texts == self._reported:
            return None
        self._reported = texts
        _LOG.error("the package was not replaced: %s", "; ".join(texts))
        return self._ended(Replacement(_now(), version, None, texts))

    def _ended(self, replacement: Replacement) -> Replacement:
        self._slot.last = replacement
        self._report(replacement)
        return replacement

    def _kept(self, version: str) -> ServedModel | None:
        """A package in memory of this version, after its source was verified.

        A rollback opens nothing.
        """
        digest = self._versions.get(version)
        for model in (self._slot.current, self._slot.previous):
            if model is not None and model.digest == digest:
                self._verify()
                return model
        return None

    def _run(self) -> None:
        while not self._stop.wait(_SECONDS):
            self.look()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
