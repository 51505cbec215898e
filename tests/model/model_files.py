"""What becomes of a model's file when it is opened."""

from typing import Any

from stagebook.model.formats.model_file import ModelFile
from stagebook.project.errors import StagebookError


def codes(model: Any, format_: Any = "pickle", trusted: tuple[str, ...] = ()) -> set[str]:
    """Codes of the problems for which a model's file is not opened; none if it is."""
    try:
        file = ModelFile.of(model, format_)
        if problems := file.distrust(trusted):
            raise StagebookError(*problems)
        file.open(trusted)
    except StagebookError as error:
        return {problem.code for problem in error.problems}
    return set()


def changed(model: Any, **attributes: Any) -> Any:
    vars(model).update(attributes)
    return model
