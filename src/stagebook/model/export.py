"""A packaged model in another format, with a report of how near it is to the original."""

import hashlib
import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from stagebook.model.formats import onnx, pmml
from stagebook.model.formats.conversion import (
    ConversionRequest,
    ConvertedModel,
    ConvertedPredictions,
    not_convertible,
    versions,
)
from stagebook.model.formats.model_file import FormatName as _PythonFormat
from stagebook.model.formats.model_file import ModelFile
from stagebook.model.golden import FILE as GOLDEN
from stagebook.model.golden import Golden
from stagebook.model.parity import Parity
from stagebook.model.prediction import predict
from stagebook.model.rows import FeatureRows, bad
from stagebook.model.verification import VerificationReport
from stagebook.project.errors import Exit, Problem, StagebookError, Where
from stagebook.project.files import write_whole

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1
REPORT = ".parity.json"
Say = Callable[[str], None]
FormatName = Literal["pmml", "onnx", "pickle", "skops"]
NAMES: tuple[FormatName, ...] = get_args(FormatName)


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format that a model can be exported to.

    Attributes:
        suffix: What its files end with.
        convert: Gives the bytes of the file.
        score: Gives the file's predictions, by the engine that is made for it.
    """

    suffix: str
    convert: Callable[[ConversionRequest], ConvertedModel]
    score: Callable[[bytes, ConversionRequest], ConvertedPredictions]


def _convert_in_python(request: ConversionRequest, format_: _PythonFormat) -> ConvertedModel:
    """A model as a pickle or a file of skops; the package's own file, if it is that already."""
    try:
        is_same = request.file.format == format_
        file = request.file if is_same else ModelFile.of(request.model, format_)
    except Exception as error:  # what a model's own code raises when it is taken apart
        raise not_convertible(format_, str(error) or type(error).__name__, request.model) from error
    if problems := file.distrust(request.trusted):
        raise StagebookError(*problems)
    return ConvertedModel(file.data, versions("scikit-learn", *_tools(format_)))


def _score_in_python(
    data: bytes, request: ConversionRequest, format_: _PythonFormat
) -> ConvertedPredictions:
    """The predictions of the model in a file, opened as any loader opens it."""
    model = ModelFile(format_, data).open(request.trusted)
    served = request.served
    outputs = predict(model, served.method, request.rows, served.outputs)
    return ConvertedPredictions(
        outputs, {"Python": platform.python_version(), **versions("scikit-learn")}
    )


def _tools(format_: _PythonFormat) -> tuple[str, ...]:
    return ("skops",) if format_ == "skops" else ()


_FORMATS: Mapping[str, ExportFormat] = {
    "pmml": ExportFormat(".pmml", pmml.convert, pmml.score),
    "onnx": ExportFormat(".onnx", onnx.convert, onnx.score),
    "pickle": ExportFormat(
        ".pkl",
        partial(_convert_in_python, format_="pickle"),
        partial(_score_in_python, format_="pickle"),
    ),
    "skops": ExportFormat(
        ".skops",
        partial(_convert_in_python, format_="skops"),
        partial(_score_in_python, format_="skops"),
    ),
}


@dataclass(frozen=True, slots=True)
class Export:
    """A model in another format, not yet written.

    Attributes:
        name: The model's name.
        package: The package's digest.
        format: The format.
        data: The file's bytes.
        rows: The rows that it was compared on.
        parity: How near it is.
        versions: Versions of the tools that converted, opened and scored it.
    """

    name: str
    package: str
    format: FormatName
    data: bytes
    rows: FeatureRows
    parity: Parity
    versions: Mapping[str, str]

    @property
    def sha256(self) -> str:
        """The hash of the file."""
        return hashlib.sha256(self.data).hexdigest()

    def as_json(self, file: str) -> dict[str, Any]:
        """The report: the same for the same package, rows and versions.

        Args:
            file: The file's name.
        """
        return {
            "format": FORMAT,
            "package": {"name": self.name, "sha256": self.package},
            "file": {
                "name": file,
                "format": self.format,
                "sha256": self.sha256,
                "size": len(self.data),
            },
            "compared_on": self.rows.as_json(),
            "parity": self.parity.as_json(),
            "versions": dict(sorted(self.versions.items())),
        }


