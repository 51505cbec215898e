"""A model and its evidence, written into one folder."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from stagebook.data.contracts.contract import Contract
from stagebook.data.profiles.profile import Profile
from stagebook.execution.variables import MATERIALS, NOTES
from stagebook.features.service import FeatureService
from stagebook.model import (
    card,
    manifest,
    materials,
    mlmodel,
    monitoring_reference,
    opening,
    packaged_features,
    rehearsal,
    schema,
)
from stagebook.model import environment as environments
from stagebook.model.environment import Environment, Rule
from stagebook.model.evidence import Evaluation, models_distributions
from stagebook.model.formats.conversion import versions
from stagebook.model.formats.model_file import FormatName, ModelFile
from stagebook.model.golden import FILE as GOLDEN
from stagebook.model.golden import Golden
from stagebook.model.manifest import EVALUATION, Manifest, PredictionInterface
from stagebook.model.materials import Materials
from stagebook.model.monitoring_reference import JudgedSplits, MonitoringReference
from stagebook.model.opening import OpeningCheck
from stagebook.model.packaged_profiles import PackagedProfiles
from stagebook.model.prediction import predict, type_of
from stagebook.model.schema import Schema
from stagebook.model.splits import FILE as SPLITS
from stagebook.model.splits import Splits
from stagebook.project.errors import Problem, StagebookError
from stagebook.project.files import write_whole

if TYPE_CHECKING:
    from mlflow.models import ModelSignature


@dataclass(frozen=True, slots=True)
class PackageOptions:
    """The options with which a model is packaged.

    Attributes:
        features: Columns that the model is given, in order.
        train: Name of the split that it learned from.
        test: Name of the split that it was judged with.
        method: Its method that predicts.
        outputs: Names for the columns that come out; empty for the usual ones.
        contract: The contract that the input must satisfy, as ``module:Name`` or the schema.
        output_contract: Likewise of what comes out.
        tolerance: How far a prediction may be off elsewhere.
        format: How the model is written.
        trusted: Names that opening it calls besides those that every loader trusts.
        rule: What the environment that loads it has to be.
        words: ``purpose`` and ``limits``.
        service: The feature service that gives the features, if any.
        tables: For its feature views by name, what is read in place of their tables.
        label: Column of the test split with what came true, if any.
        score: Output to compare with it; None for a choice by Stagebook.
    """

    features: tuple[str, ...]
    train: str
    test: str
    method: str
    outputs: tuple[str, ...]
    contract: Any
    output_contract: Any
    tolerance: float
    format: FormatName
    trusted: tuple[str, ...]
    rule: Rule
    words: Mapping[str, str]
    service: FeatureService | None = None
    tables: Mapping[str, Any] = field(default_factory=dict)
    label: str | None = None
    score: str | None = None


def write(
    model: Any,
    path: Path,
    splits: Splits,
    files: Mapping[str, Path],
    scores: Evaluation,
    options: PackageOptions,
) -> Manifest:
    """Writes a package; after a failure, the folder is as it was.

    Args:
        model: The fitted model.
        path: The folder; an existing one is replaced.
        splits: The parts of the data.
        files: The file of each part.
        scores: How good the model is.
        options: What else the person says.

    Returns:
        Its manifest.

    Raises:
        StagebookError: The model cannot be packaged, and why.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    near = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    near.chmod(0o755)
    try:
        package_manifest = _fill(near, model, path.name, splits, files, scores, options)
        if path.exists():
            shutil.rmtree(path)
        near.rename(path)
        return package_manifest
    finally:
        shutil.rmtree(near, ignore_errors=True)


def _fill(
    folder: Path,
    model: Any,
    name: str,
    splits: Splits,
    files: Mapping[str, Path],
    scores: Evaluation,
    options: PackageOptions,
) -> Manifest:
    """Writes all files of a package, the manifest last."""
    if options.service is not None:
        packaged_features.require_match(options.service, model, files[options.test])
    rows = pd.read_parquet(files[options.test], columns=list(options.features))
    predictions = _predict_twice(model, options, rows)
    file = ModelFile.of(model, options.format)
    if problems := file.distrust(options.trusted):
        raise StagebookError(*(replace(problem, hint=_TRUST) for problem in problems))
    (folder / file.name).write_bytes(file.data)
    golden = Golden.of(rows, predictions, options.tolerance)
    golden.write(folder / GOLDEN)
    model_materials, lock = _origin(file.names_in(model), options.rule)
    kind = type_of(model)
    served = PredictionInterface(
        file.name,
        file.format,
        kind,
        options.method,
        options.features,
        tuple(map(str, predictions.columns)),
    )
    opened = _opened(file, served, golden, options.trusted)
    profiled = PackagedProfiles.of(files[options.train], options.features, predictions)
    packaged = options.service and packaged_features.of(
        options.service,
        options.tables,
        files[options.test],
        golden,
        lambda rows: predict(model, served.method, rows, served.outputs),
    )
    if packaged:
        packaged.write(folder)
    signed = _write_schemas(folder, rows, predictions, options, profiled.learned)
    content = hashlib.sha256(file.data).hexdigest()
    mlmodel.write(folder, signed, rows.head(5), lock.distributions, lock.python, content)
    profiled.write(folder)
    _write_monitoring(folder, options, splits.time, files, profiled, predictions)
    described = packaged.description if packaged else None
    texts = {
        environments.FILE: environments.render(lock),
        materials.FILE: materials.render(model_materials),
        SPLITS: _json(splits.as_json()),
        EVALUATION: _json(scores.as_json(splits.part(options.test))),
        card.FILE: card.render(
            name, served, options.words, splits, scores.values, model_materials, lock, described
        ),
    }
    for path, text in texts.items():
        write_whole(folder / path, text)
    package_manifest = Manifest.of(folder, name, served)
    write_whole(folder / manifest.FILE, manifest.render(package_manifest))
    if (notes := os.environ.get(NOTES)) and Path(notes).is_dir():
        opening.note(Path(notes), package_manifest.digest, opened)
    return package_manifest


