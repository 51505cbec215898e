"""The secrets in an environment that are plain words of the project, and so are not masked.

``SORT_KEY=accuracy`` is a secret by its name. To mask it would hide the name of a metric
everywhere, and MLflow refuses a metric without a name.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from stagebook.project.errors import StagebookError
from stagebook.project.masks import UNMASKED, Masks
from stagebook.project.project import Project
from stagebook.workflow import word_columns, word_search

_PLAIN = re.compile(r"[A-Za-z]+\d{0,2}(?:[_.-][A-Za-z]+\d{0,2}){0,5}")


def find(environ: Mapping[str, str], folder: Path, arguments: Sequence[str]) -> tuple[str, ...]:
    """The variables whose values would be masked, and are words of the project or of Stagebook.

    Names of parameters, metrics, columns, files and of code count; texts in code do not. Only an
    environment that has such a secret costs more than a look at its names. The search ends as soon
    as all such values are known to be words. It reads each file once, leaves out what git ignores,
    and gives up on a value in a very large project, which is masked then.

    Args:
        environ: The environment.
        folder: The folder in which the command runs, in a project or not.
        arguments: The arguments of the command; columns of tables among them count.
    """
    already = environ.get(UNMASKED, "")
    values = {
        name: value.strip()
        for name, value in environ.items()
        if _PLAIN.fullmatch(value.strip()) and Masks.of({name: value, UNMASKED: already}).forms
    }
    own: frozenset[str] = frozenset()
    if values:
        words = frozenset(values.values())
        for some in _sources(words, folder, arguments):
            own |= some
            if own >= words:
                break
    return tuple(sorted(name for name, word in values.items() if word in own))


def spared(environ: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """The variable that lists the unmasked variables, for this process and its children."""
    return {UNMASKED: ",".join(filter(None, (environ.get(UNMASKED, ""), *names)))}


def _sources(
    words: frozenset[str], folder: Path, arguments: Sequence[str]
) -> Iterator[frozenset[str]]:
    """The words in Stagebook and in the project, the cheap places first; columns of tables last."""
    tables = [folder / argument for argument in arguments]
    try:
        project = Project.around(folder)
    except StagebookError:  # the command itself says what is wrong with it
        project = None
    if project is not None:
        yield _files(words, project)
        yield from word_search.keys(words, _keyed_folders(project))
    yield from word_search.vocabulary(words)
    if project is not None:
        for names, texts in word_search.code(words, project):
            yield names
            tables.extend(project.root / text for text in texts)
    yield from (words & word_columns.names(path) for path in dict.fromkeys(tables))


def _keyed_folders(project: Project) -> tuple[Path, ...]:
    root = project.root
    return (root, root / project.settings.params, root / "metrics")


def _files(words: frozenset[str], project: Project) -> frozenset[str]:
    """The words that are names of notebooks, parameter files and modules, or of stages."""
    settings = project.settings
    folders = (settings.notebooks, settings.params, *settings.code)
    paths = (path for folder in folders for path in (project.root / folder).glob("*"))
    return words & {name for path in paths for name in (path.stem, path.name)}
