"""What is written into a package, and which models are not packaged at all."""

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import refusals
from little_model import FEATURES, fitted, table, write
from sklearn.dummy import DummyClassifier

from stagebook.model import manifest
from stagebook.model.load import load
from stagebook.project.errors import Problem, StagebookError


def problem(model: Any, path: Path, files: dict[str, Path], **changes: Any) -> Problem:
    """Why a model is not packaged; nothing is left of the attempt."""
    before = sorted(path.parent.iterdir())
    found = refusals.problem(write, model, path, files, **changes)
    assert sorted(path.parent.iterdir()) == before
    assert found.hint
    return found


def test_the_same_model_gives_the_same_bytes_in_another_process(
    original: Path, tmp_path: Path
) -> None:
    code = textwrap.dedent(
        f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        from little_model import fitted, split_files, write
        folder = Path({str(original)!r})
        files = {{name: folder / f"{{name}}.parquet" for name in ("train", "test")}}
        print(write(fitted(), Path({str(tmp_path)!r}) / "tall", files))
        """
    )
    environment = {**os.environ, "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "12345"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=tmp_path,
    )
    assert done.stdout.split()[-1] == manifest.read(original / "tall").digest


def test_a_package_is_a_model_of_mlflows(original: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow.pyfunc
    from mlflow.models import Model

    rows = table(400, 300)[FEATURES]
    # what a stage makes is known; this one was made by hand
    with pytest.raises(StagebookError):
        mlflow.pyfunc.load_model(str(original / "tall"))
    monkeypatch.setenv("STAGEBOOK_LOAD_MATERIALS", "ignore")
    found = mlflow.pyfunc.load_model(str(original / "tall")).predict(rows)
    assert np.array_equal(found["probability_True"], fitted().predict_proba(rows)[:, 1])
    described = Model.load(str(original / "tall" / "MLmodel"))
    assert described.signature.inputs.input_names() == FEATURES
    example = described.load_input_example(str(original / "tall"))
    assert list(example.columns) == FEATURES


@pytest.mark.parametrize("dtype", ["uint64", "UInt64", "timedelta64[ns]"])
def test_a_feature_whose_dtype_mlflow_does_not_know_is_refused(dtype: str, tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.parquet" for name in ("train", "test")}
    for file, first in zip(files.values(), (0, 400), strict=True):
        rows = table(first, 300)
        rows.assign(count=rows["id"].astype(dtype), age=rows["id"]).to_parquet(file, index=False)
    train = pd.read_parquet(files["train"])
    features = ["height", "count", "age"]
    model = DummyClassifier().fit(train[features], train["tall"])
    (tmp_path / "packages").mkdir()
    refused = problem(model, tmp_path / "packages" / "tall", files, features=features)
    assert refused.code == "unsupported-dtype"
    assert all(word in refused.message for word in ("`count`", dtype))
    assert 'table["count"].astype' in refused.hint


def test_the_evidence_says_what_was_given(original: Path) -> None:
    folder = original / "tall"
    evaluation = json.loads((folder / "evaluation.json").read_text())
    assert evaluation["test"]["auc"] == 0.8
    splits = json.loads((folder / "splits.json").read_text())
    assert [one["rows"] for one in splits["parts"]] == [400, 300]
    assert splits["shared_keys"] == {"train, test": 0}
    assert splits["parts"][1]["first"] == "2013-01-17T16:00:00"
    card = (folder / "MODEL_CARD.md").read_text()
    assert "Tells the tall from the small." in card
    assert "0.8 (0.75 to 0.85)" in card
    profile = json.loads((folder / "profile.input.json").read_text())
    assert [one["name"] for one in profile["columns"]] == FEATURES


def test_the_order_of_rows_does_not_change_the_digest_of_the_keys(
    files: dict[str, Path], tmp_path: Path
) -> None:
    from stagebook.model.splits import Splits

    one = Splits.of(files, ["id"], "at").part("train")
    shuffled = table(0, 400).sample(frac=1, random_state=1)
    shuffled.to_parquet(files["train"], index=False)
    other = Splits.of(files, ["id"], "at").part("train")
    assert one.keys == other.keys
    assert one.md5 != other.md5


def test_splits_that_overlap_are_refused_with_the_rows(
    files: dict[str, Path], tmp_path: Path
) -> None:
    table(398, 300).to_parquet(files["test"], index=False)
    found = problem(fitted(), tmp_path / "tall", files)
    assert found.code == "splits-overlap"
    assert "`test`" in found.message
    assert "`train`" in found.message
    assert {"2", "398", "399", "0", "1"} <= set(re.findall(r"\d+", found.message))


def test_a_key_that_is_twice_in_a_split_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    twice = pd.concat([table(400, 300), table(400, 1)])
    twice.to_parquet(files["test"], index=False)
    found = problem(fitted(), tmp_path / "tall", files)
    assert (found.code, "400" in found.message) == ("split-repeats", True)


@pytest.mark.parametrize("scores", [{}, {"auc": None}, {"auc": float("nan")}, {"auc": "good"}])
def test_a_model_without_a_score_of_the_test_is_refused(
    files: dict[str, Path], tmp_path: Path, scores: Any
) -> None:
    found = problem(fitted(), tmp_path / "tall", files, scores=scores)
    assert found.code == "no-test-score"


def test_a_split_that_is_missing_is_named(files: dict[str, Path], tmp_path: Path) -> None:
    files.pop("test")
    assert problem(fitted(), tmp_path / "tall", files).code == "no-split"


def test_a_split_without_the_key_is_told(files: dict[str, Path], tmp_path: Path) -> None:
    found = problem(fitted(), tmp_path / "tall", files, key="number")
    assert (found.code, found.where is not None) == ("no-split", True)


class Moody:
    """Predicts something else each time."""

    def __init__(self) -> None:
        self.calls = 0

    def predict(self, rows: pd.DataFrame) -> Any:
        self.calls += 1
        return np.full(len(rows), float(self.calls))


def test_a_model_that_changes_its_mind_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    found = problem(Moody(), tmp_path / "tall", files, method="predict")
    assert (found.code, "100.0%" in found.message) == ("not-deterministic", True)


def test_a_model_without_the_method_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    assert problem(Moody(), tmp_path / "tall", files, method="guess").code == "no-method"


class Height:
    """A plain class that knows one number."""

    def __init__(self, limit: float) -> None:
        self.limit = limit

    def predict(self, rows: pd.DataFrame) -> Any:
        return rows["height"].to_numpy() > self.limit


def test_a_plain_class_is_packaged_and_loaded_by_those_who_trust_it(
    files: dict[str, Path], tmp_path: Path
) -> None:
    name = f"{Height.__module__}.Height"
    refused = problem(Height(0.0), tmp_path / "tall", files, method="predict")
    assert (refused.code, name in refused.message) == ("unknown-type", True)
    write(Height(0.0), tmp_path / "tall", files, method="predict", trusted=[name])
    with pytest.raises(StagebookError) as caught:
        load(tmp_path / "tall", materials="ignore", attestation="ignore")
    assert [each.code for each in caught.value.problems] == ["unknown-type"]
    found = load(tmp_path / "tall", materials="ignore", attestation="ignore", trusted=[name])
    assert found.predict(pd.DataFrame({"height": [1.0, -1.0], "weight": 0.0}))[
        "prediction"
    ].tolist() == [True, False]


def test_skops_is_another_format_with_the_same_predictions(
    files: dict[str, Path], tmp_path: Path
) -> None:
    first = write(fitted(), tmp_path / "tall", files, file_format="skops")
    found = load(tmp_path / "tall", materials="ignore", attestation="ignore")
    rows = table(400, 300)[FEATURES]
    assert np.array_equal(found.predict(rows).iloc[:, 1], fitted().predict_proba(rows)[:, 1])
    assert write(fitted(), tmp_path / "tall", files, file_format="skops") == first


def test_a_package_takes_the_place_of_an_older_one_whole(
    files: dict[str, Path], tmp_path: Path
) -> None:
    write(fitted(), tmp_path / "tall", files)
    (tmp_path / "tall" / "leftover.txt").write_text("of the older one")
    write(fitted(), tmp_path / "tall", files)
    assert not (tmp_path / "tall" / "leftover.txt").exists()
    load(tmp_path / "tall", materials="ignore", attestation="ignore")
