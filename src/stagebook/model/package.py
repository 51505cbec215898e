"""``stagebook.package``: a model and its evidence written into one folder."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

from stagebook.contracts.checks.contract import Contract
from stagebook.contracts.profiles import profile as profiles
from stagebook.contracts.profiles.profiling import profile
from stagebook.contracts.tables.table import Table
from stagebook.errors import Problem, StagebookError
from stagebook.execution.kernel import MATERIALS
from stagebook.files import write_whole
from stagebook.model import card, manifest, materials, mlmodel, schema
from stagebook.model import environment as environments
from stagebook.model.environment import Environment, Rule
from stagebook.model.evidence import Evaluation, models_distributions
from stagebook.model.formats.model_file import FormatName, ModelFile
from stagebook.model.golden import FILE as GOLDEN
from stagebook.model.golden import Golden
from stagebook.model.manifest import Manifest, Served
from stagebook.model.materials import Materials
from stagebook.model.prediction import predict
from stagebook.model.schema import Schema
from stagebook.model.splits import FILE as SPLITS
from stagebook.model.splits import Splits

INPUT_PROFILE, OUTPUT_PROFILE = "profile.input.json", "profile.output.json"
EVALUATION = "evaluation.json"


@dataclass(frozen=True, slots=True)
class Told:
    """What the person who packages says of a model.

    Attributes:
        features: Columns that the model is given, in order.
        train: Name of the split that it learned from.
        test: Name of the split that it was judged with.
        method: Its method that predicts.
        outputs: Names for the columns that come out; empty for the usual ones.
        contract: What is asked of the input, as ``module:Name`` or the schema itself.
        output_contract: Likewise of what comes out.
        tolerance: How far a prediction may be off elsewhere.
        format: How the model is written; None to choose.
        trusted: Names that opening it calls besides those that every loader trusts.
        rule: What the environment that loads it has to be.
        words: ``purpose`` and ``limits``.
    """

    features: tuple[str, ...]
    train: str
    test: str
    method: str
    outputs: tuple[str, ...]
    contract: Any
    output_contract: Any
    tolerance: float
    format: FormatName | None
    trusted: tuple[str, ...]
    rule: Rule
    words: Mapping[str, str]


def write(
    model: Any,
    path: Path,
    splits: Splits,
    files: Mapping[str, Path],
    scores: Evaluation,
    told: Told,
) -> Manifest:
    """Writes a package, whole or not at all.

    Args:
        model: The fitted model.
        path: The folder to be; what was there is replaced.
        splits: The parts of the data.
        files: The file of each part.
        scores: How good the model is.
        told: What else the person says.

    Returns:
        Its manifest.

    Raises:
        StagebookError: The model cannot be packaged, and why.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    near = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    near.chmod(0o755)
    try:
        made = _fill(near, model, path.name, splits, files, scores, told)
        if path.exists():
            shutil.rmtree(path)
        near.rename(path)
        return made
    finally:
        shutil.rmtree(near, ignore_errors=True)


def _fill(
    folder: Path,
    model: Any,
    name: str,
    splits: Splits,
    files: Mapping[str, Path],
    scores: Evaluation,
    told: Told,
) -> Manifest:
    """Writes all files of a package, the manifest last."""
    rows = pd.read_parquet(files[told.test], columns=list(told.features))
    found = _predict_twice(model, told, rows)
    file = ModelFile.of(model, told.format)
    if problems := file.distrust(told.trusted):
        raise StagebookError(*(replace(one, hint=_TRUST) for one in problems))
    (folder / file.name).write_bytes(file.data)
    Golden.of(rows, found, told.tolerance).write(folder / GOLDEN)
    made_of, lock = _origin(model, told.rule)
    kind = f"{type(model).__module__}.{type(model).__qualname__}"
    served = Served(
        file.name, file.format, kind, told.method, told.features, tuple(map(str, found.columns))
    )
    _write_schemas(folder, rows, found, told, lock, materials.digest(file.data.hex()))
    _write_profiles(folder, files[told.train], found, told)
    texts = {
        environments.FILE: environments.render(lock),
        materials.FILE: materials.render(made_of),
        SPLITS: _json(splits.as_json()),
        EVALUATION: _json(scores.as_json(splits.part(told.test))),
        card.FILE: card.render(name, served, told.words, splits, scores.values, made_of, lock),
    }
    for path, text in texts.items():
        write_whole(folder / path, text)
    made = Manifest.of(folder, name, served)
    write_whole(folder / manifest.FILE, manifest.render(made))
    return made


_TRUST = (
    "Whoever loads it has to trust that, too. If it is yours and harmless, name it: "
    "stagebook.package(..., trusted=[...])."
)


def _predict_twice(model: Any, told: Told, rows: pd.DataFrame) -> pd.DataFrame:
    """Predictions for the test's rows, which have to be the same when asked again."""
    first, second = (predict(model, told.method, rows, told.outputs) for _ in range(2))
    if not first.equals(second):
        share = float((first != second).any(axis=1).mean())
        raise StagebookError(
            Problem(
                "not-deterministic",
                f"`{told.method}` gave other predictions for {share:.1%} of the test's rows when "
                "it was asked again.",
                "Fix its seed: a model that cannot be checked cannot be handed over.",
            )
        )
    return first


