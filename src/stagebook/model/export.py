"""A packaged model in another format, with a report of how near it is to the original."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from stagebook.errors import Exit, Problem, StagebookError, Where
from stagebook.files import write_whole
from stagebook.model.formats import onnx, pmml, reopened
from stagebook.model.formats.conversion import Asked, Converted, Scored
from stagebook.model.gate import Passage
from stagebook.model.golden import FILE as GOLDEN
from stagebook.model.golden import Golden
from stagebook.model.parity import Parity
from stagebook.model.prediction import predict
from stagebook.model.rows import Rows, bad

if TYPE_CHECKING:
    import pandas as pd

FORMAT = 1
REPORT = ".parity.json"
Say = Callable[[str], None]
FormatName = Literal["pmml", "onnx", "pickle", "skops"]
NAMES: tuple[FormatName, ...] = get_args(FormatName)


@dataclass(frozen=True, slots=True)
class Format:
    """A format that a model can be exported to.

    Attributes:
        suffix: What its files end with.
        convert: Gives the bytes of the file.
        score: Asks the file, with the engine that is made for it.
    """

    suffix: str
    convert: Callable[[Asked], Converted]
    score: Callable[[bytes, Asked], Scored]


_FORMATS: Mapping[str, Format] = {
    "pmml": Format(".pmml", pmml.convert, pmml.score),
    "onnx": Format(".onnx", onnx.convert, onnx.score),
    "pickle": Format(
        ".pkl",
        partial(reopened.convert, format_="pickle"),
        partial(reopened.score, format_="pickle"),
    ),
    "skops": Format(
        ".skops",
        partial(reopened.convert, format_="skops"),
        partial(reopened.score, format_="skops"),
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
    rows: Rows
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
    passage: Passage,
    format_: FormatName,
    rows: Rows,
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
    asked = _asked(passage, rows)
    format_of = _FORMATS[format_]
    # before anything is converted: what a converter does to the model is then no matter
    original = _said(asked, rows)
    say(f"converting to {format_}")
    converted = format_of.convert(asked)
    say(f"asking it about {len(rows.frame):,} rows")
    scored = format_of.score(converted.data, asked)
    if tolerance is None:
        tolerance = Golden.read(passage.folder / GOLDEN).tolerance
    parity = Parity.of(original, scored.outputs, tolerance)
    if not parity.holds:
        raise StagebookError(parity.problem(format_), exit_code=Exit.UNFIT)
    versions = {**converted.versions, **scored.versions}
    made = (passage.manifest.name, passage.manifest.digest, format_, converted.data)
    return Export(*made, rows, parity, versions)


def _asked(passage: Passage, rows: Rows) -> Asked:
    assert passage.file, "a model that has passed the gate was read"
    made, policy = passage.manifest, passage.policy
    return Asked(made.name, passage.model, passage.file, made.model, rows.frame, policy.trusted)


def _said(asked: Asked, rows: Rows) -> "pd.DataFrame":
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
        message = "There is a file that no export has written."
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
