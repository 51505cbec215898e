"""Signals to a runner are noted, unless it was started to ignore them."""

import os
import signal
from collections.abc import Iterator

import pytest

from stagebook.execution import signals


@pytest.fixture(params=[signal.SIGHUP, signal.SIGINT])
def ignored(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    """A signal that this process ignores, as under ``nohup`` or in a shell's background."""
    number: signal.Signals = request.param
    before = signal.signal(number, signal.SIG_IGN)
    yield number
    signal.signal(number, before)


def test_a_signal_that_the_caller_ignores_stays_ignored(ignored: signal.Signals) -> None:
    with signals.listen() as stop:
        os.kill(os.getpid(), ignored)
        assert not stop.requested
    assert signal.getsignal(ignored) is signal.SIG_IGN


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_noted_and_ends_what_may_be_ended_at_once(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with signals.listen() as stop:
        os.kill(os.getpid(), number)
        assert stop.reason is number
        with pytest.raises(signals.StoppedError), stop.at_once():
            pass
    assert signal.getsignal(number) is before
