"""The files by which MLflow takes a package for a model of its own."""

import json
import logging
import re
import uuid
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from stagebook.model import json_text, requirements
from stagebook.model.requirements import FILE as REQUIREMENTS
from stagebook.pipeline import yaml_text
from stagebook.project.errors import Exit, Problem, StagebookError, Where
from stagebook.project.files import write_whole

if TYPE_CHECKING:
    from mlflow.models import ModelSignature

FILE = "MLmodel"
LOADER = "stagebook.model.pyfunc"
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

    Raises:
        StagebookError: MLflow has no type for the dtype of a column.
    """
    with _without_warnings():  # of its own types, and that whole numbers cannot be missing
        from mlflow.models import infer_signature
        from mlflow.types.schema import ColSpec, Schema

        inferred = infer_signature(inputs, outputs)
        _require_named(inferred.inputs, inputs, "feature")
        _require_named(inferred.outputs, outputs, "prediction")
    inferred.inputs = Schema(
        [
            ColSpec(
                input_.type, input_.name, required=input_.required and input_.name not in nullable
            )
            for input_ in inferred.inputs.inputs
        ]
    )
    return inferred


def _require_named(schema: Any, rows: pd.DataFrame, noun: str) -> None:
    """Raises a StagebookError if MLflow inferred a schema without the names of the columns.

    MLflow does so for all columns of a table if it has no type for one of them.
    """
    from mlflow.models import infer_signature

    if all(item.name is not None for item in schema.inputs):
        return
    problems = []
    for name in rows.columns:
        if infer_signature(rows[[name]]).inputs.inputs[0].name is None:
            message = (
                f"The {noun} `{name}` has the dtype {rows[name].dtype}, which MLflow's signature "
                "of a model cannot have."
            )
            hint = (
                f'Convert the column before the model is fitted: table["{name}"].astype("int64") '
                'or .astype("float64"), and text for what is not a number.'
            )
            problems.append(Problem("unsupported-dtype", message, hint))
    raise StagebookError(*problems)


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Keeps MLflow from warning of signatures, in Python's way or in its log."""
    logger, hidden = logging.getLogger("mlflow.models.signature"), logging.Filter("hidden")
    logger.addFilter(hidden)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            yield
    finally:
        logger.removeFilter(hidden)


def columns(schema: Any) -> list[tuple[str, str]]:
    """Name and type of each column in a schema of MLflow's."""
    return [(str(item["name"]), str(item["type"])) for item in schema.to_dict()]


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
    write_whole(folder / FILE, (folder / FILE).read_text(encoding="utf-8"))
    lines = [f"{name}=={version}" for name, version in sorted(distributions.items())]
    write_whole(folder / REQUIREMENTS, "\n".join(lines) + "\n")
    write_whole(folder / PYTHON_ENV, _python_env(python))


def _python_env(python: str) -> str:
    """The text from which MLflow makes an environment.

    Args:
        python: Version of Python.
    """
    return (
        f"python: {python}\nbuild_dependencies:\n- pip\n- setuptools\n- wheel\n"
        f"dependencies:\n- -r {REQUIREMENTS}\n"
    )


def require_plain_environment(text: Callable[[str], str]) -> None:
    """Raises where MLflow or pip would install something else than distributions with versions.

    Args:
        text: Gives the text of a file of the package by its name.

    Raises:
        StagebookError: ``requirements.txt`` or ``python_env.yaml`` is not as ``write`` writes it.
    """
    requirements.parse(text(REQUIREMENTS))
    environment_text = text(PYTHON_ENV)
    python = environment_text.partition("\n")[0].removeprefix("python: ")
    if environment_text != _python_env(requirements.version(python, PYTHON_ENV)):
        message = "The file is not as `stagebook.package` wrote it, and could install anything."
        hint = "Do not install it. Get the package again from where it was made, or recreate it."
        problem = Problem("bad-requirement", message, hint, Where(PYTHON_ENV))
        raise StagebookError(problem, exit_code=Exit.UNFIT)


def _write_example(folder: Path, example: pd.DataFrame) -> dict[str, Any]:
    """Writes rows of input as MLflow reads them; returns what ``MLmodel`` says of them."""
    split = json.loads(example.to_json(orient="split", date_format="iso"))
    values = {"columns": split["columns"], "data": split["data"]}
    name = "input_example.json"
    write_whole(folder / name, json.dumps(values, indent=1) + "\n")
    return {"artifact_path": name, "type": "dataframe", "pandas_orient": "split"}


def parse(text: str) -> Mapping[str, Any]:
    """What the text of an ``MLmodel`` says, read without MLflow.

    Raises:
        StagebookError: It is not valid YAML.
        ValueError: It is longer than any that ``write`` writes.
    """
    if len(text) > json_text.LARGEST or len(_QUOTED.sub("", text)) > _LARGEST:
        raise ValueError(f"{FILE} is too long")
    values: Mapping[str, Any] = yaml_text.load(text, FILE, plain=True)
    return values


_QUOTED = re.compile(r"'[^']*'")
_LARGEST = 20_000  # characters outside of quotes, which take YAML's parser longest


def signed_columns(
    values: Mapping[str, Any],
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Inputs and outputs in the signature of an ``MLmodel``; KeyError if it has none."""
    signed = values["signature"]
    return _pairs(signed["inputs"]), _pairs(signed["outputs"])


def strange(values: Mapping[str, Any]) -> tuple[Problem, ...]:
    """What in an ``MLmodel`` would have MLflow run other code than Stagebook's loader."""
    flavors: Mapping[str, Mapping[str, Any]] = values["flavors"]
    own = flavors.get("python_function", {})
    others = sorted((flavors.keys() - {"python_function"}) | (own.keys() - _KEYS))
    loader, env = own.get("loader_module"), own.get("env")
    if others:
        difference = f"has {', '.join(others)}"
    elif loader != LOADER:
        difference = f"loads with {loader}"
    elif env != {"virtualenv": PYTHON_ENV}:
        difference = f"takes its environment from {env}"
    else:
        return ()
    message = f"MLflow would load the model with code that is not Stagebook's: {FILE} {difference}."
    hint = "Get the package again from where it was made, or recreate it."
    return (Problem("schema-differs", message, hint, Where(FILE)),)


_KEYS = frozenset({"env", "loader_module", "python_version"})


def _pairs(text: str) -> list[tuple[str, str]]:
    entries: Sequence[Mapping[str, Any]] = json_text.load(text)
    return [(str(item["name"]), str(item["type"])) for item in entries]
