"""What MLflow is given is looked up there: something in between may have answered for it."""

from pathlib import Path

import pytest
from mlflow.entities import FileInfo

from stagebook.tracking.upload import IncompleteError, Upload


class Store:
    """Loses the first writes to some files, as a proxy does that answers for a server."""

    def __init__(self, losses: dict[str, int]) -> None:
        self.losses, self.files = losses, dict[str, int]()

    def put(self, file: str, folder: str | None) -> None:
        place = f"{folder}/{Path(file).name}" if folder else Path(file).name
        if self.losses.get(place, 0) > 0:
            self.losses[place] -= 1
        else:
            self.files[place] = Path(file).stat().st_size

    def listed(self, folder: str | None) -> list[FileInfo]:
        return [
            FileInfo(place, False, size)
            for place, size in self.files.items()
            if (place.rpartition("/")[0] or None) == folder
        ]


def upload(store: Store, folder: Path) -> Upload:
    for name in ("record.json", "profiles/a.json", "profiles/deep/b.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8")
    sent = Upload(store.put, store.listed)
    sent.add(folder / "record.json")
    sent.add(folder / "profiles", "profiles")
    sent.add(folder / "nowhere", "nowhere")
    return sent


@pytest.mark.parametrize("losses", [{}, {"record.json": 2}, {"profiles/deep/b.json": 1}])
def test_a_file_that_did_not_arrive_is_sent_again(tmp_path: Path, losses: dict[str, int]) -> None:
    store = Store(losses)
    upload(store, tmp_path).send()
    assert sorted(store.files) == ["profiles/a.json", "profiles/deep/b.json", "record.json"]


def test_a_file_that_never_arrives_is_not_taken_for_delivered(tmp_path: Path) -> None:
    with pytest.raises(IncompleteError, match=r"profiles/a\.json"):
        upload(Store({"profiles/a.json": 9}), tmp_path).send()