def export(
    report: VerificationReport,
    format_: FormatName,
    rows: FeatureRows,
    tolerance: float | None = None,
    say: Say = lambda _: None,
) -> Export:
    """Converts a model that has passed the gate, and asks both forms about the same rows.

    Args:
        report: The package, after the gate.
        format_: The format that is wanted.
        rows: The rows.
        tolerance: How far a number may be off; if None, what the package says.
        say: Called with each step, in a few words.

    Raises:
        StagebookError: A converter or a tool that it needs is missing, the converter does not
            support this model, or the two are too far apart.
    """
    request = _conversion_request(report, rows)
    format_of = _FORMATS[format_]
    # before the conversion, as a converter may change the model
    original = _original_predictions(request, rows)
    say(f"converting to {format_}")
    converted = format_of.convert(request)
    say(f"predicting {len(rows.frame):,} rows")
    scored = format_of.score(converted.data, request)
    if tolerance is None:
        tolerance = Golden.parse(report.contents.files[GOLDEN]).tolerance
    parity = Parity.of(original, scored.outputs, tolerance)
    if not parity.holds:
        raise StagebookError(parity.problem(format_), exit_code=Exit.UNFIT)
    versions = {**converted.versions, **scored.versions}
    manifest = report.manifest
    return Export(manifest.name, manifest.digest, format_, converted.data, rows, parity, versions)


def _conversion_request(report: VerificationReport, rows: FeatureRows) -> ConversionRequest:
    assert report.file, "a model that has passed the gate was read"
    manifest, policy = report.manifest, report.policy
    return ConversionRequest(
        manifest.name, report.model, report.file, manifest.model, rows.frame, policy.trusted
    )


def _original_predictions(request: ConversionRequest, rows: FeatureRows) -> "pd.DataFrame":
    """The original's predictions for the rows."""
    served = request.served
    try:
        return predict(request.model, served.method, request.rows, served.outputs)
    except Exception as error:  # a model's own code raises what it likes
        first = (str(error).splitlines() or [type(error).__name__])[0]
        message = f"The original model cannot predict these rows: {first}"
        raise bad(rows.path, message, served.features) from error


def target_of(package: Path, format_: FormatName, output: Path | None) -> Path:
    """The path of an export; by default beside the package.

    Args:
        package: The package's folder or archive, as it was named.
        format_: The format.
        output: The path that the user gave, if any.

    Raises:
        StagebookError: A file exists there that is not an export, its folder is missing, or it
            would be in the package.
    """
    package_path = package.resolve()
    stem = package_path.name.removesuffix(".tar") if package_path.is_file() else package_path.name
    target = output or package_path.with_name(stem + _FORMATS[format_].suffix)
    if target.resolve().is_relative_to(package_path):
        message = "The export must not be inside the package, which it would change."
        raise StagebookError(Problem("file-there", message, _ELSEWHERE, Where(str(target))))
    if not target.parent.is_dir():
        message = "The folder of the export does not exist."
        hint = f"mkdir -p {target.parent}"
        raise StagebookError(Problem("no-folder", message, hint, Where(str(target))))
    if target.exists() and not report_of(target).is_file():
        message = "The file already exists, and `stagebook model export` did not write it."
        raise StagebookError(Problem("file-there", message, _ELSEWHERE, Where(str(target))))
    return target


_ELSEWHERE = "Name another file: --output FILE"


def report_of(target: Path) -> Path:
    """Where the report of an export lies: beside it."""
    return target.with_name(target.name + REPORT)


def write(exported: Export, target: Path) -> None:
    """Writes an export and its report, the report first, so that no file is without one."""
    write_whole(report_of(target), render(exported, target.name))
    near = target.with_name(f".{target.name}.new")
    try:
        near.write_bytes(exported.data)
        near.replace(target)
    finally:
        near.unlink(missing_ok=True)


def render(exported: Export, file: str) -> str:
    """The text of a report."""
    return json.dumps(exported.as_json(file), indent=1, ensure_ascii=False) + "\n"
