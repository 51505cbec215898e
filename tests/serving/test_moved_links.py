"""A server follows a link that moves, as a deployment by `ln -sfn` or `mv -T` moves it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import rides
from test_serve_verb import Served, served

from stagebook.serving import answers


def point(link: Path, target: Path) -> None:
    """Moves a link in one step."""
    beside = link.with_name(f"{link.name}.new")
    beside.symlink_to(target)
    beside.replace(link)


def health(server: Served) -> dict[str, object]:
    values: dict[str, object] = json.loads(server.answer("GET", "/health")[1])
    return values


@pytest.mark.slow
def test_a_package_behind_a_link_is_replaced_when_the_link_moves(
    package: Path, other_package: Path, tmp_path: Path
) -> None:
    link = tmp_path / "champion"
    point(link, package)
    with served(link, "--follow", str(link)) as server:
        before = health(server)["package"]
        point(link, other_package)
        while health(server)["package"] == before:
            pass  # at most for two seconds


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package with features, whose code a server in another process can import."""
    place = tmp_path / "rides"
    place.mkdir()
    monkeypatch.syspath_prepend(str(place))
    monkeypatch.setenv("PYTHONPATH", str(place))
    rides.write(place, rides.write_code(place).service)
    yield place
    rides.forget()


@pytest.mark.slow
def test_a_store_behind_a_link_is_replaced_when_the_link_moves(
    folder: Path, tmp_path: Path
) -> None:
    history = rides.weather()
    stores = tmp_path / "early.sqlite", tmp_path / "late.sqlite"
    early = history[history["published"] < history["published"].median()]
    for store, table in zip(stores, (early, history), strict=True):
        rides.imported().service.materialize(store, {"weather": table})
    link = tmp_path / "online.sqlite"
    point(link, stores[0])
    latest = history["published"].max()
    rows = rides.rides()[["station", "distance"]].head(5).assign(start=latest)
    rows["start"] = pd.to_datetime(rows["start"]).dt.as_unit("us")
    body = json.dumps({"dataframe_records": answers.records(rows)})

    def predictions(server: Served) -> object:
        return json.loads(server.answer("POST", "/predict", body)[1])["predictions"]

    with served(folder / "rides", "--online", str(link)) as server:
        before = predictions(server)
        point(link, stores[1])
        while predictions(server) == before:
            pass  # at most for a second
