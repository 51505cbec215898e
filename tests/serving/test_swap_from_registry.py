"""A server follows an alias in MLflow's registry."""

from pathlib import Path

import pytest
from clients import TRIP
from servers import POLICY, Serve

from stagebook.model.load_gate import pass_through
from stagebook.model.registry import Title, register
from stagebook.model.registry_address import RegistryAddress

pytestmark = pytest.mark.slow


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RegistryAddress:
    """An empty registry, which is that of the process."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(tmp_path)
    return RegistryAddress(uri, "trips", tmp_path)


def test_a_server_follows_an_alias_there_and_back(
    serve: Serve, package: Path, other_package: Path, registry: RegistryAddress
) -> None:
    def champion(folder: Path) -> str:
        """Gives the alias to a package; returns its digest."""
        report = pass_through(folder, POLICY, here=False)
        return register(report, Title.of("duration", "champion"), registry).digest

    first = champion(package)
    alias = "models:/duration@champion"
    with serve(package=alias, follow=alias) as client:
        assert client.predict(TRIP).values["package"] == first
        for folder in (other_package, package):
            digest = champion(folder)
            answers = [client.predict(TRIP)]
            while answers[-1].values["package"] != digest:
                answers.append(client.predict(TRIP))
            assert {answer.status for answer in answers} == {200}
        replacement = client.get("/health").values["replacement"]
        assert (replacement["digest"], replacement["problems"]) == (first, [])


def test_a_server_starts_with_its_package_while_the_registry_has_none(
    serve: Serve, package: Path, registry: RegistryAddress
) -> None:
    with serve(follow="models:/duration@champion") as client:
        while (health := client.get("/health").values)["replacement"] is None:
            pass
        assert health["replacement"]["digest"] is None
        assert client.predict(TRIP).status == 200
