"""A model made again, from its package and the repository alone, and compared with the package."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from stagebook.model import commit, environment, manifest, materials
from stagebook.model.commit import PackageOrigin
from stagebook.model.formats.model_file import ModelFile
from stagebook.model.golden import FILE as GOLDEN
from stagebook.model.golden import Golden
from stagebook.model.manifest import Manifest
from stagebook.model.materials import Materials, Step
from stagebook.model.prediction import predict
from stagebook.pipeline import fresh_checkout, git
from stagebook.project.errors import Exit, Problem, StagebookError, Where
from stagebook.project.extras import MODEL

Say = Callable[[str], None]


class Likeness(Enum):
    """How what was made again is like the package."""

    IDENTICAL = "identical"
    WITHIN_TOLERANCE = "within tolerance"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Recreation:
    """The result of making a package again.

    Attributes:
        origin: The commit that it was made from.
        likeness: How it is like the package.
        detail: What is the same, or where it differs first.
        folder: The package that was made.
    """

    origin: PackageOrigin
    likeness: Likeness
    detail: str
    folder: Path


def recreate(package: Path, root: Path, into: Path, say: Say, *, fresh: bool = True) -> Recreation:
    """Makes a package again in a folder of its own.

    Args:
        package: The package.
        root: The project's root in the repository that it was built in.
        into: The folder to work in, which must not exist yet.
        say: Called with each step.
        fresh: Whether to make an environment from the commit's lock file; else this one is used,
            which then has to be the package's.

    Raises:
        StagebookError: The commit is not known, a step failed, or the extra ``model`` is not
            installed.
    """
    MODEL.require()
    package_manifest = manifest.read(package)
    origin = commit.find(package, package_manifest, root)
    say(f"commit {origin.commit[:12]} ({origin.source}), stage {origin.stage}")
    place = _check_out(root, origin.commit, into)
    env = _environment(place, package, say, fresh=fresh)
    say("fetching the data by hash")
    fetch_data(root, place, materials.read(package / materials.FILE), env)
    say(f"dvc repro --force {origin.stage}")
    fresh_checkout.run(["dvc", "repro", "--force", "--", origin.stage], place, env)
    path = place / origin.path
    likeness, detail = compare(package, package_manifest, path)
    return Recreation(origin, likeness, detail, path)


def _check_out(root: Path, name: str, into: Path) -> Path:
    """Clones the repository into a folder, at a commit; returns the project's root in it."""
    if into.exists():
        message = "The folder already exists."
        raise StagebookError(
            Problem("not-empty", message, "Name another folder: --into FOLDER", Where(str(into)))
        )
    return git.clone(root, name, into)


def _environment(place: Path, package: Path, say: Say, *, fresh: bool) -> dict[str, str]:
    """The environment variables by which the commands find the right Python."""
    bin_folder = fresh_checkout.current()
    if fresh:
        say("creating the environment from the lock file (minutes)")
        bin_folder = fresh_checkout.make_environment(place)
    else:
        lock = environment.parse((package / environment.FILE).read_text(encoding="utf-8"))
        if problems := lock.differences():
            raise StagebookError(*problems, exit_code=Exit.ENVIRONMENT)
    return fresh_checkout.environment(bin_folder, fresh=fresh)


def fetch_data(root: Path, place: Path, package_materials: Materials, env: dict[str, str]) -> None:
    """Fetches raw data by hash: from the repository's own cache, else from its DVC remote."""
    fresh_checkout.share_cache(root, place, env)
    raw = [content.path for content in package_materials.raw if not (place / content.path).exists()]
    if raw:
        fresh_checkout.run(["dvc", "pull", "--", *raw], place, env)


def compare(package: Path, expected: Manifest, recreated: Path) -> tuple[Likeness, str]:
    """How a package that was made again is like the first.

    Args:
        package: The first.
        expected: Its manifest.
        recreated: The second.
    """
    actual = manifest.read(recreated)
    if actual.digest == expected.digest:
        size = sum(file.size for file in expected.files.values())
        return Likeness.IDENTICAL, f"{len(expected.files) + 1} files, {size:,} bytes"
    first = next(_differences(package, recreated), "")
    if _predicts_alike(package, actual, recreated):
        golden = Golden.read(package / GOLDEN)
        words = f"golden rows within {golden.tolerance:g}; {first or _files(expected, actual)}"
        return Likeness.WITHIN_TOLERANCE, words
    return Likeness.DIFFERENT, first or _files(expected, actual)


def _files(expected: Manifest, actual: Manifest) -> str:
    names = sorted(
        path
        for path in expected.files.keys() | actual.files.keys()
        if expected.files.get(path) != actual.files.get(path)
    )
    return f"files that differ: {', '.join(names) or manifest.FILE}"


def _predicts_alike(package: Path, actual: Manifest, recreated: Path) -> bool:
    golden, served = Golden.read(package / GOLDEN), actual.model
    file = ModelFile(served.format, (recreated / served.file).read_bytes())
    model = file.open(file.types())  # it was made here, by the commit's own code
    if set(served.features) - set(golden.inputs.columns):
        return False
    rows = golden.inputs[list(served.features)]
    return not golden.differences(predict(model, served.method, rows, served.outputs))


def _differences(package: Path, recreated: Path) -> Iterator[str]:
    """Where two packages' materials differ, from raw data on."""
    item, other = (materials.read(path / materials.FILE) for path in (package, recreated))
    others = {step.stage: step for step in other.steps}
    for step in item.steps:
        if step.stage not in others:
            yield f"stage {step.stage} no longer exists"
        else:
            yield from _different(step, others[step.stage])
    if item.environment != other.environment:
        yield "the environment differs"


def _different(step: Step, other: Step) -> Iterator[str]:
    if step.source != other.source:
        yield f"the source of {step.stage} differs"
    if step.parameters != other.parameters:
        yield f"the parameters of {step.stage} differ"
    for word, was, now in (
        ("reads", step.inputs, other.inputs),
        ("wrote", step.outputs, other.outputs),
    ):
        then = {content.path: content.md5 for content in was}
        for content in now:
            if then.get(content.path, content.md5) != content.md5:
                yield (
                    f"{step.stage} {word} a different {content.path}: "
                    f"{content.md5[:10]} instead of {then[content.path][:10]}"
                )
