"""The models that a notebook logged or wrote, as logged models of the tracker with their files."""

import contextlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelOutput, Metric
from mlflow.entities.logged_model_status import LoggedModelStatus
from mlflow.exceptions import MlflowException

from stagebook.pipeline.stage import MANIFEST
from stagebook.project.files import digest
from stagebook.record.record import Record
from stagebook.tracking.tracker import LOCAL_TAG
from stagebook.tracking.upload import Upload

OUTPUT_TAG = "stagebook.output"
"""Tag of a logged model that is an output of a stage: its path."""
PACKAGE_TAG = "stagebook.package"
"""Tag of a logged model that is a package: the digest of its manifest."""

_DESCRIBED = "MLmodel"
_FAILED = LoggedModelStatus.FAILED
_NOT_IN_NAMES = re.compile(r"""[/:.%"']""")  # MLflow refuses them in names of models


def carry(target: MlflowClient, model: Any, run: str, experiment: str, files: Path | None) -> None:
    """Creates a logged model in the tracker, or completes what an earlier delivery began.

    Args:
        target: The tracker.
        model: The model, as the kernel's own store has it.
        run: The run that it belongs to there.
        experiment: Id of that run's experiment.
        files: Its files.
    """
    logged = _find_or_create(target, model, run, experiment)
    if logged.status == LoggedModelStatus.PENDING:
        if files and files.is_dir():
            _rename(files, run, logged.model_id)
        ended = model.status == LoggedModelStatus.READY
        _complete(target, logged, files, LoggedModelStatus.READY if ended else _FAILED)
    link(target, run, logged.model_id)
    if model.metrics:
        target.log_batch(
            run, metrics=[_of_model(metric, logged.model_id) for metric in model.metrics]
        )


def carry_outputs(
    target: MlflowClient, root: Path, record: Record, run: str, experiment: str
) -> None:
    """Creates a logged model for each output that is a folder with an MLflow model.

    An output that has changed since the execution is left out.

    Args:
        target: The tracker.
        root: The project's root.
        record: The record of the execution.
        run: The run of the execution there.
        experiment: Id of that run's experiment.
    """
    outputs = {output.path: output.md5 for output in record.outputs}
    paths = [path for path in outputs if (root / path / _DESCRIBED).is_file()]
    if not paths:
        return
    from stagebook.pipeline import dvc

    for file in dvc.hash_paths(root, paths):
        if file.md5 != outputs[file.path]:
            continue
        tags = {OUTPUT_TAG: file.path, "stagebook.md5": file.md5}
        if (manifest := root / file.path / MANIFEST).is_file():
            tags[PACKAGE_TAG] = digest(manifest, "sha256")
        local = f"{record.id}-{list(outputs).index(file.path)}"
        name = _NOT_IN_NAMES.sub("_", Path(file.path).name)
        model = LoggedModel(experiment, local, name, "", 0, 0, tags=tags)
        logged = _find_or_create(target, model, run, experiment)
        if logged.status == LoggedModelStatus.PENDING:
            _complete(target, logged, root / file.path, LoggedModelStatus.READY)
        link(target, run, logged.model_id)


def _complete(
    target: MlflowClient, logged: LoggedModel, files: Path | None, status: LoggedModelStatus
) -> None:
    """Uploads the files of a logged model and then says how it ended."""
    if files and files.is_dir():
        upload = Upload.to_model(target, logged.model_id)
        upload.add(files)
        upload.send()
    target.finalize_logged_model(logged.model_id, status)


def link(target: MlflowClient, run: str, model_id: str) -> None:
    """Adds a logged model to a run's outputs, once."""
    outputs = target.get_run(run).outputs
    linked = {output.model_id for output in outputs.model_outputs} if outputs else set()
    if model_id not in linked:
        target.log_outputs(run, [LoggedModelOutput(model_id, step=0)])


def of_runs(target: MlflowClient, runs: Iterable[str | None]) -> Iterator[str]:
    """Ids of the logged models that some runs name among their outputs, each once."""
    ids: dict[str, None] = {}
    for run in dict.fromkeys(filter(None, runs)):
        with contextlib.suppress(MlflowException):  # the run was deleted, or is in another tracker
            outputs = target.get_run(run).outputs
            ids |= {item.model_id: None for item in (outputs.model_outputs if outputs else ())}
    yield from ids


def _find_or_create(target: MlflowClient, model: Any, run: str, experiment: str) -> Any:
    matches = target.search_logged_models(
        [experiment], filter_string=f"tags.`{LOCAL_TAG}` = '{model.model_id}'"
    )
    if matches:
        kept, *others = sorted(
            matches, key=lambda item: (item.status == LoggedModelStatus.PENDING, item.model_id)
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
    """Writes the ids of the delivered run and model into the model's own file."""
    if (files / _DESCRIBED).is_file():
        from mlflow.models import Model

        described = Model.load(str(files))
        described.run_id, described.model_id = run, model_id
        described.save(str(files / _DESCRIBED))


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
