"""A packaged model in another format: converted by the real converters, scored by the engines."""

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import refusals
import skops.io
from little_model import FEATURES, fitted, table, write
from own_steps import Rule, Squares
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from stagebook.model import archive, manifest
from stagebook.model.policy import Policy
from stagebook.model.rows import FEW, TEST
from stagebook.project.errors import Problem
from stagebook.workflow import models
from stagebook.workflow.models import ExportedModel

pytestmark = pytest.mark.slow
# These packages are made outside of a stage, so nothing says what they are made of.
OPEN = Policy(materials="ignore", attestation="ignore")
SUFFIX = {"pmml": ".pmml", "onnx": ".onnx", "pickle": ".pkl", "skops": ".skops"}


def export(package: Path, format_: Any, policy: Policy = OPEN, **asked: Any) -> ExportedModel:
    return models.export(package, format_, policy, lambda _: None, **asked)


def refusal(package: Path, format_: str, policy: Policy = OPEN, **asked: Any) -> Problem:
    """Why a model is not exported; nothing is written then."""
    before = sorted(package.parent.iterdir())
    problem = refusals.problem(export, package, format_, policy, **asked)
    assert sorted(package.parent.iterdir()) == before
    assert problem.hint
    return problem


def scored(folder: Path, format_: str, rows: pd.DataFrame) -> Any:
    """What a file says, asked without any code of ours but the one line that starts Java."""
    file = folder / f"tall{SUFFIX[format_]}"
    if format_ == "pickle":
        return pickle.loads(file.read_bytes()).predict_proba(rows)
    if format_ == "skops":
        return skops.io.load(file).predict_proba(rows)
    if format_ == "onnx":
        session = onnxruntime.InferenceSession(file)
        return session.run(None, {name: rows[[name]].to_numpy() for name in rows})[1]
    rows.to_csv(folder / "rows.csv", index=False)
    command = (sys.executable, "-m", "jpmml_evaluator", str(file), "-i", str(folder / "rows.csv"))
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    (folder / "said.csv").write_text(done.stdout)
    return pd.read_csv(folder / "said.csv").iloc[:, -2:].to_numpy()


@pytest.mark.parametrize("format_", SUFFIX)
def test_the_file_says_what_the_model_says_and_repeats_to_the_byte(
    packaged: Path, files: dict[str, Path], java: None, format_: str
) -> None:
    done = export(packaged, format_, rows=files["test"])
    assert done.target == packaged.with_name(f"tall{SUFFIX[format_]}")
    rows = pd.read_parquet(files["test"])[FEATURES]
    said = scored(packaged.parent, format_, rows)
    assert np.abs(said - fitted().predict_proba(rows)).max() < 1e-12
    report = json.loads(done.target.with_name(f"{done.target.name}.parity.json").read_text())
    assert report == json.loads(json.dumps(done.export.as_json(done.target.name)))
    assert report["compared_on"]["of"] == "the test set"
    assert (report["parity"]["rows"], report["parity"]["tolerance"]) == (300, 1e-9)
    assert report["parity"]["largest"]["difference"] < 1e-12
    assert report["package"] == {"name": "tall", "sha256": manifest.read(packaged).digest}
    digest = subprocess.check_output(("sha256sum", done.target), text=True).split()[0]
    assert report["file"]["sha256"] == digest
    before = done.target.read_bytes()
    assert export(packaged, format_).target.read_bytes() == before


