"""Real little projects, before and after a build."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkout import PROJECTS, TIMES, Checkout, copied, distribution

DELIVERED = {"STAGEBOOK_DELIVER": "1"}
"""The variables with which a project is built that several modules share."""


@pytest.fixture(autouse=True, scope="module")
def deliveries(request: pytest.FixtureRequest) -> Iterator[None]:
    """Lets records wait in modules that are marked so."""
    with pytest.MonkeyPatch.context() as patch:
        if request.node.get_closest_marker("undelivered"):
            patch.setenv("STAGEBOOK_TESTS_DELIVER", "0")
        yield


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Checkout]:
    """An empty project, in a folder whose name has a space and a letter beyond ASCII."""
    root = tmp_path / "zwei Wörter"
    (root / "notebooks").mkdir(parents=True)
    checkout = Checkout(root)
    checkout.write("pyproject.toml", '[project]\nname = "little"\n\n[tool.stagebook]\n')
    checkout.ok("git", "init", "-q")
    checkout.ok("dvc", "init", "-q")
    yield checkout
    checkout.assert_no_kernels()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The chain project after its first build; never changed, only copied."""
    folder = tmp_path_factory.mktemp("built")
    distribution(folder / "site", "1.0", TIMES)
    shutil.copytree(PROJECTS / "chain", folder / "chain")
    variables = {"PYTHONPATH": str(folder / "site"), **DELIVERED}
    checkout = Checkout(folder / "chain", variables).begin()
    first = checkout.build()
    assert first == {"sources", "make", "double", "report", "other"}
    checkout.commit()
    return checkout


@pytest.fixture
def chain(built: Checkout, tmp_path: Path) -> Iterator[Checkout]:
    """A copy of the chain project as it is after a build."""
    checkout = built.copy(tmp_path / "copy")
    yield checkout
    checkout.assert_no_kernels()


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The project that packages a model, built from a clean commit; never changed, only copied."""
    folder = tmp_path_factory.mktemp("packaged")
    shutil.copytree(PROJECTS / "leaving", folder / "leaving")
    checkout = Checkout(folder / "leaving", DELIVERED)
    chance = random.Random(3)
    lines = ["id,height,weight,tall"]
    for number in range(600):
        height, weight = chance.gauss(0, 1), chance.gauss(0, 1)
        lines.append(f"{number},{height:.6f},{weight:.6f},{height + chance.gauss(0, 1) > 0}")
    checkout.write("data/people.csv", "\n".join(lines) + "\n")
    checkout.initialise()
    checkout.ok("dvc", "add", "-q", "data/people.csv")
    checkout.ok("stagebook", "sync")
    checkout.write("data/.gitignore", "/*\n!/*.dvc\n")
    checkout.write("models/.gitignore", "/*\n")
    checkout.commit()
    assert checkout.build() == {"sources", "split", "fit", "package"}
    checkout.commit()
    return checkout


@pytest.fixture
def leaving(packaged: Checkout, tmp_path: Path) -> Iterator[Checkout]:
    """A copy of the project that packages a model as it is after a build."""
    checkout = Checkout(copied(packaged.root, tmp_path / "leaving"))
    yield checkout
    checkout.assert_no_kernels()
