"""Moves of an alias: tags, the way back, and somebody else who moves it too."""

from pathlib import Path

import pytest
import refusals
from mlflow import MlflowClient

from stagebook.model import alias_moves
from stagebook.model.alias_moves import Move
from stagebook.model.registry import Title
from stagebook.model.registry_address import RegistryAddress

TITLE = Title("duration", "champion")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RegistryAddress:
    """A registry with three versions of a model, which every test puts back."""
    folder = tmp_path_factory.mktemp("registry")
    uri = f"sqlite:///{folder}/mlflow.db"
    client = MlflowClient(uri)
    client.create_registered_model(TITLE.name)
    for number in "123":
        tags = {"stagebook.package": number * 64}
        client.create_model_version(TITLE.name, folder.as_uri(), tags=tags)
    return RegistryAddress(uri, TITLE.name, folder)


@pytest.fixture
def place(store: RegistryAddress) -> RegistryAddress:
    """The registry without aliases and tags of moves."""
    client = MlflowClient(store.uri)
    for alias in client.get_registered_model(TITLE.name).aliases:
        client.delete_registered_model_alias(TITLE.name, alias)
    for number in "123":
        for key in client.get_model_version(TITLE.name, number).tags:
            if "champion" in key:
                client.delete_model_version_tag(TITLE.name, number, key)
    return store


def promoted(place: RegistryAddress, version: int, reason: str = "") -> None:
    now = alias_moves.state(place, TITLE)
    before = () if now.version is None else (now.version, *now.before)
    alias_moves.move(place, TITLE, version, now.version, Move("promotion", reason, before))


def tags(place: RegistryAddress, version: int) -> dict[str, str]:
    return dict(MlflowClient(place.uri).get_model_version(TITLE.name, str(version)).tags)


def test_a_version_says_how_it_was_promoted(place: RegistryAddress) -> None:
    promoted(place, 1)
    promoted(place, 2, "sees the weather")
    values = tags(place, 2)
    prefix = "stagebook.champion."
    assert (values[f"{prefix}how"], values[f"{prefix}from"]) == ("promotion", "1")
    assert values[f"{prefix}reason"] == "sees the weather"
    assert values[f"{prefix}by"]
    assert values[f"{prefix}at"].endswith("+00:00")
    assert alias_moves.state(place, TITLE).digest == "2" * 64


def test_a_rollback_goes_back_step_by_step_until_there_is_none(place: RegistryAddress) -> None:
    for version in (1, 2, 3, 1):
        promoted(place, version)
    went = [alias_moves.roll_back(place, TITLE, "slow").version for _ in range(3)]
    assert went == [3, 2, 1]
    assert refusals.problem(alias_moves.roll_back, place, TITLE, "").code == "no-version-before"
    assert alias_moves.state(place, TITLE).version == 1
    assert tags(place, 2)["stagebook.champion.left_to"] == "1"
    assert tags(place, 2)["stagebook.champion.left_reason"] == "slow"


def test_where_a_rollback_would_go_is_said_without_a_move(place: RegistryAddress) -> None:
    promoted(place, 1)
    assert refusals.problem(alias_moves.before, place, TITLE).code == "no-version-before"
    promoted(place, 2)
    before = alias_moves.before(place, TITLE)
    assert (before.version, before.left, before.moved) == (1, 2, False)
    assert before.digest == "1" * 64
    assert alias_moves.state(place, TITLE).version == 2
    assert "stagebook.champion.left_to" not in tags(place, 2)


def test_a_version_that_was_set_by_hand_has_no_way_back(place: RegistryAddress) -> None:
    MlflowClient(place.uri).set_registered_model_alias(TITLE.name, "champion", "3")
    assert refusals.problem(alias_moves.roll_back, place, TITLE, "").code == "no-version-before"


def test_without_an_alias_there_is_nothing_to_roll_back(place: RegistryAddress) -> None:
    assert refusals.problem(alias_moves.roll_back, place, TITLE, "").code == "no-alias"
    unknown = Title("distance", "champion")
    assert refusals.problem(alias_moves.roll_back, place, unknown, "").code == "no-alias"


def test_an_alias_that_somebody_else_moved_is_left_alone(place: RegistryAddress) -> None:
    promoted(place, 1)
    promoted(place, 3)
    move = Move("promotion", "", (1,))
    problem = refusals.problem(alias_moves.move, place, TITLE, 2, 1, move)
    assert (problem.code, "version 3" in problem.message) == ("alias-moved", True)
    assert alias_moves.state(place, TITLE).version == 3
    assert "stagebook.champion.how" not in tags(place, 2)


def test_a_move_by_somebody_else_right_before_ours_is_seen(
    place: RegistryAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    promoted(place, 1)
    write = MlflowClient.set_model_version_tag

    def meanwhile(client: MlflowClient, *words: str) -> None:
        """Writes a tag, and is late: another person has moved the alias."""
        write(client, *words)
        client.set_registered_model_alias(TITLE.name, "champion", "3")

    monkeypatch.setattr(MlflowClient, "set_model_version_tag", meanwhile)
    problem = refusals.problem(alias_moves.move, place, TITLE, 2, 1, Move("promotion", "", (1,)))
    assert problem.code == "alias-moved"
    assert alias_moves.state(place, TITLE).version == 3


def test_a_secret_in_a_reason_is_masked(
    place: RegistryAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOY_TOKEN", "hunter2hunter2hunter2")
    promoted(place, 1, "with hunter2hunter2hunter2")
    assert tags(place, 1)["stagebook.champion.reason"] == "with ***"


def test_a_registry_that_is_away_is_a_problem_of_the_environment(tmp_path: Path) -> None:
    away = RegistryAddress("http://127.0.0.1:9", "duration", tmp_path)
    assert refusals.problem(alias_moves.state, away, TITLE).code == "no-registry"
