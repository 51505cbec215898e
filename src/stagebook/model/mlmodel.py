"""The files by which MLflow takes a package for a model of its own."""

import json
import uuid
import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from stagebook.errors import Problem, Where
from stagebook.pipeline import yaml_text

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

FILE = "MLmodel"
LOADER = "stagebook.model.pyfunc"
REQUIREMENTS = "requirements.txt"
PYTHON_ENV = "python_env.yaml"
_NO_TIME = "1970-01-01 00:00:00.000000"  # no time is part of a package


def signature(
    inputs: pd.DataFrame, outputs: pd.DataFrame, nullable: Collection[str]
) -> "ModelSignature":
    """MLflow's signature for some rows and their predictions.

    Args:
        inputs: n rows of features.
        outputs: n rows of predictions.
        nullable: Features that may be missing, whether or not they are in these rows.
    """
    with warnings.catch_warnings():  # of its own types, and that whole numbers cannot be missing
        warnings.simplefilter("ignore", UserWarning)
        from mlflow.models import infer_signature
        from mlflow.types.schema import ColSpec, Schema

        found = infer_signature(inputs, outputs)
    found.inputs = Schema(
        [
            ColSpec(one.type, one.name, required=one.required and one.name not in nullable)
            for one in found.inputs.inputs
        ]
    )
    return found


def columns(schema: Any) -> list[tuple[str, str]]:
    """Name and type of each column in a schema of MLflow's."""
    return [(str(one["name"]), str(one["type"])) for one in schema.to_dict()]


def write(
    folder: Path,
    signed: "ModelSignature",
    example: pd.DataFrame,
    distributions: Mapping[str, str],
    python: str,
    content: str,
) -> None:
    """Writes ``MLmodel`` and what it names.

    Args:
        folder: The package.
        signed: MLflow's signature.
        example: A few rows of input.
        distributions: What loading needs, with versions.
        python: Version of Python.
        content: Digest of the model, which its id is made from.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        import mlflow.pyfunc
        from mlflow.models import Model

    model = Model(
        utc_time_created=_NO_TIME,
        signature=signed,
        model_uuid=uuid.uuid5(uuid.NAMESPACE_OID, content).hex,
    )
    mlflow.pyfunc.add_to_model(model, loader_module=LOADER, python_env=PYTHON_ENV)
    model.flavors["python_function"]["python_version"] = python
    model.saved_input_example_info = _write_example(folder, example)
    model.save(str(folder / FILE))
    lines = [f"{name}=={version}" for name, version in sorted(distributions.items())]
    (folder / REQUIREMENTS).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / PYTHON_ENV).write_text(
        f"python: {python}\nbuild_dependencies:\n- pip\n- setuptools\n- wheel\n"
        f"dependencies:\n- -r {REQUIREMENTS}\n",
        encoding="utf-8",
    )


def _write_example(folder: Path, example: pd.DataFrame) -> dict[str, Any]:
    """Writes rows of input as MLflow reads them; returns what ``MLmodel`` says of them."""
    split = json.loads(example.to_json(orient="split", date_format="iso"))
    values = {"columns": split["columns"], "data": split["data"]}
    name = "input_example.json"
    (folder / name).write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    return {"artifact_path": name, "type": "dataframe", "pandas_orient": "split"}


def read(folder: Path) -> Mapping[str, Any]:
    """What ``MLmodel`` says, read without MLflow.

    Raises:
        StagebookError: It is no YAML.
    """
    said: Mapping[str, Any] = yaml_text.load(
        (folder / FILE).read_text(encoding="utf-8"), FILE, plain=True
    )
    return said


def signed_columns(
    said: Mapping[str, Any],
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Inputs and outputs in the signature of an ``MLmodel``; KeyError if it has none."""
    signed = said["signature"]
    return _pairs(signed["inputs"]), _pairs(signed["outputs"])


def strange(said: Mapping[str, Any]) -> tuple[Problem, ...]:
    """What in an ``MLmodel`` would have MLflow run other code than Stagebook's loader."""
    flavors: Mapping[str, Mapping[str, Any]] = said["flavors"]
    own = flavors.get("python_function", {})
    others = sorted((flavors.keys() - {"python_function"}) | (own.keys() - _KEYS))
    if own.get("loader_module") == LOADER and not others:
        return ()
    what = f"has {', '.join(others)}" if others else f"loads with {own.get('loader_module')}"
    message = f"MLflow would run other code than Stagebook's to load it: {FILE} {what}."
    hint = "Get the package anew from where it was made, or recreate it."
    return (Problem("schema-differs", message, hint, Where(FILE)),)


_KEYS = frozenset({"env", "loader_module", "python_version"})


def _pairs(text: str) -> list[tuple[str, str]]:
    found: Sequence[Mapping[str, Any]] = json.loads(text)
    return [(str(one["name"]), str(one["type"])) for one in found]
