"""A build in warm processes gives what a cold build gives, and leaves no process."""

import contextlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from checkout import Checkout, copied

from stagebook.execution.warm import population
from stagebook.execution.warm.place import Place
from stagebook.execution.warm.population import ZygoteState

pytestmark = pytest.mark.slow

WARM = {"STAGEBOOK_WARM": "1"}
WIDE = (
    "import matplotlib.pyplot\nimport numpy as np\nimport pandas as pd\n"
    "frame = pd.DataFrame(np.arange(80).reshape(2, 40))\n"
    "frame.to_csv(table, index=False)\n"
    "frame.iloc[:, :3].plot()  # needs the backend that a kernel has at the first import\n"
    "frame"
)
FIT = (
    "import logging\nimport warnings\nimport pandas as pd\nimport sklearn\n"
    "from sklearn.linear_model import LogisticRegression\n"
    "data = pd.read_csv(table)\n"
    "try:\n    sklearn.svm\n    found = True\nexcept AttributeError:\n    found = False\n"
    "model = LogisticRegression().fit(data.to_numpy(), [0, 1])\n"
    "open(result, 'w').write(f'{found} {model.coef_.sum():.12f}')\n"
    "logging.getLogger('sklearn').warning('heard')  # by a stream that sklearn keeps\n"
    "warnings.warn('shown')\nmodel"
)


@pytest.fixture(scope="module")
def cold(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A project after a cold build; never changed, only copied."""
    project = Checkout(tmp_path_factory.mktemp("cold") / "project")
    project.root.mkdir()
    project.write("pyproject.toml", '[project]\nname = "little"\n\n[tool.stagebook]\n')
    project.notebook("wide", 'table: Out = "data/table.csv"', WIDE)
    parameters = 'table: In = "data/table.csv"\nresult: Out = "data/result.txt"'
    project.notebook("fit", parameters, FIT)
    project.begin()
    assert project.build() == {"sources", "wide", "fit"}
    return project


@pytest.fixture(scope="module")
def started() -> list[ZygoteState]:
    """The zygotes that lived right after the warm build."""
    return []


@pytest.fixture(scope="module")
def warm(
    cold: Checkout, started: list[ZygoteState], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Checkout]:
    """The same project, built again in warm processes."""
    folder = copied(cold.root, tmp_path_factory.mktemp("warm") / "project")
    project = Checkout(folder, WARM)
    project.ok("dvc", "repro", "--force")
    started.extend(population.read(Place.of(str(project.root))))
    yield project
    population.stop(Place.of(str(project.root)))


def shown(project: Checkout, stage: str) -> list[Any]:
    """The cells of an executed notebook, without the colophon, which has times."""
    *cells, _ = json.loads(project.read(f"runs/{stage}.ipynb"))["cells"]
    return [[cell["source"], cell.get("outputs")] for cell in cells]


def test_outputs_and_notebooks_are_those_of_a_cold_build(cold: Checkout, warm: Checkout) -> None:
    for path in ("data/table.csv", "data/result.txt", "dvc.lock"):
        assert warm.read(path) == cold.read(path), path
    assert '"image/png"' in json.dumps(shown(cold, "wide"))
    assert "heard" in json.dumps(shown(cold, "fit"))
    for stage in ("wide", "fit"):
        was, now = (json.dumps(shown(project, stage)) for project in (cold, warm))
        # messages of warnings name a file of the kernel's process
        assert without_ids(now) == without_ids(was)


def without_ids(text: str) -> str:
    return re.sub(r"[^\s\"]+/ipykernel_\d+/\d+\.py|sk-container-id-\d+", "", text)


def test_records_say_which_build_was_warm_and_the_gate_can_refuse_it(
    cold: Checkout, warm: Checkout
) -> None:
    newest = {record["stage"]: record for record in warm.records()}
    assert {name: item["volatile"]["warm"] for name, item in newest.items()} == {
        "wide": True,
        "fit": True,
    }
    assert [record["volatile"]["warm"] for record in cold.records()] == [False, False]
    assert warm.run("stagebook", "gate").code == 0
    assert warm.run("stagebook", "gate", "--cold").code == 14
    assert cold.run("stagebook", "gate", "--cold").code == 0


def test_warm_processes_end_after_the_build(warm: Checkout, started: list[ZygoteState]) -> None:
    assert {state.kind for state in started if state.is_alive} == {"own", "kernel"}
    for state in started:
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(state.pid).wait(60)
    left = [path.suffix for path in (warm.root / ".stagebook" / "warm").iterdir()]
    assert set(left) <= {".json", ".lock"}


def test_a_stage_runs_without_a_warm_process_where_that_fails(
    cold: Checkout, tmp_path: Path
) -> None:
    project = Checkout(copied(cold.root, tmp_path / "copy"), WARM)
    folder = project.root / ".stagebook" / "warm"
    folder.mkdir()
    folder.chmod(0o755)  # others can enter it
    done = project.ok("stagebook", "run", "wide")
    assert "warm" in done.output
    assert project.records()[-1]["volatile"]["warm"] is False
    assert os.listdir(folder) == []


def test_a_stage_that_changes_the_environment_has_a_cold_kernel(
    cold: Checkout, tmp_path: Path
) -> None:
    project = Checkout(copied(cold.root, tmp_path / "copy"), WARM)
    cell = "import os\nos.environ['OMP_NUM_THREADS'] = '1'\nimport numpy\nopen(t, 'w').write('1')"
    project.notebook("alters", 't: Out = "data/t.txt"', cell)
    project.ok("stagebook", "run", "alters")
    states = population.stop(Place.of(str(project.root)))
    assert {state.kind for state in states} == {"own"}
