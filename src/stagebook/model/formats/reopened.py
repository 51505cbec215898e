"""Models in Python's own formats, written by this process and opened again."""

import platform

from stagebook.errors import StagebookError
from stagebook.model.formats.conversion import Asked, Converted, Scored, not_convertible, versions
from stagebook.model.formats.model_file import FormatName, ModelFile
from stagebook.model.prediction import predict


def convert(asked: Asked, format_: FormatName) -> Converted:
    """A model as a pickle or a file of skops; the package's own file, if it is that already.

    Raises:
        StagebookError: It cannot be written so, or opening it would call what nobody trusts.
    """
    try:
        is_same = asked.file.format == format_
        file = asked.file if is_same else ModelFile.of(asked.model, format_)
    except Exception as error:  # what a model's own code raises when it is taken apart
        raise not_convertible(format_, str(error) or type(error).__name__, asked.model) from error
    if problems := file.distrust(asked.trusted):
        raise StagebookError(*problems)
    return Converted(file.data, versions("scikit-learn", *_tools(format_)))


def score(data: bytes, asked: Asked, format_: FormatName) -> Scored:
    """What the model in a file says, once it is opened as any loader opens it."""
    model = ModelFile(format_, data).open(asked.trusted)
    served = asked.served
    outputs = predict(model, served.method, asked.rows, served.outputs)
    return Scored(outputs, {"Python": platform.python_version(), **versions("scikit-learn")})


def _tools(format_: FormatName) -> tuple[str, ...]:
    return ("skops",) if format_ == "skops" else ()
