"""``stagebook model compare``: verdict, exit code, and what cannot be compared."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import compared_packages
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from sklearn.linear_model import LogisticRegression

from stagebook.cli.main import main

RULE = """[tool.stagebook]
[tool.stagebook.compare]
label = "tall"
"""
Verb = Callable[..., Result]


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Packages by what they see: nothing of use, all, and another task."""
    folder = tmp_path_factory.mktemp("compared")
    return {
        "blind": compared_packages.write(folder, ["weight"]),
        "seeing": compared_packages.write(folder, ["height", "weight"]),
        "numbers": compared_packages.write(folder, ["height"], "size"),
        "other numbers": compared_packages.write(folder, ["weight"], "size"),
        "test": folder / "test.parquet",
        "train": folder / "train.parquet",
    }


@pytest.fixture
def verb(packages: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verb:
    """Compares two packages in a project; ``data`` is a frame or a file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(RULE)

    def run(champion: str, challenger: str, *options: str, data: Any = "test") -> Result:
        if isinstance(data, pd.DataFrame):
            data.to_parquet("rows.parquet", index=False)
        file = packages[data] if isinstance(data, str) else Path("rows.parquet")
        sides = [str(packages.get(side, side)) for side in (champion, challenger)]
        lenient = ["--materials", "ignore", "--attestation", "ignore"]
        words = ["model", "compare", *sides, "--data", str(file), *lenient, *options]
        return CliRunner().invoke(main, words)

    return run


def values(result: Result) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return parsed


def codes(result: Result) -> list[str]:
    return [problem["code"] for problem in values(result)["problems"]]


def test_a_better_challenger_ends_with_0_and_a_worse_one_with_15(verb: Verb) -> None:
    better = verb("blind", "seeing", "--json")
    assert (better.exit_code, values(better)["verdict"]) == (0, "better")
    worse = verb("seeing", "blind", "--json")
    assert (worse.exit_code, values(worse)["verdict"]) == (15, "worse")
    for there, back in zip(values(better)["metrics"], values(worse)["metrics"], strict=True):
        assert there["difference"] == pytest.approx(-back["difference"])


def test_the_json_goes_to_a_file_beside_what_is_shown(verb: Verb) -> None:
    plain = verb("seeing", "blind", "--json")
    shown = verb("seeing", "blind", "--save", "kept/comparison.json")
    assert (shown.exit_code, "worse" in shown.stdout) == (15, True)
    kept = Path("kept/comparison.json")
    assert json.loads(kept.read_text()) == values(plain)
    assert verb("seeing", "seeing", "--save", str(kept)).exit_code == 0
    assert json.loads(kept.read_text())["verdict"] == "equivalent"
    own = Path("own.txt")
    own.write_text("mine")
    refused = verb("seeing", "blind", "--save", "own.txt", "--json")
    assert (codes(refused), own.read_text()) == (["file-there"], "mine")


def test_a_package_is_equivalent_to_itself(verb: Verb) -> None:
    result = verb("seeing", "seeing", "--json")
    assert (result.exit_code, values(result)["verdict"]) == (0, "equivalent")
    assert {metric["difference"] for metric in values(result)["metrics"]} == {0}


def test_packages_of_numbers_are_compared_by_mae(verb: Verb) -> None:
    result = verb("other numbers", "numbers", "--label", "size", "--json")
    assert (values(result)["rule"]["metric"], values(result)["verdict"]) == ("mae", "better")
    assert [metric["name"] for metric in values(result)["metrics"]] == ["mae", "rmse", "bias"]


def test_the_settings_are_the_rule(verb: Verb) -> None:
    Path("pyproject.toml").write_text(
        RULE + 'metric = "brier"\nmargin = 1\nslices = ["city"]\nslice_margin = 0.01\n'
    )
    result = verb("seeing", "blind", "--json")
    assert values(result)["verdict"] == "equivalent"
    assert (result.exit_code, len(values(result)["reasons"])) == (15, 3)
    slices = values(result)["slices"]
    assert [part["value"] for part in slices if part["worse"]] == ["Bern", "Graz", "Lyon"]
    by_side = verb("seeing", "blind", "--by", "id", "--json")
    assert codes(by_side) == ["too-many-slices"]


def test_rows_without_a_label_are_left_out_and_counted(verb: Verb) -> None:
    frame = pd.read_parquet(compared_rows(verb))
    frame["tall"] = frame["tall"].astype(object).where(frame["id"] % 3 > 0)
    result = verb("blind", "seeing", "--json", data=frame)
    data = values(result)["data"]
    assert (data["rows"], data["unlabelled"]) == (200, 100)
    numbers = frame.assign(tall=frame["tall"].map({True: 1.0, False: 0.0}))
    again = verb("blind", "seeing", "--json", data=numbers)
    assert values(again)["metrics"] == values(result)["metrics"]


def compared_rows(verb: Verb) -> Path:
    """The test rows, as a file in the folder of a test."""
    compared_packages.people(400, 300).to_parquet("all.parquet", index=False)
    return Path("all.parquet")


def test_rows_of_a_cluster_are_not_independent(verb: Verb) -> None:
    frame = pd.read_parquet(compared_rows(verb))
    frame = pd.concat([frame.assign(id=frame["id"] + 1000 * again) for again in range(9)])
    frame["day"] = frame["id"] % 1000
    widths = []
    for options in ((), ("--cluster", "day")):
        metric = values(verb("blind", "seeing", "--json", *options, data=frame))["metrics"][1]
        widths.append(metric["high"] - metric["low"])
    assert widths[1] == pytest.approx(3 * widths[0], rel=0.01)


def test_rows_of_one_class_have_no_auc_and_the_other_metrics(verb: Verb) -> None:
    frame = compared_packages.people(400, 300).query("tall")
    result = verb("blind", "seeing", "--json", data=frame)
    auc, brier, *_ = values(result)["metrics"]
    assert (auc["champion"], auc["reason"]) == (None, "the rows have only one class")
    assert brier["difference"] < 0
    assert (result.exit_code, values(result)["verdict"]) == (15, "undecided")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda frame: frame.drop(columns="tall"), "no-comparison-column"),
        (lambda frame: frame.drop(columns="height"), "no-comparison-column"),
        (lambda frame: frame.head(0), "no-labelled-rows"),
        (lambda frame: frame.assign(tall=None), "no-labelled-rows"),
        (lambda frame: frame.assign(tall=np.nan), "no-labelled-rows"),
        (lambda frame: frame.assign(tall="maybe"), "bad-label"),
        (lambda frame: frame.assign(id=7), "repeated-rows"),
    ],
    ids=["no label", "no feature", "no rows", "null", "NaN", "other values", "keys twice"],
)
def test_rows_that_do_not_fit_are_refused(verb: Verb, change: Any, code: str) -> None:
    result = verb("blind", "seeing", "--json", data=change(compared_packages.people(400, 300)))
    assert (result.exit_code, codes(result)) == (3, [code])


def test_numbers_that_are_not_finite_are_no_labels(verb: Verb) -> None:
    frame = compared_packages.people(400, 300).assign(size=np.inf)
    assert codes(verb("numbers", "numbers", "--label", "size", "--json", data=frame)) == [
        "bad-label"
    ]


def test_everything_that_the_rows_lack_is_named_at_once(verb: Verb) -> None:
    frame = compared_packages.people(400, 300).drop(columns=["tall", "height"])
    result = verb("blind", "seeing", "--by", "town", "--json", data=frame)
    assert codes(result) == ["no-comparison-column"] * 3


def test_rows_that_a_model_has_learned_from_are_refused(verb: Verb) -> None:
    result = verb("blind", "seeing", "--json", data="train")
    assert codes(result) == ["seen-rows", "seen-rows"]


def test_packages_of_different_tasks_are_refused(verb: Verb) -> None:
    assert codes(verb("blind", "numbers", "--json")) == ["different-tasks"]


def test_a_metric_of_another_task_is_refused(verb: Verb) -> None:
    Path("pyproject.toml").write_text(RULE + 'metric = "mae"\n')
    assert codes(verb("blind", "seeing", "--json")) == ["other-metric"]


def test_models_of_many_classes_are_refused(
    verb: Verb, packages: dict[str, Path], tmp_path: Path
) -> None:
    three = LogisticRegression()
    folder = compared_packages.write(tmp_path, ["height"], "city", three, method="predict_proba")
    assert codes(verb(str(folder), str(folder), "--label", "city", "--json")) == ["not-comparable"]


def test_classes_of_any_name_are_known_from_the_outputs(verb: Verb, tmp_path: Path) -> None:
    frame = compared_packages.people(400, 300)
    folder = compared_packages.write(tmp_path, ["height"], "tall", _Named())
    words = frame.assign(tall=np.where(frame["tall"], "tall", "small"))
    result = verb(str(folder), str(folder), "--json", data=words)
    assert values(result)["metrics"][0]["champion"] > 0.9


class _Named:
    """Gives a fitted model whose classes are words."""

    def fit(self, rows: pd.DataFrame, tall: pd.Series) -> LogisticRegression:
        return LogisticRegression().fit(rows, np.where(tall, "tall", "small"))


def test_no_label_is_a_problem_that_names_the_setting(verb: Verb) -> None:
    Path("pyproject.toml").write_text("[tool.stagebook]\n")
    assert codes(verb("blind", "seeing", "--json")) == ["no-label"]


def test_a_file_that_is_no_parquet_is_refused(verb: Verb) -> None:
    Path("rows.parquet").write_text("id,tall\n1,true\n")
    assert codes(verb("blind", "seeing", "--json", data=None)) == ["bad-comparison-rows"]


def test_a_package_that_the_gate_refuses_is_named_by_its_side(
    verb: Verb, packages: dict[str, Path], tmp_path: Path
) -> None:
    spoilt = Path(shutil.copytree(packages["seeing"], tmp_path / "spoilt"))
    (spoilt / "MODEL_CARD.md").write_text("better than all others")
    result = verb("blind", str(spoilt), "--json")
    assert (result.exit_code, codes(result)) == (12, ["package-changed"])
    assert "challenger" in values(result)["problems"][0]["message"]


def test_the_screen_has_the_verdict_last(verb: Verb) -> None:
    result = verb("blind", "seeing", "--by", "city")
    assert result.stdout.splitlines()[-1] == "The challenger may replace the champion."
    assert [line.split()[1] for line in result.stdout.splitlines() if "city " in line] == [
        "Bern",
        "Graz",
        "Lyon",
    ]


@pytest.mark.parametrize(
    "line", ['metric = "f1"', "margin = -1", "confidence = 95", "threshold = 0", "metrik = 1"]
)
def test_a_rule_that_is_none_is_refused(verb: Verb, line: str) -> None:
    Path("pyproject.toml").write_text(f"{RULE}{line}\n")
    (code,) = codes(verb("blind", "seeing", "--json"))
    assert code == ("unknown-setting" if "metrik" in line else "bad-setting")
