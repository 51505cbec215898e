"""A model waits a moment for clients that it has just answered, where that is of use."""

from stagebook.serving.gathering import Gathering


def after(requests: int, waiting: int) -> Gathering:
    """After a prediction of 4 seconds, which ended at 10."""
    gathering = Gathering()
    gathering.predicted(requests, waiting, start=6.0, end=10.0)
    return gathering


def test_a_single_client_never_waits() -> None:
    assert not Gathering().begin(1, 0.0)
    assert not after(1, 0).begin(1, 10.0)


def test_a_batch_waits_for_as_many_requests_as_there_were_for_half_of_a_prediction() -> None:
    gathering = after(1, 3)
    assert gathering.begin(3, 10.0)
    assert gathering.left(10.5) == 1.5
    assert not gathering.is_complete(3)
    assert gathering.is_complete(4)


def test_a_request_that_comes_later_does_not_wait() -> None:
    assert not after(4, 0).begin(1, 12.0)


def test_waits_that_are_of_no_use_become_rare() -> None:
    gathering = after(2, 1)
    waits = []
    for _ in range(20):
        waits.append(gathering.begin(1, 10.0))
        if waits[-1]:
            gathering.ended(1)
    assert [place for place, waited in enumerate(waits) if waited] == [0, 3, 8, 17]


def test_a_wait_that_was_of_use_is_followed_by_another() -> None:
    gathering = after(2, 1)
    assert gathering.begin(1, 10.0)
    gathering.ended(3)
    assert gathering.begin(1, 10.0)
