"""A status and a comparison are read from objects, JSON and files, and refused with a problem."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import watched_logs
from click.testing import CliRunner
from decided import COSTS, OWN, comparison, loss, status, wave
from refusals import problem
from watched_models import START, Watched, days_from, people

from stagebook.cli.main import main
from stagebook.monitoring.decision.costs import Costs
from stagebook.monitoring.decision.deciding import decide
from stagebook.monitoring.loss_signals import LABELS

RISEN = status(loss(LABELS, [*wave(0.15, 20), *wave(0.3, 40)]))


def written(folder: Path, values: Any) -> Path:
    path = folder / "values.json"
    path.write_text(values if isinstance(values, str) else json.dumps(values), encoding="utf-8")
    return path


def test_an_object_its_json_and_its_file_lead_to_one_decision(
    tall: Watched, tmp_path: Path
) -> None:
    entries = tall.answers(days_from(START, 28), lambda frame: frame.assign(height=0.01))
    judged = tall.status(watched_logs.write(tmp_path / "log", *entries))
    path = written(tmp_path, judged.as_json())
    decisions = [decide(source, COSTS) for source in (judged, judged.as_json(), path, str(path))]
    assert judged.state == "look"
    assert decisions[0].excess is not None
    assert decisions[0].rows_per_day == 100
    assert all(decision == decisions[0] for decision in decisions)
    files = [tmp_path / f"{number}.json" for number in range(len(decisions))]
    for decision, file in zip(decisions, files, strict=True):
        decision.write(file)
    assert len({file.read_bytes() for file in files}) == 1


def test_labels_of_a_real_log_that_the_scores_contradict_call_for_a_person(
    tall: Watched, tmp_path: Path
) -> None:
    names = days_from(START, 42)
    entries = tall.answers(names)
    log = watched_logs.write(tmp_path / "log", *entries)
    tables = []
    for number, (day, entry) in enumerate(zip(names, entries, strict=True)):
        truth = people(day)["tall"]
        if number >= 14:
            truth = truth.sample(frac=1.0, random_state=1, ignore_index=True)
        ids = [f"{entry.request}-{row}" for row in range(len(truth))]
        tables.append(pd.DataFrame({"prediction": ids, "tall": truth}))
    pd.concat(tables, ignore_index=True).to_parquet(tmp_path / "labels.parquet")
    words = [log, "--package", tall.folder, "--labels", tmp_path / "labels.parquet", "--json"]
    state = ["--state", tmp_path / "state"]
    result = CliRunner().invoke(main, ["monitor", *map(str, [*words, *state])])
    path = written(tmp_path, result.stdout)
    decision = decide(path, COSTS)
    assert (decision.state, decision.action) == ("act", "ask")
    assert decision.excess is not None
    assert (decision.excess.source, decision.excess.last) == ("labels", names[-1])
    assert decision.excess.more.low > 0
    better = {**comparison(), "champion": {"name": "tall", "digest": tall.digest}}
    assert decide(path, COSTS, challenger=better).action == "ask"
    cheap = Costs(wrong=1.0, retraining=1.0, false_alarm=0.0)
    assert decide(path, cheap, challenger=better).action == "retrain"


def test_a_status_says_that_its_model_is_a_regression(
    packaged: Callable[[str], Watched], tmp_path: Path
) -> None:
    size = packaged("size")
    log = watched_logs.write(tmp_path / "log", *size.answers(days_from(START, 3)))
    values = size.status(log).as_json()
    assert values["kind"] == "regression"


@pytest.mark.parametrize(
    "values",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        '{"problems": []}',
        {**RISEN, "format": 2},
        {**RISEN, "losses": None},
        {**RISEN, "first": "yesterday"},
        {**RISEN, "last": ""},
        {**RISEN, "false_alarms": 0},
        {**RISEN, "losses": [{**RISEN["losses"][0], "unit": -1.0}]},
        {**RISEN, "losses": [{**RISEN["losses"][0], "reference": 1.5}]},
        {**RISEN, "losses": [{**RISEN["losses"][0], "days": [["2027-06-04", math.nan]]}]},
        {**RISEN, "periods": [{**RISEN["periods"][0], "rows": -1}]},
    ],
)
def test_a_status_that_is_none_is_refused(values: Any, tmp_path: Path) -> None:
    refused = problem(decide, written(tmp_path, values), COSTS)
    assert refused.code == "bad-monitor-status"
    assert refused.where is not None
    assert refused.where.file == "values.json"


def test_the_refusal_of_the_monitor_in_place_of_a_status_is_repeated(tmp_path: Path) -> None:
    printed = {"problems": [{"code": "no-table", "message": "The file is missing."}]}
    refused = problem(decide, written(tmp_path, printed), COSTS)
    assert refused.code == "bad-monitor-status"
    assert "The file is missing." in refused.message


@pytest.mark.parametrize("source", [None, 3, [RISEN], object()])
def test_what_is_no_status_at_all_is_refused(source: Any) -> None:
    assert problem(decide, source, COSTS).code == "bad-monitor-status"


@pytest.mark.parametrize("name", ["", "nothing.json"])
def test_a_file_that_cannot_be_read_is_refused(name: str, tmp_path: Path) -> None:
    assert problem(decide, tmp_path / name, COSTS).code == "bad-monitor-status"
    others = {"previous": tmp_path / name}
    assert problem(decide, RISEN, COSTS, **others).code == "bad-model-comparison"


@pytest.mark.parametrize("name", ["challenger", "previous"])
@pytest.mark.parametrize(
    "values",
    [
        "{",
        "3",
        {},
        {**comparison(), "metrics": []},
        {**comparison(), "task": "ranking"},
        comparison(math.nan),
        {
            **comparison(),
            "metrics": [{"name": "brier", "difference": 0.1, "low": 0.2, "high": 0.3}],
        },
    ],
)
def test_a_comparison_that_is_none_is_refused(values: Any, name: str, tmp_path: Path) -> None:
    refused = problem(decide, RISEN, COSTS, **{name: written(tmp_path, values)})
    assert refused.code == "bad-model-comparison"
    assert f"`{name}`" in refused.message


def test_a_comparison_of_other_packages_is_refused() -> None:
    other = {**comparison(), "champion": {"name": "late", "digest": "d" * 64}}
    refused = problem(decide, RISEN, COSTS, challenger=other)
    assert refused.code == "comparison-of-others"
    assert OWN[:12] in refused.message


def test_a_comparison_on_a_log_says_on_which_days() -> None:
    logged = comparison(data={"rows": 70, "log": {"first": "2027-05-01", "last": "2027-06-04"}})
    (sentence,) = decide(RISEN, COSTS, challenger=logged).option("retrain").evidence
    assert "70 rows of the log, 2027-05-01 to 2027-06-04" in sentence


def test_a_comparison_of_numbers_counts_their_mean_absolute_error() -> None:
    own = status(loss(LABELS, wave(0.15, 60), unit=20.0), kind="regression")
    decision = decide(own, COSTS, challenger=comparison(-0.5, 0.1, metric="mae"))
    gain = decision.option("retrain").gain
    assert gain is not None
    assert gain.expected == pytest.approx(30_000 * 0.5 - 100)
