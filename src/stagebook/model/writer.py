"""A model and its evidence, written into one folder."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from stagebook.data.contracts.contract import Contract
from stagebook.data.profiles import profile as profiles
from stagebook.data.profiles.profile import Profile
from stagebook.data.profiles.profiling import profile
from stagebook.data.tables.table import Table
from stagebook.execution.variables import MATERIALS, NOTES
from stagebook.model import card, manifest, materials, mlmodel, opening, rehearsal, schema
from stagebook.model import environment as environments
from stagebook.model.environment import Environment, Rule
from stagebook.model.evidence import Evaluation, models_distributions
from stagebook.model.formats.conversion import versions
from stagebook.model.formats.model_file import FormatName, ModelFile
from stagebook.model.golden import FILE as GOLDEN
from stagebook.model.golden import Golden
from stagebook.model.manifest import Manifest, PredictionInterface
from stagebook.model.materials import Materials
from stagebook.model.opening import OpeningCheck
from stagebook.model.prediction import predict, type_of
from stagebook.model.schema import Schema
from stagebook.model.splits import FILE as SPLITS
from stagebook.model.splits import Splits
from stagebook.project.errors import Problem, StagebookError
from stagebook.project.files import write_whole

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

INPUT_PROFILE, OUTPUT_PROFILE = "profile.input.json", "profile.output.json"
EVALUATION = "evaluation.json"


@dataclass(frozen=True, slots=True)
class PackageOptions:
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
        format: How the model is written.
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
    format: FormatName
    trusted: tuple[str, ...]
    rule: Rule
    words: Mapping[str, str]


def write(
    model: Any,
    path: Path,
    splits: Splits,
    files: Mapping[str, Path],
    scores: Evaluation,
    told: PackageOptions,
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
    told: PackageOptions,
) -> Manifest:
    """Writes all files of a package, the manifest last."""
    rows = pd.read_parquet(files[told.test], columns=list(told.features))
    found = _predict_twice(model, told, rows)
    file = ModelFile.of(model, told.format)
    if problems := file.distrust(told.trusted):
        raise StagebookError(*(replace(problem, hint=_TRUST) for problem in problems))
    (folder / file.name).write_bytes(file.data)
    golden = Golden.of(rows, found, told.tolerance)
    golden.write(folder / GOLDEN)
    made_of, lock = _origin(file.held(model), told.rule)
    kind = type_of(model)
    served = PredictionInterface(
        file.name, file.format, kind, told.method, told.features, tuple(map(str, found.columns))
    )
    opened = _opened(file, served, golden, told.trusted)
    learned = _learned(files[told.train], told.features)
    signed = _write_schemas(folder, rows, found, told, learned)
    content = hashlib.sha256(file.data).hexdigest()
    mlmodel.write(folder, signed, rows.head(5), lock.distributions, lock.python, content)
    _write_profiles(folder, learned, found)
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
    if (notes := os.environ.get(NOTES)) and Path(notes).is_dir():
        opening.note(Path(notes), made.digest, opened)
    return made


def _opened(
    file: ModelFile, served: PredictionInterface, golden: Golden, trusted: Sequence[str]
) -> OpeningCheck:
    """What opening the written model gives; a model that no loader would take does not leave."""
    model = file.open(trusted)
    words, problems = rehearsal.ask(model, served, golden)
    if problems:
        raise StagebookError(*problems)
    return OpeningCheck.now(type_of(model), words)


_TRUST = (
    "Whoever loads it has to trust that, too. If it is yours and harmless, name it: "
    "stagebook.package(..., trusted=[...])."
)


def _predict_twice(model: Any, told: PackageOptions, rows: pd.DataFrame) -> pd.DataFrame:
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


def _origin(held: Collection[str], rule: Rule) -> tuple[Materials, Environment]:
    """What the model was made of, and the environment that it needs."""
    told = os.environ.get(MATERIALS)
    made_of = materials.read(Path(told)) if told and Path(told).exists() else Materials.unknown()
    needed, critical = models_distributions(held)
    own = {**_mlflow(), "stagebook": metadata.version("stagebook")}
    lock = Environment.here({**made_of.distributions, **needed, **own}, critical, rule)
    return replace(made_of, environment=lock.digest), lock


def _mlflow() -> dict[str, str]:
    """The distribution of MLflow that is installed, with its version."""
    return versions("mlflow") or versions("mlflow-skinny")


def _write_schemas(
    folder: Path, rows: pd.DataFrame, found: pd.DataFrame, told: PackageOptions, learned: Profile
) -> "ModelSignature":
    """Writes what goes in and comes out; returns the same as MLflow says it."""
    contracts = [_contract(item) for item in (told.contract, told.output_contract)]
    asked = contracts[0].schema.columns if contracts[0] else {}
    nullable = {item.name for item in learned.columns if item.nulls}
    nullable |= {name for name, column in asked.items() if column.nullable}
    signed = mlmodel.signature(rows, found, nullable)
    sides = ((schema.INPUT, rows, signed.inputs), (schema.OUTPUT, found, signed.outputs))
    for (file, frame, side), contract in zip(sides, contracts, strict=True):
        types = [type_ for _, type_ in mlmodel.columns(side)]
        made = Schema.of(frame, types, contract, nullable)
        write_whole(folder / file, schema.render(made))
    return signed


def _contract(asked: Any) -> Contract | None:
    """A contract by its name, or by its class."""
    if asked is None:
        return None
    spec = asked if isinstance(asked, str) else f"{asked.__module__}:{asked.__qualname__}"
    return Contract.load(spec)


def _learned(train: Path, features: Sequence[str]) -> Profile:
    """The profile of what the model learned from."""
    whole = profile(Table.open(train.parent, train.name))
    return replace(
        whole, columns=tuple(column for column in whole.columns if column.name in features)
    )


def _write_profiles(folder: Path, learned: Profile, found: pd.DataFrame) -> None:
    """Writes the profiles of what the model learned from, and of what it says of the test."""
    write_whole(folder / INPUT_PROFILE, profiles.render(learned))
    with tempfile.TemporaryDirectory() as name:
        found.to_parquet(Path(name) / "predictions.parquet", index=False)
        said = profile(Table.open(Path(name), "predictions.parquet"))
    write_whole(folder / OUTPUT_PROFILE, profiles.render(said))


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"