def test_the_test_set_is_found_where_the_project_has_it(
    tmp_path: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "tall"\n[tool.stagebook]\n')
    monkeypatch.chdir(tmp_path)
    write(fitted(), Path("tall"), {name: Path(file.name) for name, file in files.items()})
    monkeypatch.chdir(Path(__file__).parent)
    made = export(tmp_path / "tall", "pickle").export
    assert (made.rows.kind, made.rows.path, made.parity.rows) == (TEST, "test.parquet", 300)
    table(0, 300).to_parquet(files["test"], index=False)  # no longer what the model was judged with
    made = export(tmp_path / "tall", "pickle").export
    assert (made.rows.kind, made.rows.path, made.parity.rows) == (FEW, "golden.parquet", 128)


def test_a_path_that_leads_out_of_the_project_is_not_followed(packaged: Path) -> None:
    # these packages name their splits by absolute paths, and the files are there
    assert export(packaged, "pickle").export.rows.kind == FEW


def test_other_rows_are_called_so(packaged: Path, tmp_path: Path) -> None:
    table(9000, 50).to_parquet(tmp_path / "later.parquet", index=False)
    made = export(packaged, "pickle", rows=tmp_path / "later.parquet").export
    assert (made.rows.kind, made.parity.rows) == ("other rows", 50)


@pytest.mark.parametrize("spoil", [lambda file: file.write_text("no"), lambda file: file.unlink()])
def test_rows_that_cannot_be_read_are_told(
    packaged: Path, files: dict[str, Path], spoil: Callable[[Path], None]
) -> None:
    spoil(files["test"])
    problem = refusal(packaged, "pickle", rows=files["test"])
    assert (problem.code, problem.where is not None) == ("bad-rows", True)


def test_rows_without_a_feature_are_told(packaged: Path, files: dict[str, Path]) -> None:
    table(0, 9).drop(columns="weight").to_parquet(files["test"])
    problem = refusal(packaged, "pickle", rows=files["test"])
    assert (problem.code, "weight" in problem.message) == ("bad-rows", True)


def test_no_rows_are_no_parity(packaged: Path, files: dict[str, Path]) -> None:
    table(0, 9).iloc[:0].to_parquet(files["test"])
    assert refusal(packaged, "pickle", rows=files["test"]).code in ("bad-rows", "parity-off")


def test_an_archive_is_exported_too(packaged: Path) -> None:
    archive.pack(packaged, packaged.with_name("tall.tar"))
    done = export(packaged.with_name("tall.tar"), "onnx")
    assert done.target == packaged.with_name("tall.onnx")


def test_what_is_further_off_than_allowed_is_not_written(
    tmp_path: Path, files: dict[str, Path]
) -> None:
    learn = table(0, 400)
    forest = RandomForestClassifier(20, random_state=0).fit(learn[FEATURES], learn["tall"])
    package = tmp_path / "forest"
    write(forest, package, files)
    problem = refusal(package, "onnx")  # its trees have float32 in ONNX
    assert problem.code == "parity-off"
    named = float(problem.hint.rpartition(" ")[2])
    assert 1e-9 < named <= 1e-6
    assert export(package, "onnx", tolerance=named).export.parity.holds


def test_texts_that_training_never_saw_are_missing_in_pmml_too(
    tmp_path: Path, files: dict[str, Path], java: None
) -> None:
    for file in files.values():
        rows = pd.read_parquet(file)
        rows["home"] = np.where(rows["height"] > 0, "north", "south")
        rows.loc[::7, "home"] = "west" if file == files["test"] else None
        rows.to_parquet(file, index=False)
    learn = pd.read_parquet(files["train"])
    names = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    columns = make_column_transformer((names, ["home"]), remainder="passthrough")
    trees = HistGradientBoostingClassifier(max_iter=9, categorical_features=[0], random_state=0)
    features = ["home", *FEATURES]
    model = make_pipeline(columns, trees).fit(learn[features], learn["tall"])
    package = tmp_path / "trees"
    write(model, package, files, features=features)
    made = export(package, "pmml", rows=files["test"]).export
    assert (made.parity.holds, made.parity.rows) == (True, 300)
    problem = refusal(package, "onnx", rows=files["test"])
    assert (problem.code, "TreeEnsemble" in problem.message) == ("not-convertible", True)
    assert "\n" not in problem.message


def test_text_and_numbers_go_into_onnx_by_the_names_of_their_columns(
    tmp_path: Path, files: dict[str, Path]
) -> None:
    for file in files.values():
        rows = pd.read_parquet(file).assign(home=lambda one: np.where(one["tall"], "n", "s"))
        rows.astype({"weight": "float32"}).to_parquet(file, index=False)
    learn = pd.read_parquet(files["train"])
    # numbers first: skl2onnx joins columns in the type of the first
    columns = make_column_transformer((StandardScaler(), FEATURES), (OneHotEncoder(), ["home"]))
    model = make_pipeline(columns, LogisticRegression())
    features = ["home", *FEATURES]
    package = tmp_path / "named"
    write(model.fit(learn[features], learn["tall"]), package, files, features=features)
    done = export(package, "onnx", rows=files["test"])
    inputs = onnxruntime.InferenceSession(done.target).get_inputs()
    assert [(one.name, one.type) for one in inputs] == [
        ("home", "tensor(string)"),
        ("height", "tensor(double)"),
        ("weight", "tensor(double)"),
    ]


@pytest.mark.parametrize("format_", SUFFIX)
def test_a_model_of_numbers_is_exported(
    tmp_path: Path, files: dict[str, Path], java: None, format_: str
) -> None:
    learn = table(0, 400)
    line = LinearRegression().fit(learn[["height"]], learn["weight"])
    package = tmp_path / "line"
    write(line, package, files, features=["height"], method="predict", outputs=["weight"])
    assert export(package, format_).export.parity.columns == ("weight",)


@pytest.mark.parametrize("format_", ["pmml", "onnx"])
def test_labels_are_exported(
    tmp_path: Path, files: dict[str, Path], java: None, format_: str
) -> None:
    learn = table(0, 400)
    answers = np.where(learn["tall"], "tall", "small")
    model = LogisticRegression().fit(learn[FEATURES], answers)
    package = tmp_path / "labels"
    write(model, package, files, method="predict")
    assert export(package, format_, tolerance=0.0).export.parity.rows == 128


@pytest.mark.parametrize("format_", ["pmml", "onnx"])
def test_the_step_that_a_converter_does_not_know_is_named(
    tmp_path: Path, files: dict[str, Path], java: None, format_: str
) -> None:
    learn = table(0, 400)
    model = make_pipeline(Squares(), LogisticRegression()).fit(learn[FEATURES], learn["tall"])
    package = tmp_path / "squares"
    write(model, package, files, trusted=["own_steps.Squares"])
    trusting = Policy(materials="ignore", attestation="ignore", trusted=("own_steps.Squares",))
    problem = refusal(package, format_, trusting)
    assert problem.code == "not-convertible"
    assert "own_steps.Squares" in problem.message
    assert "`squares`" in problem.message


@pytest.mark.parametrize("format_", ["pmml", "onnx"])
def test_what_is_no_estimator_is_not_convertible(
    tmp_path: Path, files: dict[str, Path], java: None, format_: str
) -> None:
    package = tmp_path / "rule"
    write(Rule(), package, files, method="predict", trusted=["own_steps.Rule"])
    trusting = Policy(materials="ignore", attestation="ignore", trusted=("own_steps.Rule",))
    problem = refusal(package, format_, trusting)
    assert (problem.code, "Rule" in problem.message) == ("not-convertible", True)
    assert export(package, "pickle", trusting).export.parity.holds


def test_a_method_that_a_format_does_not_have_is_named(
    tmp_path: Path, files: dict[str, Path], java: None
) -> None:
    package = tmp_path / "decided"
    write(fitted(), package, files, method="decision_function")
    for format_ in ("pmml", "onnx"):
        problem = refusal(package, format_)
        assert (problem.code, "decision_function" in problem.message) == ("not-convertible", True)


def test_a_package_that_is_refused_is_not_exported(packaged: Path) -> None:
    (packaged / "MODEL_CARD.md").write_text("Trust me.\n")
    assert refusal(packaged, "pickle").code == "package-changed"


def test_nothing_that_is_no_export_is_replaced(packaged: Path) -> None:
    packaged.with_name("tall.pkl").write_bytes(b"the fit stage wrote this")
    assert refusal(packaged, "pickle").code == "file-there"
    assert packaged.with_name("tall.pkl").read_bytes() == b"the fit stage wrote this"


def test_an_export_does_not_go_into_the_package(packaged: Path) -> None:
    assert refusal(packaged, "pickle", output=packaged / "model.onnx").code == "file-there"


def test_a_folder_that_is_not_there_is_told(packaged: Path) -> None:
    output = packaged.parent / "nowhere" / "tall.pkl"
    assert refusal(packaged, "pickle", output=output).code == "no-folder"


@pytest.mark.parametrize(
    ("format_", "module", "extra"),
    [
        ("pmml", "sklearn2pmml", "pmml"),
        ("pmml", "jpmml_evaluator", "pmml"),
        ("onnx", "skl2onnx", "onnx"),
        ("onnx", "onnxruntime", "onnx"),
    ],
)
def test_an_extra_that_is_not_installed_is_named(
    packaged: Path,
    java: None,
    monkeypatch: pytest.MonkeyPatch,
    format_: str,
    module: str,
    extra: str,
) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # as Python has what cannot be imported
    problem = refusal(packaged, format_)
    assert (problem.code, problem.hint) == ("no-extra", f"pip install 'stagebook[{extra}]'")


def test_without_java_it_is_said_how_to_get_it(
    packaged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    problem = refusal(packaged, "pmml")
    assert (problem.code, "default-jre-headless" in problem.hint) == ("no-java", True)


def test_the_models_own_file_is_not_made_anew(packaged: Path) -> None:
    assert export(packaged, "pickle").target.read_bytes() == (packaged / "model.pkl").read_bytes()
