"""Whether the feature code that is here is the code that a model was packaged with."""

import contextlib
import importlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from stagebook.model import request_schema
from stagebook.model.contents import Contents
from stagebook.model.manifest import FEATURES as FILE
from stagebook.model.manifest import GET_ANOTHER
from stagebook.model.schema import Schema
from stagebook.project.errors import Exit, Problem, StagebookError, Where, did_you_mean
from stagebook.project.project import Project
from stagebook.project.typed_json import ShapeError

if TYPE_CHECKING:
    from stagebook.features.description import ServiceDescription
    from stagebook.features.service import FeatureService

HINT = (
    "Use the code and the libraries that the model was packaged with, or train and package the "
    "model again."
)


def require_features(contents: Contents) -> "FeatureService":
    """The feature service of a package, whose code is here as it was packaged.

    The folders of code of the project around the current folder are added to ``sys.path`` if the
    service is imported from them.

    Raises:
        StagebookError: The package has no feature service, the service cannot be imported, or its
            code differs.
    """
    packaged = describe(contents)
    folders = _folders_for(packaged.module)
    sys.path.extend(folder for folder in folders if folder not in sys.path)
    service = _imported(packaged)
    if problems := _differences(packaged, service):
        raise StagebookError(*problems, exit_code=Exit.UNFIT)
    return service


def compare(packaged: "ServiceDescription") -> tuple[Problem, ...]:
    """How the code here differs from a package's.

    Raises:
        StagebookError: The service cannot be imported: the problem ``no-feature-code``.
    """
    with _on_path(_folders_for(packaged.module)):
        return _differences(packaged, _imported(packaged))


def describe(contents: Contents) -> "ServiceDescription":
    """What a package says of its feature service.

    Raises:
        StagebookError: It has none, or the file cannot be read.
    """
    from stagebook.features import description

    if FILE not in contents.files:
        message = "The package has no feature service."
        hint = "Package the model with its service: stagebook.package(..., features=service)"
        where = Where(str(contents.folder))
        raise StagebookError(Problem("no-packaged-features", message, hint, where))
    try:
        return description.parse(contents.files[FILE])
    except ShapeError as error:
        message = f"The file cannot be read: {error}."
        problem = Problem("package-changed", message, GET_ANOTHER, Where(FILE))
        raise StagebookError(problem, exit_code=Exit.UNFIT) from None


def request_schema_of(packaged: "ServiceDescription") -> Schema | None:
    """What a package asks of the columns of a request; None in one that does not say it.

    Raises:
        StagebookError: The schema cannot be read.
    """
    if packaged.request_schema is None:
        return None
    try:
        return request_schema.from_json(packaged.request_schema)
    except (ValueError, KeyError, TypeError) as error:
        message = f"The schema of the request cannot be read: {error}."
        problem = Problem("package-changed", message, GET_ANOTHER, Where(FILE))
        raise StagebookError(problem, exit_code=Exit.UNFIT) from None


def words(packaged: "ServiceDescription") -> str:
    """A service in a few words."""
    return f"{packaged.address}, {len(packaged.features)} features"


def _differences(packaged: "ServiceDescription", service: "FeatureService") -> tuple[Problem, ...]:
    from stagebook.features import definition_check

    problems = definition_check.differences(packaged, service)
    return tuple(replace(problem, where=_from_here(problem.where)) for problem in problems)


def _from_here(where: Where | None) -> Where | None:
    """A place, relative to the current folder if it is below that."""
    here = Path.cwd()
    if where is None or not Path(where.file).is_relative_to(here):
        return where
    return replace(where, file=Path(where.file).relative_to(here).as_posix())


def _imported(packaged: "ServiceDescription") -> "FeatureService":
    """The service of this name; its module is imported, which runs it.

    Only a module that itself imports Stagebook is run: a package cannot name any other.

    Raises:
        StagebookError: There is no such module, it fails, or it has no such service.
    """
    from stagebook.features import FeatureService

    file = _file(packaged.module)
    try:
        module = importlib.import_module(packaged.module)
    except StagebookError:
        raise
    except (Exception, SystemExit) as error:
        reason = f"it cannot be imported: {type(error).__name__}: {error}"
        raise _no_code(packaged.module, reason) from error
    service = getattr(module, packaged.variable, None)
    if isinstance(service, FeatureService):
        return service
    names = [name for name, value in vars(module).items() if isinstance(value, FeatureService)]
    message = f"The module `{packaged.module}` has no feature service `{packaged.variable}`."
    hint = did_you_mean(packaged.variable, names, HINT)
    problem = Problem("features-differ", message, hint, Where(str(file)))
    raise StagebookError(problem, exit_code=Exit.UNFIT)


def _file(module: str) -> Path:
    """The file of a module that imports Stagebook, found without running anything.

    Raises:
        StagebookError: There is no such module.
    """
    from stagebook.features import function_source

    parts = module.split(".")
    if not all(part.isidentifier() for part in parts) or parts[0] == "__main__":
        raise _no_code(module, "its name is not that of a module")
    search = function_source.search(parts[:1])
    try:
        files = search.locate(module)
    except LookupError:
        files = ()
    if not files:
        raise _no_code(module, "it is not in this environment")
    file = files[-1].path
    imported = {each.module.partition(".")[0] for each in search.module(file).imports.static}
    if "stagebook" not in imported:
        raise _no_code(module, f"{file} does not import stagebook.features")
    return file


def _no_code(module: str, reason: str) -> StagebookError:
    message = f"The module `{module}`, which has the package's features, is not here: {reason}."
    hint = (
        "Install the project's code, or add its folder to PYTHONPATH. The model alone does not "
        "need it: it takes the features as columns."
    )
    return StagebookError(Problem("no-feature-code", message, hint), exit_code=Exit.UNFIT)


def _folders_for(module: str) -> list[str]:
    """The project's folders of code, if a module is in none of the folders on ``sys.path``."""
    from stagebook.notebook.external_modules import module_folder

    top = module.partition(".")[0]
    if not top.isidentifier() or module_folder(top) is not None:
        return []
    with contextlib.suppress(StagebookError):
        if project := Project.around(Path.cwd()):
            return [str(project.root / name) for name in project.settings.code]
    return []


@contextlib.contextmanager
def _on_path(folders: list[str]) -> Iterator[None]:
    """Adds folders to the end of ``sys.path`` for a while."""
    before = list(sys.path)
    sys.path.extend(folders)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = before
