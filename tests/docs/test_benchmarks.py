"""The benchmarks run; what they measure is for a reader, and no test asserts a time."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import stagebook

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def lines(name: str, *arguments: str, folder: Path | None = None) -> list[str]:
    command = [sys.executable, str(BENCHMARKS / name), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_help_is_compared_with_python_itself() -> None:
    python, stagebook = lines("help.py")
    assert python.startswith("python -c pass")
    assert stagebook.startswith("stagebook --help")
    assert stagebook.endswith("x python -c pass")


@pytest.mark.slow
def test_the_stage_sources_is_compared_with_python_itself() -> None:
    python, *ways = lines("sources.py", "1")
    assert python.startswith("python -c pass")
    names = [line.split("  ")[0] for line in ways]
    assert names == ["stagebook sources", "after an edit", "in a fresh clone"]


@pytest.mark.slow
def test_a_notebook_that_does_nothing_is_compared_with_papermill() -> None:
    names = [line[:32].strip() for line in lines("empty_notebook.py", "1")]
    assert names == ["papermill", "a stage of a build", "stagebook run, with delivery"]


@pytest.mark.slow
def test_large_outputs_are_compared_with_a_plain_kernel() -> None:
    figures = [line[:21].split() for line in lines("large_output.py", "1", "1000", "1000")]
    assert [words[0] for words in figures] == ["lines", "lines", "result", "result"]


@pytest.mark.slow
def test_a_plan_is_compared_with_python_itself() -> None:
    python, *ways = lines("plan.py", "1")
    assert python.startswith("python -c pass")
    assert [line.split("  ")[0] for line in ways] == ["the reference project", "200 stages"]


@pytest.mark.build
def test_builds_of_the_same_cells_are_compared_and_have_one_result() -> None:
    by_hand, stagebook = "papermill, MLflow, nbconvert", "Stagebook, cold"
    printed = lines("builds.py", "--rounds", "1", "--growth", "--ways", by_hand, stagebook)
    rows = [line.strip("| ").split(" | ") for line in printed if line.startswith("| ")][2:]
    assert [row[0] for row in rows] == ["plain scripts", stagebook, by_hand]
    assert rows[0][-1] == "1.00"


@pytest.mark.slow
def test_loading_a_package_is_compared_with_unpickling(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.parquet" for name in ("train", "test")}
    for first, file in enumerate(files.values()):
        rows = {"id": [2 * first, 2 * first + 1], "height": [0.0, 1.0], "tall": [False, True]}
        pd.DataFrame(rows).to_parquet(file)
    learn = pd.read_parquet(files["train"])
    model = LogisticRegression().fit(learn[["height"]], learn["tall"])
    told = {"key": "id", "features": ["height"], "scores": {"accuracy": 1.0}}
    stagebook.package(model, tmp_path / "tall", splits=files, **told)
    plain, checked, cost = lines("load_time.py", str(tmp_path / "tall"), "--rounds", "1")
    assert plain.startswith("pickle.load  ")
    assert checked.startswith("stagebook.load  ")
    assert cost.startswith("the gate costs  ")


def test_the_front_page_is_compared_with_reading_the_records() -> None:
    read, front, *_ = lines("front_page.py", "--rounds", "1", "--stages", "3", "--records", "30")
    assert read.startswith("after imports  json.loads of every record")
    assert front.startswith("after imports  the front page")


def test_a_contract_check_is_compared_with_panderas_own(tmp_path: Path) -> None:
    flights = tmp_path / "data" / "raw" / "flights.parquet"
    flights.parent.mkdir(parents=True)
    numbers = {"month": [1, 12], "day": [1, 31], "dep_time": [517, 2359], "distance": [187, 2475]}
    pd.DataFrame({**numbers, "carrier": ["UA", "B6"]}).to_parquet(flights)
    validate, frame, file = lines("contract_check.py", "1", folder=tmp_path)
    assert validate.endswith("1.00 x schema.validate")
    assert frame.startswith("contract check  ")
    assert file.startswith("contract check of the file")


def test_a_point_in_time_join_has_the_values_of_merge_asof() -> None:
    first, *figures = lines("point_in_time.py", "--rows", "2000", "--rounds", "1")
    assert first.startswith("2,000 rows, equal values")
    assert [line.split("  ")[0] for line in figures[::2]] == [
        "seconds",
        "processor",
        "memory",
        "added memory",
    ]


@pytest.mark.slow
def test_writing_an_online_store_is_compared_with_sqlite_alone() -> None:
    figures = lines("materialize.py", "--keys", "2000", "--rounds", "1")
    names = list(dict.fromkeys(line.split("  ")[0] for line in figures))
    assert names == [
        "SQLite alone",
        "materialize",
        "look_up, five views",
        "online, five views, one row",
    ]


@pytest.mark.slow
def test_a_month_is_summarized_from_scratch_and_with_a_day_added() -> None:
    figures = lines("monitoring.py", "--without-evidently", "--rows", "300", "--rounds", "1")
    ways = ["month", "nothing added", "a day added", "365 days kept"]
    kinds = ("seconds", "processor", "MB")
    assert [line[:25].strip() for line in figures] == [
        f"{kind:10} {way}" for kind in kinds for way in ways
    ]


@pytest.mark.slow
def test_a_year_is_monitored_from_scratch_and_from_what_is_kept() -> None:
    figures = lines("monitored_year.py", "--days", "3", "--rounds", "1")
    ways = ["nothing kept", "nothing added", "a day added", "nothing added, with labels"]
    names = [f"{kind:10} {way}" for kind in ("seconds", "processor") for way in ways]
    assert [line[:39].strip() for line in figures] == names


@pytest.mark.slow
def test_a_server_is_compared_with_its_prediction() -> None:
    short = ["--trees", "2", "--rounds", "1", "--seconds", "0.2", "--clients", "2"]
    figures = lines("serving.py", "--without-mlflow", *short)
    clients, *pair, wall, processor = figures
    assert clients.startswith(" 2 clients  stagebook serve ")
    assert len(pair) == 2
    assert wall.startswith("wall ")
    assert processor.startswith("processor ")


def test_decisions_are_compared_with_retraining_on_each_alarm() -> None:
    head, *rules = lines("decisions.py", "--models", "12")
    assert head.split() == ["saved", "retrained", "asked", "for", "each", "of", "12", "models"]
    saved = {line[:28].strip(): float(line[28:].split()[0]) for line in rules}
    assert saved["never"] == 0
    assert saved["who knows the future"] >= max(saved.values())
