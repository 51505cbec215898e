"""Moves of an alias in MLflow's registry, with who, when, why and from where as tags."""

import datetime
import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stagebook.model.registry import Title
from stagebook.model.registry_address import RegistryAddress, session
from stagebook.model.version_tags import PACKAGE
from stagebook.project.errors import Exit, Problem, StagebookError
from stagebook.project.masks import Masks

if TYPE_CHECKING:
    from mlflow import MlflowClient

_REMEMBERED = 50  # versions before; a tag has 5000 characters
_REASON = 1000
_RUN_AGAIN = "Look at who moved it, in the tags of the version, and run the command again."


@dataclass(frozen=True, slots=True)
class AliasState:
    """Where an alias points.

    Attributes:
        version: The version; None if the alias does not exist.
        digest: The digest of its package; empty if it is not a package.
        before: The versions that the alias pointed to before, newest first.
    """

    version: int | None = None
    digest: str = ""
    before: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """A move of an alias.

    Attributes:
        how: ``promotion`` or ``rollback``.
        reason: Why; may be empty.
        before: The versions that a rollback can go to, newest first.
        verdict: What the comparison said; empty without one.
    """

    how: str
    reason: str
    before: tuple[int, ...]
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Rollback:
    """An alias that points to the version before.

    Attributes:
        title: The model and the alias.
        version: The version that the alias points to now.
        left: The version that it pointed to.
        digest: The digest of the package that it points to now.
        moved: Whether the alias was moved; False if this only says where it would go.
    """

    title: Title
    version: int
    left: int
    digest: str
    moved: bool = True


def state(place: RegistryAddress, title: Title) -> AliasState:
    """Where an alias points now.

    Args:
        place: The registry.
        title: The model and the alias.

    Raises:
        StagebookError: MLflow does not answer.
    """
    with session(place):
        client = _client(place)
        version = _version(client, title)
        if version is None:
            return AliasState()
        tags = client.get_model_version(title.name, str(version)).tags
    return AliasState(version, tags.get(PACKAGE, ""), _before(tags, title))


def move(
    place: RegistryAddress, title: Title, version: int, expected: int | None, move: Move
) -> None:
    """Lets an alias point to a version, if it still points to where it did.

    MLflow cannot compare and set at once, so the alias is read right before and right after.

    Args:
        place: The registry.
        title: The model and the alias.
        version: The version that it shall point to.
        expected: The version that it is known to point to; None if it does not exist.
        move: What the tags of the version say.

    Raises:
        StagebookError: Somebody else moved it meanwhile, or MLflow does not answer.
    """
    alias = str(title.alias)
    with session(place):
        client = _client(place)
        seen = _version(client, title)
        if seen == expected:
            for key, value in _tags(title, expected, move).items():
                client.set_model_version_tag(title.name, str(version), key, value)
            seen = _version(client, title)
        if seen == expected:
            client.set_registered_model_alias(title.name, alias, str(version))
            expected, seen = version, _version(client, title)
    if seen != expected:
        raise _moved(title, seen)


def require_unmoved(place: RegistryAddress, title: Title, expected: int | None) -> None:
    """Raises a StagebookError if an alias does not point to where it did."""
    if (seen := state(place, title).version) != expected:
        raise _moved(title, seen)


def before(place: RegistryAddress, title: Title) -> Rollback:
    """Where a rollback would let an alias point; nothing moves.

    Args:
        place: The registry.
        title: The model and the alias.

    Raises:
        StagebookError: The alias does not exist, or no version before is known.
    """
    left, (target, *_) = _targets(place, title)
    return Rollback(title, target, left, _digest(place, title, target), moved=False)


def roll_back(place: RegistryAddress, title: Title, reason: str) -> Rollback:
    """Lets an alias point to the version before, as the tags of the present version say.

    Args:
        place: The registry.
        title: The model and the alias.
        reason: Why; may be empty.

    Raises:
        StagebookError: The alias does not exist, no version before is known, or somebody else
            moved the alias meanwhile.
    """
    left, (target, *rest) = _targets(place, title)
    move(place, title, target, left, Move("rollback", reason, tuple(rest)))
    with session(place):
        client = _client(place)
        for key, value in _left(title, target, reason).items():
            client.set_model_version_tag(title.name, str(left), key, value)
    return Rollback(title, target, left, _digest(place, title, target))


def _targets(place: RegistryAddress, title: Title) -> tuple[int, tuple[int, ...]]:
    """The version that an alias points to, and those that a rollback can go to, newest first."""
    now = state(place, title)
    if now.version is None:
        message = f"`{title.uri}` does not exist in the registry."
        hint = "Name a registered model, and its alias with --to ALIAS"
        raise StagebookError(Problem("no-alias", message, hint))
    there = _existing(place, title, now.before)
    if not there:
        message = f"No version is known that `{title.uri}` pointed to before {now.version}."
        hint = "Only `stagebook model promote` keeps it. Name one: stagebook model register --alias"
        raise StagebookError(Problem("no-version-before", message, hint))
    return now.version, there


def _digest(place: RegistryAddress, title: Title, version: int) -> str:
    """The digest of a version's package; empty if it is not a package."""
    with session(place):
        tags = _client(place).get_model_version(title.name, str(version)).tags
        return str(tags.get(PACKAGE, ""))


def _client(place: RegistryAddress) -> "MlflowClient":
    from mlflow import MlflowClient

    return MlflowClient(place.uri)


def _version(client: "MlflowClient", title: Title) -> int | None:
    if not client.search_registered_models(f"name = '{title.name}'"):
        return None
    version = client.get_registered_model(title.name).aliases.get(str(title.alias))
    return None if version is None else int(version)


def _existing(place: RegistryAddress, title: Title, versions: tuple[int, ...]) -> tuple[int, ...]:
    with session(place):
        client = _client(place)
        there = {
            int(version.version)
            for version in client.search_model_versions(f"name = '{title.name}'")
        }
    return tuple(version for version in versions if version in there)


def _before(tags: Mapping[str, str], title: Title) -> tuple[int, ...]:
    words = tags.get(f"stagebook.{title.alias}.before", "").split()
    return tuple(int(word) for word in words if word.isdigit())


def _tags(title: Title, left: int | None, move: Move) -> dict[str, str]:
    """What a version says of a move to it; a value is never empty, which MLflow may not keep."""
    values = {
        "how": move.how,
        "by": _person(),
        "at": _now(),
        "reason": _shown(move.reason),
        "from": "-" if left is None else str(left),
        "before": " ".join(map(str, move.before[:_REMEMBERED])) or "-",
        "verdict": move.verdict or "-",
    }
    return {f"stagebook.{title.alias}.{name}": value for name, value in values.items()}


def _left(title: Title, target: int, reason: str) -> dict[str, str]:
    values = {"by": _person(), "at": _now(), "reason": _shown(reason), "to": str(target)}
    return {f"stagebook.{title.alias}.left_{name}": value for name, value in values.items()}


def _shown(reason: str) -> str:
    return Masks.here().hide(reason)[:_REASON] or "-"


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _person() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container whose user has no name
        return "unknown"


def _moved(title: Title, seen: int | None) -> StagebookError:
    where = "was removed" if seen is None else f"points to version {seen} now"
    message = f"Somebody else moved the alias meanwhile: `{title.uri}` {where}."
    problem = Problem("alias-moved", message, _RUN_AGAIN)
    return StagebookError(problem, exit_code=Exit.UNPROVEN)
