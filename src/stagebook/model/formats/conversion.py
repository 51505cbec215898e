"""What it takes to convert a model, and what comes of it or stands in the way."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

from stagebook.model.formats.model_file import ModelFile
from stagebook.model.formats.parts import parts
from stagebook.model.prediction import type_of
from stagebook.project.errors import Exit, Problem, StagebookError

if TYPE_CHECKING:  # a second to import, and converters bring it themselves
    import pandas as pd

    from stagebook.model.manifest import PredictionInterface

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class ConversionRequest:
    """A model that is to be in another format.

    Attributes:
        name: The model's name.
        model: The model.
        file: Its file in the package.
        served: How it is asked, and what goes in and comes out.
        rows: Some rows of its features, for their types.
        trusted: Names that opening it may call, besides those that every loader trusts.
    """

    name: str
    model: Any
    file: ModelFile
    served: "PredictionInterface"
    rows: "pd.DataFrame"
    trusted: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class ConvertedModel:
    """A model in another format.

    Attributes:
        data: The file's bytes.
        versions: Of what converted it.
    """

    data: bytes
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ConvertedPredictions:
    """What a converted model says.

    Attributes:
        outputs: n rows, with a column for each of the model's outputs.
        versions: Of what opened and asked it.
    """

    outputs: "pd.DataFrame"
    versions: Mapping[str, str]


def versions(*distributions: str) -> dict[str, str]:
    """The versions of some distributions, of those that are installed."""
    found = {}
    for name in distributions:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def require_method(tool: str, methods: Collection[str], asked: ConversionRequest) -> None:
    """Raises a StagebookError if a format does not know the method that predicts.

    Args:
        tool: The format.
        methods: Those that it knows.
        asked: What is to be converted.
    """
    if asked.served.method not in methods:
        reason = f"{tool} knows {' and '.join(methods)}, and no `{asked.served.method}`"
        raise not_convertible(tool, reason, asked.model)


def not_convertible(tool: str, reason: str, model: Any) -> StagebookError:
    """The error that a converter, or the engine behind it, cannot have a model.

    Args:
        tool: Which one.
        reason: Its own words, of which the first line is told.
        model: The model; a part of it that the reason names is told by its place.
    """
    first = next((line.strip() for line in reason.splitlines() if line.strip()), "it does not say")
    if len(first) > _LONGEST:
        first = first[: _LONGEST - 1] + "…"
    named = [place for place, part in parts(model) if place and type_of(part) in reason]
    step = f" It is the step `{named[-1]}`." if named else ""
    end = "" if first.endswith(".") else "."
    hint = "Nothing is written. Use a step that the converter knows, or another format: --to skops."
    problem = Problem(
        "not-convertible", f"{tool} does not support this model: {first}{end}{step}", hint
    )
    return StagebookError(problem, exit_code=Exit.UNFIT)
