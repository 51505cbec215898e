"""Executed notebooks are kept, found again wherever they are, and never fail a stage."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from spooled import record, recorded

from stagebook.history.past_notebooks import PastNotebooks
from stagebook.project.project import Project
from stagebook.record.kept import MOST, DamagedError, KeptNotebooks
from stagebook.record.spool import Spool
from stagebook.tracking.inquiry import fetch_artifact


def names(count: int) -> list[str]:
    return [f"202601{day:02}T100000000000-make-{day:08}" for day in range(1, count + 1)]


def notebook(folder: Path, text: str = '{"cells": []}') -> Path:
    file = folder / "executed.ipynb"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def project(root: Path) -> Project:
    (root / "pyproject.toml").write_text('[project]\nname = "late"\n\n[tool.stagebook]\n')
    return Project.find(root)


def evidence(folder: Path, one: dict[str, Any], text: str = '{"cells": [1]}') -> Path:
    """What an execution brings to the spool."""
    notebook(folder, text)
    (folder / "record.json").write_text(json.dumps(one))
    return folder


def test_a_record_that_goes_into_the_spool_leaves_its_notebook_packed(tmp_path: Path) -> None:
    [name] = names(1)
    Spool(tmp_path / "state").put(evidence(tmp_path / "box", record(name)))
    assert KeptNotebooks(tmp_path / "state").read("make", name) == b'{"cells": [1]}'


def test_the_oldest_of_a_stage_are_forgotten_and_those_of_others_are_not(tmp_path: Path) -> None:
    kept, file = KeptNotebooks(tmp_path), notebook(tmp_path / "box")
    kept.put("other", names(1)[0], file)
    for name in names(MOST + 3):
        kept.put("make", name, file)
    assert kept.names("make") == tuple(names(MOST + 3)[3:])
    assert kept.names("other") == tuple(names(1))


def test_a_sweep_of_trials_pushes_out_no_build(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "state")
    build, *trials = names(MOST + 3)
    spool.put(evidence(tmp_path / "box", record(build)))
    for name in trials:
        spool.put(evidence(tmp_path / "box", record(name, build=False)))
    kept = KeptNotebooks(tmp_path / "state")
    assert kept.names("make") == (build, *trials[-MOST:])
    assert kept.read("make", trials[-1]) == b'{"cells": [1]}'


def test_a_notebook_is_packed_to_the_same_bytes_again(tmp_path: Path) -> None:
    file = notebook(tmp_path / "box")
    for state in ("one", "two"):
        KeptNotebooks(tmp_path / state).put("make", names(1)[0], file)
    one, two = (next((tmp_path / state).rglob("*.gz")).read_bytes() for state in ("one", "two"))
    assert one == two


def test_what_cannot_be_kept_does_not_keep_the_record_from_the_spool(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "executed").write_text("a file where the folder should be")
    [name] = names(1)
    Spool(state).put(evidence(tmp_path / "box", record(name)))
    assert (state / "records" / f"{name}.json").is_file()
    assert (state / "outbox" / name / "executed.ipynb").is_file()


def test_an_execution_without_a_notebook_keeps_none(tmp_path: Path) -> None:
    KeptNotebooks(tmp_path).put("make", names(1)[0], tmp_path / "none.ipynb")
    assert KeptNotebooks(tmp_path).read("make", names(1)[0]) is None
    assert list(tmp_path.rglob("*")) == []


WHOLE = gzip.compress(b"x" * 10_000, mtime=0)


@pytest.mark.parametrize("content", [b"no gzip", b"", WHOLE[:-12], WHOLE[:12] + b"?" + WHOLE[13:]])
def test_a_damaged_file_is_told_apart_from_none(tmp_path: Path, content: bytes) -> None:
    [name] = names(1)
    KeptNotebooks(tmp_path).put("make", name, notebook(tmp_path / "box"))
    next(tmp_path.rglob("*.gz")).write_bytes(content)
    with pytest.raises(DamagedError):
        KeptNotebooks(tmp_path).read("make", name)


def test_a_notebook_is_found_in_the_outbox_and_in_runs(tmp_path: Path) -> None:
    here = project(tmp_path)
    first, second = (recorded(name) for name in names(2))
    notebook(here.state / "outbox" / names(1)[0], "first")
    notebook(tmp_path / "runs").rename(tmp_path / "runs/make.ipynb")
    (tmp_path / "runs/make.ipynb").write_text(f"its colophon names {names(2)[1]}")
    found = PastNotebooks(here, fetch_artifact)
    assert found.of(first).text == "first"
    assert found.of(second).text == f"its colophon names {names(2)[1]}"


def test_one_that_is_nowhere_is_said_to_be_gone_and_a_damaged_one_why(tmp_path: Path) -> None:
    here, [name] = project(tmp_path), names(1)
    gone = PastNotebooks(here, fetch_artifact).of(recorded(name))
    assert gone.text is None
    assert name in gone.reason
    KeptNotebooks(here.state).put("make", name, notebook(tmp_path / "box"))
    next(here.state.rglob("*.gz")).write_bytes(b"no gzip")
    damaged = PastNotebooks(here, fetch_artifact).of(recorded(name))
    assert damaged.text is None
    assert "is damaged" in damaged.reason


def test_a_damaged_one_is_made_up_for_by_the_outbox(tmp_path: Path) -> None:
    here, [name] = project(tmp_path), names(1)
    KeptNotebooks(here.state).put("make", name, notebook(tmp_path / "box"))
    next(here.state.rglob("*.gz")).write_bytes(b"no gzip")
    notebook(here.state / "outbox" / name, "whole")
    assert PastNotebooks(here, fetch_artifact).of(recorded(name)).text == "whole"


def test_a_name_that_is_a_path_leads_nowhere_else(tmp_path: Path) -> None:
    here = project(tmp_path)
    (tmp_path / "secret").mkdir()
    notebook(tmp_path / "secret", "secret")
    evil = recorded("../../secret", "../../secret")
    assert PastNotebooks(here, fetch_artifact).of(evil).text is None


def test_a_tracker_that_is_down_is_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    here = project(tmp_path)
    for name in names(2):
        Spool(here.state).mark_delivered(name, {"tracking_uri": "x", "run_id": "0" * 32})
    notebooks = PastNotebooks(here, fetch_artifact)
    first, second = (notebooks.of(recorded(name)) for name in names(2))
    assert first.text is None
    assert "MLflow" in first.reason
    assert notebooks.down in second.reason


def test_a_store_of_mlflow_that_is_not_here_is_not_made_by_asking(tmp_path: Path) -> None:
    here, [name] = project(tmp_path), names(1)
    Spool(here.state).mark_delivered(name, {"tracking_uri": "x", "run_id": "0" * 32})
    notebooks = PastNotebooks(here, fetch_artifact)
    assert "MLflow's store does not exist" in notebooks.of(recorded(name)).reason
    assert not (tmp_path / "mlflow.db").exists()
