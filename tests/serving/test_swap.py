"""A new package takes over without a lost request, and a bad one changes nothing."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clients import TRIP, Client
from servers import POLICY, Serve

from stagebook.model import package_source
from stagebook.serving.served_model import ServedModel
from stagebook.serving.swap import Follower, Replacement, Slot


def put(package: Path, folder: Path) -> None:
    """Replaces the package in a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(package, folder)


def opener(folder: Path) -> Callable[[], ServedModel]:
    return lambda: ServedModel.open(folder, POLICY, 100)


@pytest.fixture
def folder(package: Path, tmp_path: Path) -> Path:
    """The folder of a package that changes."""
    place = tmp_path / "duration"
    put(package, place)
    return place


class Watched:
    """A follower of a folder, looked at by hand."""

    def __init__(self, folder: Path) -> None:
        self.opened = 0
        self.reports: list[Replacement] = []
        self.slot = Slot(opener(folder)())

        def open_newest() -> ServedModel:
            self.opened += 1
            return opener(folder)()

        self.follower = Follower(
            self.slot, lambda: package_source.version(folder), open_newest, self.reports.append
        )
        self.follower.look()
        self.reports.clear()
        self.opened = 0


def test_a_changed_package_answers_and_the_one_before_stays_loaded(
    folder: Path, other_package: Path
) -> None:
    watched = Watched(folder)
    before = watched.slot.current
    assert watched.follower.look() is None
    put(other_package, folder)
    watched.follower.look()
    assert watched.slot.current.digest != before.digest
    assert watched.slot.previous is before
    assert [report.digest for report in watched.reports] == [watched.slot.current.digest]


def test_going_back_opens_nothing(folder: Path, package: Path, other_package: Path) -> None:
    watched = Watched(folder)
    first = watched.slot.current
    put(other_package, folder)
    watched.follower.look()
    put(package, folder)
    watched.follower.look()
    assert watched.slot.current is first
    assert watched.opened == 1


def test_a_package_that_fails_its_gate_changes_nothing_and_is_reported(
    folder: Path, other_package: Path
) -> None:
    watched = Watched(folder)
    before = watched.slot.current
    put(other_package, folder)
    (folder / "model.pkl").write_bytes(b"no model")
    watched.follower.look()
    assert watched.slot.current is before
    (report,) = watched.reports
    assert report.digest is None
    assert report.problems


def test_a_package_that_was_seen_half_written_is_tried_again(
    folder: Path, other_package: Path
) -> None:
    watched = Watched(folder)
    put(other_package, folder)
    (folder / "model.pkl").unlink()
    watched.follower.look()
    shutil.copy(other_package / "model.pkl", folder)
    looks = 1
    while watched.follower.look() is None:
        looks += 1
        assert looks < 10
    assert [report.digest is None for report in watched.reports] == [True, False]


def damaged(folder: Path) -> None:
    """Changes a file that the manifest does not name otherwise than before."""
    path = folder / "model.pkl"
    path.write_bytes(path.read_bytes() + b"!")


def test_a_damaged_folder_with_the_manifest_of_a_package_in_memory_is_refused(
    serve: Serve, folder: Path, other_package: Path, tmp_path: Path
) -> None:
    link = tmp_path / "champion"
    link.symlink_to(folder)
    with serve(package=str(link), follow=str(link)) as client:

        def replacement(target: Path) -> Any:
            """What the server reports after the link has moved to another package."""
            before = client.get("/health").values["replacement"]
            beside = tmp_path / "beside"
            beside.symlink_to(target)
            beside.replace(link)
            while (last := client.get("/health").values["replacement"]) == before:
                pass  # at most for two seconds
            return last

        first = client.predict(TRIP).values["package"]
        second = replacement(other_package)["digest"]
        whole = (folder / "model.pkl").read_bytes()
        damaged(folder)
        refused = replacement(folder)
        assert refused["digest"] is None
        assert any("model.pkl" in text for text in refused["problems"])
        assert client.predict(TRIP).values["package"] == second
        assert replacement(other_package)["digest"] == second
        (folder / "model.pkl").write_bytes(whole)
        assert replacement(folder)["digest"] == first


def test_a_package_that_fails_as_before_is_not_reported_again(
    folder: Path, other_package: Path
) -> None:
    watched = Watched(folder)
    put(other_package, folder)
    damaged(folder)
    for _ in range(8):
        watched.follower.look()
    assert watched.opened > 1
    assert [report.digest for report in watched.reports] == [None]


def test_a_source_that_cannot_be_read_is_reported_once(folder: Path, package: Path) -> None:
    watched = Watched(folder)
    before = watched.slot.current
    shutil.rmtree(folder)
    for _ in range(2):
        watched.follower.look()
    assert watched.slot.current is before
    assert [report.digest for report in watched.reports] == [None]
    put(package, folder)
    watched.follower.look()
    assert watched.slot.current.digest == before.digest


def test_no_request_fails_while_packages_are_replaced(
    serve: Serve, folder: Path, package: Path, other_package: Path
) -> None:
    with serve(package=str(folder), follow=str(folder)) as client:
        first = client.predict(TRIP).values
        statuses: list[int] = []
        digests: set[str] = {first["package"]}
        done = threading.Event()

        def ask() -> None:
            own = Client(client.listening)
            while not done.is_set():
                reply = own.predict(TRIP)
                statuses.append(reply.status)
                digests.add(reply.values["package"])
            own.close()

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        put(other_package, folder)
        while len(digests) < 2:
            client.predict(TRIP)
        done.set()
        for thread in threads:
            thread.join()
        second = client.predict(TRIP).values
        assert set(statuses) == {200}
        assert second["package"] != first["package"]
        assert second["predictions"] != first["predictions"]
        assert client.get("/health").values["replacement"]["digest"] == second["package"]


def test_a_challenger_predicts_the_same_requests_and_answers_none(
    serve: Serve, other_package: Path, tmp_path: Path
) -> None:
    with serve(shadow=str(other_package)) as client:
        digest = client.predict(TRIP).values["package"]
        line = 'stagebook_shadow_requests_total{outcome="predicted"} 1.0'
        while line not in client.get("/metrics").content.decode():
            pass
        health = client.get("/health").values
        assert health["package"]["digest"] == digest != health["challenger"]