def _origin(model: Any, rule: Rule) -> tuple[Materials, Environment]:
    """What the model was made of, and the environment that it needs."""
    told = os.environ.get(MATERIALS)
    made_of = materials.read(Path(told)) if told and Path(told).exists() else Materials.unknown()
    needed, critical = models_distributions(model)
    versions = {**made_of.distributions, **needed, "mlflow": metadata.version("mlflow")}
    lock = Environment.here(
        {**versions, "stagebook": metadata.version("stagebook")}, critical, rule
    )
    return replace(made_of, environment=lock.digest), lock


def _write_schemas(
    folder: Path,
    rows: pd.DataFrame,
    found: pd.DataFrame,
    told: Told,
    lock: Environment,
    content: str,
) -> None:
    signed = mlmodel.signature(rows, found)
    example = rows.head(5)
    mlmodel.write(folder, signed, example, lock.distributions, lock.python, content)
    sides = (
        (schema.INPUT, rows, signed.inputs, told.contract),
        (schema.OUTPUT, found, signed.outputs, told.output_contract),
    )
    for file, frame, side, asked in sides:
        types = [type_ for _, type_ in mlmodel.columns(side)]
        contract = _contract(asked)
        write_whole(folder / file, schema.render(Schema.of(frame, types, contract)))


def _contract(asked: Any) -> Contract | None:
    """A contract by its name, or by its class."""
    if asked is None:
        return None
    spec = asked if isinstance(asked, str) else f"{asked.__module__}:{asked.__qualname__}"
    return Contract.load(spec)


def _write_profiles(folder: Path, train: Path, found: pd.DataFrame, told: Told) -> None:
    """Profiles of what the model learned from, and of what it says of the test's rows."""
    learned = profile(Table.open(train.parent, train.name))
    columns = tuple(one for one in learned.columns if one.name in told.features)
    write_whole(folder / INPUT_PROFILE, profiles.render(replace(learned, columns=columns)))
    with tempfile.TemporaryDirectory() as name:
        found.to_parquet(Path(name) / "predictions.parquet", index=False)
        said = profile(Table.open(Path(name), "predictions.parquet"))
    write_whole(folder / OUTPUT_PROFILE, profiles.render(said))


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def package(
    model: Any,
    path: str | Path,
    *,
    splits: Mapping[str, str | Path],
    key: str | Sequence[str],
    features: Sequence[str],
    scores: Mapping[str, Any],
    baseline: Mapping[str, Any] | None = None,
    slices: pd.DataFrame | None = None,
    time: str | None = None,
    train: str = "train",
    test: str = "test",
    method: str = "predict",
    outputs: Sequence[str] = (),
    contract: Any = None,
    output_contract: Any = None,
    tolerance: float = 1e-9,
    format: FormatName | None = None,
    trusted: Sequence[str] = (),
    rule: Rule = "equal",
    purpose: str = "",
    limits: str = "",
) -> str:
    """Writes a model and its evidence into a folder, ready to leave.

    The folder is a model of MLflow's, too. Its bytes depend on the model and its evidence alone:
    the same inputs give the same package.

    Args:
        model: The fitted model: anything with a method that predicts.
        path: The folder to be, a declared output of the stage; its name is the model's name.
        splits: The Parquet file of each part of the data, by name; ``train`` and ``test`` at least.
        key: The column, or columns, that tell rows apart. No key may be in two splits.
        features: Columns that the model is given, in order.
        scores: How good it is on the test split: numbers by name. ``name_low`` and ``name_high``
            are the ends of an interval.
        baseline: The same of the forecast that it has to beat.
        slices: Scores of parts of the test split, one row each.
        time: The column of time, whose bounds are kept.
        train: Name of the split that it learned from.
        test: Name of the split that it was judged with.
        method: The method that predicts, such as ``predict_proba``.
        outputs: Names for the columns that come out.
        contract: What is asked of the input: a pandera model, or ``"module:Name"``.
        output_contract: The same of what comes out.
        tolerance: How far a prediction may be off where the model is loaded.
        format: ``"skops"`` or ``"pickle"``; by default skops for what is scikit-learn's.
        trusted: Dotted names that opening the model calls, besides scikit-learn's and NumPy's.
        rule: Whether the versions of what it needs have to be ``"equal"`` where it is loaded, or
            ``"compatible"``: of the same minor version.
        purpose: What it is for, in a sentence or two, for the model card.
        limits: Where it should not be used.

    Returns:
        The package's digest.

    Raises:
        StagebookError: It cannot be packaged: splits overlap, a score of the test is missing, it
            predicts something else when asked again, or opening it would call what is not trusted.
    """
    files = {name: Path(file) for name, file in splits.items()}
    if absent := [name for name in (train, test) if name not in files]:
        message = (
            f"The splits are {', '.join(files) or 'none'}: {' and '.join(absent)} is not there."
        )
        hint = 'Give its file: splits={"train": ..., "test": ...}, or say which it is: test="..."'
        raise StagebookError(Problem("no-split", message, hint))
    told = Told(
        tuple(features),
        train,
        test,
        method,
        tuple(outputs),
        contract,
        output_contract,
        tolerance,
        format,
        tuple(trusted),
        rule,
        {"purpose": purpose.strip(), "limits": limits.strip()},
    )
    judged = Evaluation.of(scores, baseline, slices)
    keys = [key] if isinstance(key, str) else list(key)
    parts = Splits.of(files, keys, time)
    return write(model, Path(path), parts, files, judged, told).digest
