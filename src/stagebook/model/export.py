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
        score: Asks the file, with the engine that is made for it.
    """

    suffix: str
    convert: Callable[[ConversionRequest], ConvertedModel]
    score: Callable[[bytes, ConversionRequest], ConvertedPredictions]


def _convert_in_python(asked: ConversionRequest, format_: _PythonFormat) -> ConvertedModel:
    """A model as a pickle or a file of skops; the package's own file, if it is that already."""
    try:
        is_same = asked.file.format == format_
        file = asked.file if is_same else ModelFile.of(asked.model, format_)
    except Exception as error:  # what a model's own code raises when it is taken apart
        raise not_convertible(format_, str(error) or type(error).__name__, asked.model) from error
    if problems := file.distrust(asked.trusted):
        raise StagebookError(*problems)
    return ConvertedModel(file.data, versions("scikit-learn", *_tools(format_)))


def _score_in_python(
    data: bytes, asked: ConversionRequest, format_: _PythonFormat
) -> ConvertedPredictions:
    """What the model in a file says, once it is opened as any loader opens it."""
    model = ModelFile(format_, data).open(asked.trusted)
    served = asked.served
    outputs = predict(model, served.method, asked.rows, served.outputs)
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
        versions: Of what converted, opened and asked it.
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
    passage: VerificationReport,
    format_: FormatName,
    rows: FeatureRows,
    tolerance: float | None = None,
    say: Say = lambda _: None,
) -> Export:
    """Converts a model that has passed the gate, and asks both forms about the same rows.

    Args:
        passage: The package, after the gate.
        format_: The format that is wanted.
        rows: The rows.
        tolerance: How far a number may be off; if None, what the package says.
        say: Is told what is done now, in a few words.

    Raises:
        StagebookError: A converter or what it needs is not there, or cannot have this model, or
            the two are too far apart.
    """
    request = _asked(passage, rows)
    format_of = _FORMATS[format_]
    # before anything is converted: what a converter does to the model is then no matter
    original = _said(request, rows)
    say(f"converting to {format_}")
    converted = format_of.convert(request)
    say(f"asking it about {len(rows.frame):,} rows")
    scored = format_of.score(converted.data, request)
    if tolerance is None:
        tolerance = Golden.parse(passage.contents.files[GOLDEN]).tolerance
    parity = Parity.of(original, scored.outputs, tolerance)
    if not parity.holds:
        raise StagebookError(parity.problem(format_), exit_code=Exit.UNFIT)
    versions = {**converted.versions, **scored.versions}
    made = (passage.manifest.name, passage.manifest.digest, format_, converted.data)
    return Export(*made, rows, parity, versions)


def _asked(passage: VerificationReport, rows: FeatureRows) -> ConversionRequest:
    assert passage.file, "a model that has passed the gate was read"
    manifest, policy = passage.manifest, passage.policy
    return ConversionRequest(
        manifest.name, passage.model, passage.file, manifest.model, rows.frame, policy.trusted
    )


def _said(asked: ConversionRequest, rows: FeatureRows) -> "pd.DataFrame":
    """What the original says of the rows."""
    served = asked.served
    try:
        return predict(asked.model, served.method, asked.rows, served.outputs)
    except Exception as error:  # a model's own code raises what it likes
        first = (str(error).splitlines() or [type(error).__name__])[0]
        message = f"The model itself cannot take these rows: {first}"
        raise bad(rows.path, message, served.features) from error


def target_of(package: Path, format_: FormatName, output: Path | None) -> Path:
    """Where an export goes: beside the package, if nothing is said.

    Args:
        package: The package's folder or archive, as it was named.
        format_: The format.
        output: What was said.

    Raises:
        StagebookError: A file is there that is no export, its folder is not there, or it would be
            in the package.
    """
    whole = package.resolve()
    stem = whole.name.removesuffix(".tar") if whole.is_file() else whole.name
    target = output or whole.with_name(stem + _FORMATS[format_].suffix)
    if target.resolve().is_relative_to(whole):
        message = "The export would lie in the package, which would then not be what was packaged."
        raise StagebookError(Problem("file-there", message, _ELSEWHERE, Where(str(target))))
    if not target.parent.is_dir():
        message = "The folder that it should go into is not there."
        hint = f"mkdir -p {target.parent}"
        raise StagebookError(Problem("no-folder", message, hint, Where(str(target))))
    if target.exists() and not report_of(target).is_file():
        message = "The file exists, and `stagebook model export` did not write it."
        raise StagebookError(Problem("file-there", message, _ELSEWHERE, Where(str(target))))
    return target


_ELSEWHERE = "Say where it goes instead: --output FILE"


def report_of(target: Path) -> Path:
    """Where the report of an export lies: beside it."""
    return target.with_name(target.name + REPORT)


def write(made: Export, target: Path) -> None:
    """Writes an export and its report, the report first, so that no file is without one."""
    write_whole(report_of(target), render(made, target.name))
    near = target.with_name(f".{target.name}.new")
    try:
        near.write_bytes(made.data)
        near.replace(target)
    finally:
        near.unlink(missing_ok=True)


def render(made: Export, file: str) -> str:
    """The text of a report."""
    return json.dumps(made.as_json(file), indent=1, ensure_ascii=False) + "\n"
