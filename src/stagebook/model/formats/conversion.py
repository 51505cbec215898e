"""A request to convert a model, its results, and the error if a model cannot be converted."""

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
        served: The method that predicts, and what goes in and comes out.
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
        versions: Versions of the tools that converted it.
    """

    data: bytes
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ConvertedPredictions:
    """The predictions of a converted model.

    Attributes:
        outputs: n rows, with a column for each of the model's outputs.
        versions: Versions of the tools that opened and scored it.
    """

    outputs: "pd.DataFrame"
    versions: Mapping[str, str]


def versions(*distributions: str) -> dict[str, str]:
    """The versions of some distributions, of those that are installed."""
    installed = {}
    for name in distributions:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return installed


def require_method(tool: str, methods: Collection[str], request: ConversionRequest) -> None:
    """Raises a StagebookError if a format does not support the method that predicts.

    Args:
        tool: The format.
        methods: The methods that it supports.
        request: What is to be converted.
    """
    if request.served.method not in methods:
        reason = f"{tool} supports {' and '.join(methods)}, not `{request.served.method}`"
        raise not_convertible(tool, reason, request.model)


def not_convertible(tool: str, reason: str, model: Any) -> StagebookError:
    """The error that a converter, or the engine behind it, does not support a model.

    Args:
        tool: Which one.
        reason: Its own message, of which the first line is shown.
        model: The model; the message has the place of a part that the reason names.
    """
    first = next((line.strip() for line in reason.splitlines() if line.strip()), "no reason given")
    if len(first) > _LONGEST:
        first = first[: _LONGEST - 1] + "…"
    named = [place for place, part in parts(model) if place and type_of(part) in reason]
    step = f" The step is `{named[-1]}`." if named else ""
    end = "" if first.endswith(".") else "."
    hint = "Nothing was written. Use a step that is supported, or another format: --to skops."
    problem = Problem(
        "not-convertible", f"{tool} does not support this model: {first}{end}{step}", hint
    )
    return StagebookError(problem, exit_code=Exit.UNFIT)
