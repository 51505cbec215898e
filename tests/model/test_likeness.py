"""A package that was made again, held against the first; and archives that would leave theirs."""

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from little_model import FEATURES, fitted, table, write
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from stagebook.model import archive, manifest
from stagebook.model.materials import Content, Materials, Step
from stagebook.model.recreate import Likeness, compare, fetch_data
from stagebook.project.errors import StagebookError


def likeness(original: Path, folder: Path, model: Any, **changes: Any) -> tuple[Likeness, str]:
    """How a package of the same data is like the first one."""
    files = {name: original / f"{name}.parquet" for name in ("train", "test")}
    write(model, folder / "tall", files, **changes)
    first = original / "tall"
    return compare(first, manifest.read(first), folder / "tall")


def test_the_same_model_is_identical(original: Path, tmp_path: Path) -> None:
    like, words = likeness(original, tmp_path, fitted())
    assert like is Likeness.IDENTICAL
    assert words.startswith("17 files, ")


def test_other_words_with_the_same_predictions_are_within_tolerance(
    original: Path, tmp_path: Path
) -> None:
    like, words = likeness(original, tmp_path, fitted(), purpose="Tells something else.")
    assert like is Likeness.WITHIN_TOLERANCE
    assert "1e-09" in words
    assert words.endswith(": MODEL_CARD.md")


def test_other_predictions_are_different(original: Path, tmp_path: Path) -> None:
    learn = table(0, 100)
    other = make_pipeline(StandardScaler(), LogisticRegression())
    like, words = likeness(original, tmp_path, other.fit(learn[FEATURES], learn["tall"]))
    assert like is Likeness.DIFFERENT
    assert "model.pkl" in words


@pytest.mark.parametrize("path", ["../outside", "/tmp/outside-of-any-package"])
def test_an_archive_that_would_write_outside_is_refused(tmp_path: Path, path: str) -> None:
    file = tmp_path / "deep" / "tall.tar"
    file.parent.mkdir()
    with tarfile.open(file, "w") as made:
        entry = tarfile.TarInfo(path)
        entry.size = 4
        made.addfile(entry, io.BytesIO(b"evil"))
    with pytest.raises(StagebookError) as caught, archive.opened(file):
        pass
    assert [one.code for one in caught.value.problems] == ["no-package"]
    assert not Path("/tmp/outside-of-any-package").exists()
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["deep", "tall.tar"]


@pytest.mark.slow
def test_raw_data_whose_name_looks_like_an_option_is_fetched(tmp_path: Path) -> None:
    root, place = tmp_path / "root", tmp_path / "place"
    root.mkdir()
    dvc = [sys.executable, "-m", "dvc"]
    (root / "-x.csv").write_text("a\n")
    for command in (["init", "-q", "--no-scm"], ["add", "-q", "--", "-x.csv"]):
        subprocess.run([*dvc, *command], cwd=root, check=True)
    (root / "-x.csv").unlink()
    subprocess.run(["cp", "-r", root, place], check=True)
    subprocess.run(["rm", "-rf", place / ".dvc" / "cache"], check=True)
    made_of = Materials((Step("s", "", "", {}, (Content("-x.csv", "0" * 32),)),))
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    fetch_data(root, place, made_of, env)
    assert (place / "-x.csv").read_text() == "a\n"
