"""Carries the models that a notebook logged over into the tracker, with their files."""

from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput, Metric
from mlflow.entities.logged_model_status import LoggedModelStatus

from stagebook.record.tracking.tracker import LOCAL_TAG


def carry(target: MlflowClient, model: Any, run: str, experiment: str, files: Path | None) -> None:
    """Makes a logged model anew in the tracker, or completes what an earlier delivery began.

    Args:
        target: The tracker.
        model: The model, as the kernel's own store has it.
        run: The run that it belongs to there.
        experiment: Id of that run's experiment.
        files: Its files.
    """
    made = _made(target, model, run, experiment)
    if made.status == LoggedModelStatus.PENDING:
        if files and files.is_dir():
            _rename(files, run, made.model_id)
            target.log_model_artifacts(made.model_id, str(files))
        ended = model.status == LoggedModelStatus.READY
        target.finalize_logged_model(
            made.model_id, LoggedModelStatus.READY if ended else LoggedModelStatus.FAILED
        )
    link(target, run, made.model_id)
    if model.metrics:
        target.log_batch(run, metrics=[_of_model(one, made.model_id) for one in model.metrics])


def link(target: MlflowClient, run: str, model_id: str) -> None:
    """Lets a run name a logged model among its outputs, once."""
    outputs = target.get_run(run).outputs
    linked = {one.model_id for one in outputs.model_outputs} if outputs else set()
    if model_id not in linked:
        target.log_outputs(run, [LoggedModelOutput(model_id, step=0)])


def _made(target: MlflowClient, model: Any, run: str, experiment: str) -> Any:
    found = target.search_logged_models(
        [experiment], filter_string=f"tags.`{LOCAL_TAG}` = '{model.model_id}'"
    )
    if found:
        kept, *others = sorted(
            found, key=lambda one: (one.status == LoggedModelStatus.PENDING, one.model_id)
        )
        for other in others:
            target.delete_logged_model(other.model_id)
        return kept
    own = {name: value for name, value in model.tags.items() if not name.startswith("mlflow.")}
    return target.create_logged_model(
        experiment,
        name=model.name,
        source_run_id=run,
        tags={LOCAL_TAG: model.model_id, **own},
        params=model.params,
        model_type=model.model_type,
    )


def _rename(files: Path, run: str, model_id: str) -> None:
    """Lets the model's own file name the run and the model that people find."""
    if (files / "MLmodel").is_file():
        from mlflow.models import Model

        described = Model.load(str(files))
        described.run_id, described.model_id = run, model_id
        described.save(str(files / "MLmodel"))


def _of_model(metric: Metric, model_id: str) -> Metric:
    return Metric(
        metric.key,
        metric.value,
        metric.timestamp,
        metric.step,
        model_id=model_id,
        dataset_name=metric.dataset_name,
        dataset_digest=metric.dataset_digest,
    )
