"""One process parses each ``dvc.yaml`` and ``dvc.lock`` once, whoever asks about it."""

import subprocess
from collections import Counter
from pathlib import Path

import pytest
import spooled

from stagebook.history.history import History
from stagebook.history.past_locks import PastLocks
from stagebook.pipeline import dvc_file, lock, yaml_block
from stagebook.pipeline import nodes as graph
from stagebook.project.errors import StagebookError

PIPELINE = """stages:
  parsed-once-clean:
    cmd: cp raw.csv clean.csv
    deps: [raw.csv]
    outs: [clean.csv]
  parsed-once-train:
    cmd: train
    deps: [clean.csv]
    outs: [model]
"""
LOCK = """schema: '2.0'
stages:
  parsed-once-clean:
    cmd: cp raw.csv clean.csv
    deps:
    - path: raw.csv
      md5: 0a000000000000000000000000000000
      size: 1
    outs:
    - path: clean.csv
      md5: 0b000000000000000000000000000000
      size: 1
  parsed-once-train:
    cmd: train
    deps:
    - path: clean.csv
      md5: 0b000000000000000000000000000000
      size: 1
    outs:
    - path: model
      md5: {model}.dir
      size: 1
      nfiles: 2
"""
OLDER, NEWER = "0c" * 16, "0d" * 16


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository in which two commits have a lock; its stages differ in one."""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    for model in (OLDER, NEWER):
        (tmp_path / "dvc.lock").write_text(LOCK.format(model=model))
        spooled.committed(tmp_path)
    return tmp_path


def test_each_text_of_dvc_is_parsed_once_in_a_process(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: Counter[str] = Counter()
    read = yaml_block.read

    def counted(text: str) -> object:
        parsed[text] += 1
        return read(text)

    monkeypatch.setattr(yaml_block, "read", counted)
    text = dvc_file.read(root)
    with History.open(root / ".stagebook") as history:
        locks = PastLocks(root, history.index)
        assert locks.refresh() is None
        assert locks.in_tree() == lock.read(root)
    assert dvc_file.render((), text) == text
    assert dvc_file.all_written(text) == ("clean.csv", "model")
    assert len(graph.read(root)) == len(dvc_file.parse(text).handwritten)
    pieces = {piece for model in (OLDER, NEWER) for piece in lock.split(LOCK.format(model=model))}
    assert parsed == Counter({PIPELINE, *pieces})


def test_the_commits_that_wrote_a_content_are_found_without_its_path(root: Path) -> None:
    with History.open(root / ".stagebook") as history:
        locks = PastLocks(root, history.index)
        assert locks.refresh() is None
        (older,) = locks.wrote_content(f"{OLDER}.dir")
        (newer,) = locks.wrote_content(f"{NEWER}.dir")
        assert locks.wrote_content(OLDER) == ()
    assert older.entry.stage == newer.entry.stage == "parsed-once-train"
    assert older.commits != newer.commits


def test_a_lock_that_names_a_stage_twice_is_refused() -> None:
    text = LOCK.format(model=OLDER)
    twice = text + text.partition("stages:\n")[2]
    with pytest.raises(StagebookError) as raised:
        lock.parse(twice)
    assert raised.value.problems[0].code == "bad-yaml"
