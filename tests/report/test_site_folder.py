"""The folder of a site."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import refusals

from stagebook.report.site.folder import write


def test_a_site_is_replaced_whole(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "site"
    write(folder, [("index.html", "old"), ("gone.html", "old")])
    assert write(folder, [("index.html", "new"), ("a/b.html", "new")]) == 2
    pages = sorted(str(one.relative_to(folder)) for one in folder.rglob("*.html"))
    assert pages == ["a/b.html", "index.html"]
    assert (folder / "index.html").read_text() == "new"
    assert [one.name for one in folder.parent.iterdir()] == ["site"]


def test_what_stops_it_half_way_leaves_the_old_site(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    write(folder, [("index.html", "old")])

    def broken() -> Iterator[tuple[str, str]]:
        yield "index.html", "new"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write(folder, broken())
    assert (folder / "index.html").read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["site"]


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_nothing_else_is_ever_replaced(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "notebooks"
    if kind == "folder":
        target.mkdir()
        (target / "train.ipynb").write_text("work")
    else:
        target.write_text("work")
    assert refusals.problem(write, target, [("index.html", "")]).code == "not-a-site"
    assert [one.read_text() for one in tmp_path.rglob("*") if one.is_file()] == ["work"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    write(tmp_path, [("index.html", "new")])
    assert (tmp_path / "index.html").read_text() == "new"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    problem = refusals.problem(write, tmp_path / "file" / "site", [("index.html", "")])
    assert problem.code == "not-written"
