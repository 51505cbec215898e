"""Checks that MLflow has what it said it stored: a proxy may have answered in its place."""

from collections.abc import Iterable, Iterator

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag

from stagebook.tracking.upload import IncompleteError


def confirm(
    client: MlflowClient,
    run_id: str,
    *,
    params: Iterable[Param] = (),
    tags: Iterable[RunTag] = (),
    metrics: Iterable[Metric] = (),
    datasets: int = 0,
    status: str | None = None,
) -> None:
    """Reads a run and compares it with what was sent to MLflow.

    Args:
        client: MLflow's client.
        run_id: The run.
        params: Parameters that it must have.
        tags: Tags that it must have.
        metrics: Metrics that it must have.
        datasets: How many datasets it must have at least.
        status: Its status; None if it has not ended.

    Raises:
        IncompleteError: Something is missing.
    """
    run = client.get_run(run_id)
    missing = [
        *_missing("parameter", (item.key for item in params), run.data.params),
        *_missing("tag", (item.key for item in tags), run.data.tags),
        *_missing("metric", (item.key for item in metrics), run.data.metrics),
        *(["a dataset"] if _datasets(run) < datasets else []),
        *(["its status"] if status not in (None, run.info.status) else []),
    ]
    if missing:
        rest = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise IncompleteError(
            f"MLflow reported {missing[0]}{rest} of run {run_id} as stored, but does not have it"
        )


def _missing(kind: str, names: Iterable[str], stored: Iterable[str]) -> Iterator[str]:
    stored = set(stored)
    return (f"the {kind} {name}" for name in names if name not in stored)


def _datasets(run: Run) -> int:
    return len(run.inputs.dataset_inputs) if run.inputs else 0
