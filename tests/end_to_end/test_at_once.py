"""Many stages started at the same moment."""

import pytest
from checkout import Checkout
from mlflow import MlflowClient

pytestmark = pytest.mark.slow


def test_ten_stages_at_once_give_ten_results_and_ten_runs(project: Checkout) -> None:
    names = [f"s{number}" for number in range(10)]
    for name in names:
        project.notebook(
            name, f'result: Out = "data/{name}.txt"', f'open(result, "w").write("{name}")'
        )
    processes = [project.start("stagebook", "run", name) for name in names]
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 10, "\n".join(outputs)
    assert [project.read(f"data/{name}.txt") for name in names] == names
    assert len(project.records()) == 10
    project.ok("stagebook", "deliver")  # what a loaded machine left for later
    client = MlflowClient(f"sqlite:///{project.root / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("little")
    runs = client.search_runs([experiment.experiment_id])
    assert sorted(run.info.run_name for run in runs) == names
    assert {run.info.status for run in runs} == {"FINISHED"}
