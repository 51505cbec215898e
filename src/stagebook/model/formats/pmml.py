"""Models in PMML: converted by sklearn2pmml, scored in Java by JPMML."""

import contextlib
import copy
import io
import math
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from stagebook.model.formats.conversion import (
    ConversionRequest,
    ConvertedModel,
    ConvertedPredictions,
    not_convertible,
    require_method,
    versions,
)
from stagebook.model.formats.parts import parts
from stagebook.project.errors import Exit, Problem, StagebookError
from stagebook.project.extras import PMML

_NAMESPACES = {
    "": "http://www.dmg.org/PMML-4_4",
    "data": "http://jpmml.org/jpmml-model/InlineTable",
}
_METHODS = ("predict", "predict_proba")
_EPOCH = "1970-01-01T00:00:00Z"


def convert(request: ConversionRequest) -> ConvertedModel:
    """A model as a PMML file, the same bytes each time.

    Raises:
        StagebookError: The extra or Java is not installed, or the model cannot be converted.
    """
    home = java_home()
    PMML.require()
    require_method("PMML", _METHODS, request)
    data = _settled(_converted(request, home), _unknown_is_missing(request.model))
    return ConvertedModel(data, versions("sklearn2pmml", "scikit-learn"))


def _converted(request: ConversionRequest, home: Path) -> bytes:
    from sklearn2pmml import make_pmml_pipeline, sklearn2pmml

    output = io.StringIO()  # it prints what Java says, and an advertisement
    with (
        tempfile.TemporaryDirectory() as name,
        contextlib.redirect_stdout(output),
        warnings.catch_warnings(action="ignore"),
    ):
        target = Path(name) / "model.pmml"
        try:
            # the converter writes into what it is given
            model, features = copy.deepcopy(request.model), list(request.served.features)
            pipeline = make_pmml_pipeline(model, features, _targets(request))
            sklearn2pmml(pipeline, str(target), java_home=str(home))
        except Exception as error:  # its own checks, and scikit-learn's, raise what they like
            reason = _java_reason(output.getvalue()) or str(error)
            raise not_convertible("sklearn2pmml", reason, request.model) from error
        return target.read_bytes()


def _targets(request: ConversionRequest) -> list[str]:
    """Names for what is predicted that no feature has."""
    names = request.served.outputs if request.served.method == "predict" else ("prediction",)
    return [f"predicted_{name}" if name in request.served.features else name for name in names]


def _java_reason(text: str) -> str:
    """The message of the first exception that Java printed; empty without one."""
    for line in text.splitlines():
        kind, colon, message = line.partition("Exception: ")
        if colon and " " not in kind.strip():
            return message
    return ""


def _unknown_is_missing(model: Any) -> set[str]:
    """Columns in which a text that training never saw counts as missing."""
    return {
        str(column)
        for _, part in parts(model)
        if getattr(part, "handle_unknown", "") == "use_encoded_value"
        and _is_nan(part.unknown_value)
        and _is_nan(part.encoded_missing_value)
        for column in getattr(part, "feature_names_in_", ())
    }


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _settled(data: bytes, missing: Collection[str]) -> bytes:
    """A PMML file of no time, in which unknown texts of some columns count as missing.

    sklearn2pmml lets them pass as they are; a tree that splits by that column then has no branch
    for them, and the file gives no prediction.
    """
    for prefix, uri in _NAMESPACES.items():
        ET.register_namespace(prefix, uri)
    root = ET.fromstring(data)
    for stamp in root.iterfind("Header/Timestamp", _NAMESPACES):
        stamp.text = _EPOCH
    for field in root.iterfind("*/MiningSchema/MiningField", _NAMESPACES):
        if field.get("name") in missing and field.get("invalidValueTreatment") == "asIs":
            field.set("invalidValueTreatment", "asMissing")
    return bytes(ET.tostring(root, encoding="UTF-8", xml_declaration=True)) + b"\n"


def score(data: bytes, request: ConversionRequest) -> ConvertedPredictions:
    """The predictions of a PMML file for some rows, made in Java by a process of its own.

    Raises:
        StagebookError: The extra or Java is not installed, or Java cannot score the rows.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "model.pmml").write_bytes(data)
        request.rows.to_parquet(folder / "rows.parquet", index=False)
        process = _in_java(folder)
        if process.returncode:
            reason = (
                process.stderr.strip().splitlines() or [f"it ended with {process.returncode}"]
            )[-1]
            raise not_convertible("jpmml-evaluator", reason, request.model)
        predictions = pd.read_parquet(folder / "predictions.parquet")
    outputs = predictions[list(_output_columns(list(predictions.columns), request))]
    if outputs.shape[1] != len(request.served.outputs):
        names = ", ".join(predictions.columns)
        reason = f"the file returned {names}; expected {', '.join(request.served.outputs)}"
        raise not_convertible("jpmml-evaluator", reason, request.model)
    named = outputs.set_axis(list(request.served.outputs), axis=1)
    return ConvertedPredictions(
        named, {"jpmml-evaluator": process.stdout.split()[0], "Java": process.stdout.split()[1]}
    )


def _in_java(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "stagebook.model.formats.pmml_scorer", str(folder)]
    environment = {**os.environ, "JAVA_HOME": str(java_home())}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def _output_columns(columns: list[str], request: ConversionRequest) -> Iterator[str]:
    """The columns of JPMML that are the model's outputs, in order."""
    if request.served.method == "predict_proba":
        yield from (name for name in columns if name.startswith("probability("))
        return
    targets = _targets(request)
    # a model without targets, such as one of clusters, has an output field of JPMML's naming
    yield from targets if set(targets) <= set(columns) else columns[:1]


def java_home() -> Path:
    """Where Java is installed.

    Raises:
        StagebookError: It is not installed.
    """
    home = os.environ.get("JAVA_HOME")
    if home and (Path(home) / "bin" / "java").is_file():
        return Path(home)
    if program := shutil.which("java"):
        return Path(program).resolve().parents[1]
    message = "PMML is converted and scored in Java, and `java` was not found."
    hint = "apt-get install default-jre-headless, or set JAVA_HOME to Java's folder"
    raise StagebookError(Problem("no-java", message, hint), exit_code=Exit.ENVIRONMENT)
