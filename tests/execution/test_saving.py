"""The executed notebook is saved at most once a second, and no state waits for the next cell."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from stagebook.execution.saving import SteadySave


class Clock:
    """A clock that the test sets; each save takes some of its time."""

    def __init__(self, cost: float = 0.0) -> None:
        self.now, self.saves, self.cost = 0.0, 0, cost

    def save(self) -> None:
        self.saves += 1
        self.now += self.cost

    def steady(self) -> SteadySave:
        return SteadySave(self.save, lambda: None, lambda: self.now)


def test_many_cells_in_a_second_are_saved_once() -> None:
    clock = Clock()
    save = clock.steady()
    for step in range(300):
        clock.now = step / 100
        save()
    assert clock.saves == 3


def test_a_save_that_takes_long_is_rare() -> None:
    clock = Clock(cost=2.0)
    save = clock.steady()
    while clock.now < 420:
        clock.now += 0.5
        save()
    assert clock.saves == 10


def test_what_was_not_saved_is_saved_while_a_cell_runs() -> None:
    clock = Clock()
    save = clock.steady()

    async def cell() -> None:
        save()
        save()
        clock.now = 2.0
        save.watch()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    with ThreadPoolExecutor(1) as own:  # other tests leave a loop in the main thread
        own.submit(asyncio.run, cell()).result()
    assert clock.saves == 2


def test_the_texts_that_arrived_are_in_each_save() -> None:
    order: list[str] = []
    save = SteadySave(lambda: order.append("save"), lambda: order.append("settle"), lambda: 0.0)
    save()
    assert order == ["settle", "save"]