def _opened(
    file: ModelFile, served: PredictionInterface, golden: Golden, trusted: Sequence[str]
) -> OpeningCheck:
    """The check of the written model; raises for a model that a loader would refuse."""
    model = file.open(trusted)
    words, problems = rehearsal.ask(model, served, golden)
    if problems:
        raise StagebookError(*problems)
    return OpeningCheck.now(type_of(model), words)


_TRUST = (
    "Everyone who loads the model must trust this name. If you know that it is harmless: "
    "stagebook.package(..., trusted=[...])."
)


def _predict_twice(model: Any, options: PackageOptions, rows: pd.DataFrame) -> pd.DataFrame:
    """Predictions for the test's rows; a second call must give the same."""
    first, second = (predict(model, options.method, rows, options.outputs) for _ in range(2))
    if not first.equals(second):
        share = float((first != second).any(axis=1).mean())
        raise StagebookError(
            Problem(
                "not-deterministic",
                f"A second call of `{options.method}` gave different predictions for {share:.1%} "
                "of the test rows.",
                "Set the model's random seed: a package must give the same predictions each time.",
            )
        )
    return first


def _origin(names: Collection[str], rule: Rule) -> tuple[Materials, Environment]:
    """The model's materials, and the environment that it needs."""
    path = os.environ.get(MATERIALS)
    model_materials = (
        materials.read(Path(path)) if path and Path(path).exists() else Materials.unknown()
    )
    needed, critical = models_distributions(names)
    own = {**_mlflow(), "stagebook": metadata.version("stagebook")}
    lock = Environment.here({**model_materials.distributions, **needed, **own}, critical, rule)
    return replace(model_materials, environment=lock.digest), lock


def _mlflow() -> dict[str, str]:
    """The distribution of MLflow that is installed, with its version."""
    return versions("mlflow") or versions("mlflow-skinny")


def _write_schemas(
    folder: Path,
    rows: pd.DataFrame,
    predictions: pd.DataFrame,
    options: PackageOptions,
    learned: Profile,
) -> "ModelSignature":
    """Writes the schemas of what goes in and comes out; returns them as MLflow's signature."""
    contracts = [_contract(item) for item in (options.contract, options.output_contract)]
    contract_columns = contracts[0].schema.columns if contracts[0] else {}
    nullable = {item.name for item in learned.columns if item.nulls}
    nullable |= {name for name, column in contract_columns.items() if column.nullable}
    signed = mlmodel.signature(rows, predictions, nullable)
    sides = ((schema.INPUT, rows, signed.inputs), (schema.OUTPUT, predictions, signed.outputs))
    for (file, frame, side), contract in zip(sides, contracts, strict=True):
        types = [type_ for _, type_ in mlmodel.columns(side)]
        frame_schema = Schema.of(frame, types, contract, nullable)
        write_whole(folder / file, schema.render(frame_schema))
    return signed


def _contract(contract: Any) -> Contract | None:
    """A contract by its name, or by its class."""
    if contract is None:
        return None
    spec = (
        contract if isinstance(contract, str) else f"{contract.__module__}:{contract.__qualname__}"
    )
    return Contract.load(spec)


def _write_monitoring(
    folder: Path,
    options: PackageOptions,
    time: str | None,
    files: Mapping[str, Path],
    profiled: PackagedProfiles,
    predictions: pd.DataFrame,
) -> None:
    """Writes the reference of monitoring of a model whose splits have a column of time."""
    if time is None:
        return
    judged = JudgedSplits(options.train, options.test, files, options.label, options.score)
    reference = MonitoringReference.of(judged, time, profiled, predictions)
    write_whole(folder / monitoring_reference.FILE, monitoring_reference.render(reference))


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"
