"""The verb that compares a challenger with a champion on the same rows."""

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stagebook.model import (
    comparison_rows,
    load_gate,
    package_source,
    paired_comparison,
    paired_metrics,
    registry,
)
from stagebook.model.comparison_rows import ComparisonColumns, ComparisonRows
from stagebook.model.load import Model
from stagebook.model.paired_comparison import PairedComparison
from stagebook.model.paired_metrics import Floats, PairedScores
from stagebook.model.paired_verdict import Rule
from stagebook.project.errors import Exit, Problem, StagebookError, Where
from stagebook.project.settings import CompareSettings
from stagebook.workflow import log_replay
from stagebook.workflow.log_replay import LogSource, Replay

if TYPE_CHECKING:
    from stagebook.model.contents import Contents
    from stagebook.model.manifest import Manifest
    from stagebook.model.policy import Policy
    from stagebook.model.registry_address import RegistryAddress

CHAMPION, CHALLENGER = "champion", "challenger"


@dataclass(frozen=True, slots=True)
class Side:
    """A package that is compared.

    Attributes:
        source: Its folder, its archive or its address, as it was named.
        name: The model's name.
        digest: The package's digest.
    """

    source: str
    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class ModelComparison:
    """A challenger against a champion.

    Attributes:
        champion: The package that is to be replaced.
        challenger: The package that is to replace it.
        rows: What they were compared on.
        result: What the comparison gave.
        replay: What became of the rows of a log; None for a file.
    """

    champion: Side
    challenger: Side
    rows: ComparisonRows
    result: PairedComparison
    replay: Replay | None = None

    @property
    def exit_code(self) -> Exit:
        """0 if the challenger may replace the champion."""
        return Exit.DONE if self.result.may_replace else Exit.UNPROVEN

    def as_json(self) -> dict[str, Any]:
        """This comparison as plain values."""
        result = self.result
        return {
            "verdict": result.verdict.value,
            "may_replace": result.may_replace,
            "reasons": list(result.reasons),
            "rule": dataclasses.asdict(result.rule),
            "champion": dataclasses.asdict(self.champion),
            "challenger": dataclasses.asdict(self.challenger),
            "data": {
                "path": self.rows.path,
                "md5": self.rows.md5,
                "rows": result.rows,
                "unlabelled": self.rows.unlabelled,
                "clusters": result.clusters,
                "log": self.replay and self.replay.as_json(),
            },
            "task": result.task,
            "metrics": [dataclasses.asdict(metric) for metric in result.metrics],
            "calibration": {
                CHAMPION: dataclasses.asdict(result.champion),
                CHALLENGER: dataclasses.asdict(result.challenger),
            },
            "disagreement": dataclasses.asdict(result.disagreement),
            "slices": [dataclasses.asdict(part) for part in result.slices],
        }


def with_options(
    settings: CompareSettings, label: str | None, by: tuple[str, ...], cluster: str | None
) -> CompareSettings:
    """The settings with what a person names instead."""
    return replace(
        settings,
        label=label or settings.label,
        slices=tuple(dict.fromkeys(by or settings.slices)),
        cluster=settings.cluster if cluster is None else cluster,
    )


def compare(
    champion: str,
    challenger: str,
    data: Path | LogSource,
    settings: CompareSettings,
    policy: "Policy",
    place: "RegistryAddress | None" = None,
) -> ModelComparison:
    """Compares two packages on rows, after each has passed the load gate.

    Args:
        champion: The folder, archive or address of the package that is to be replaced.
        challenger: The same of the package that is to replace it.
        data: A Parquet file with features and true values; or the log of a server that answered
            with the champion, and the true values.
        settings: The rule, and the columns of the rows.
        policy: What both packages must satisfy.
        place: Where models are registered; None for the registry of the project around.

    Raises:
        StagebookError: A package is refused, the rows do not fit, or there is no label.
    """
    if not settings.label:
        message = "The column with the true values is not known."
        hint = "Name it: --label COLUMN, or set label in [tool.stagebook.compare]"
        raise StagebookError(Problem("no-label", message, hint))
    with (
        _opened(champion, CHAMPION, policy, place) as (old, old_contents),
        _opened(challenger, CHALLENGER, policy, place) as (new, new_contents),
    ):
        packages = {CHAMPION: old_contents, CHALLENGER: new_contents}
        task = _task(packages)
        rule = _rule(settings, task)
        columns = ComparisonColumns(settings.label, settings.slices, settings.cluster)
        if isinstance(data, LogSource):
            predicted = _on_log(data, columns, old, new)
        else:
            predicted = _on_file(data, columns, packages, {CHAMPION: old, CHALLENGER: new})
    rows = predicted.rows
    scores = _scores(predicted, columns, task, old.manifest.model.outputs)
    slices = comparison_rows.slices(rows, columns)
    result = paired_comparison.compare(task, scores, slices, rule)
    sides = (_side(champion, old.manifest), _side(challenger, new.manifest))
    return ModelComparison(*sides, rows, result, predicted.replay)


def _side(source: str, manifest: "Manifest") -> Side:
    return Side(source, manifest.name, manifest.digest)


@contextlib.contextmanager
def _opened(
    source: str, side: str, policy: "Policy", place: "RegistryAddress | None"
) -> "Iterator[tuple[Model, Contents]]":
    """A model that has passed the gate; its problems say which side it is."""
    with package_source.opened(source, place) as folder:
        report = load_gate.pass_through(folder, policy_for(source, policy))
        if report.refusals:
            problems = (
                replace(problem, message=f"The {side} is refused: {problem.message}")
                for problem in report.refusals
            )
            raise StagebookError(*problems, exit_code=Exit.UNFIT)
        yield Model(report.model, report.manifest, tuple(report.checks)), report.contents


def policy_for(source: str, policy: "Policy") -> "Policy":
    """The policy for a package; a registry keeps the package alone, without its attestation."""
    return replace(policy, attestation="ignore") if registry.is_uri(source) else policy


def _task(packages: "dict[str, Contents]") -> str:
    tasks = {side: comparison_rows.task_of(contents) for side, contents in packages.items()}
    for side, contents in packages.items():
        if tasks[side] is None:
            model = contents.manifest.model
            message = (
                f"The {side} cannot be compared: `{model.method}` gives {', '.join(model.outputs)}."
            )
            hint = (
                "A comparison is for models that predict one number, or by predict_proba the "
                "probabilities of two classes."
            )
            raise StagebookError(Problem("not-comparable", message, hint))
    outputs = {side: contents.manifest.model.outputs for side, contents in packages.items()}
    same_outputs = tasks[CHAMPION] != paired_metrics.PROBABILITY or len(set(outputs.values())) == 1
    if len(set(tasks.values())) == 1 and same_outputs:
        return str(tasks[CHAMPION])
    old, new = (f"{tasks[side]} ({', '.join(outputs[side])})" for side in (CHAMPION, CHALLENGER))
    message = f"The packages predict different things: {old} and {new}."
    hint = "Compare packages of one task, with the same outputs in the same order."
    raise StagebookError(Problem("different-tasks", message, hint))


def _rule(settings: CompareSettings, task: str) -> Rule:
    rule = Rule.of(settings, task)
    names = [name for name in paired_metrics.names(task) if name != "bias"]
    if rule.metric not in names:
        message = f"The metric `{rule.metric}` of the rule is none of a {task}."
        hint = f"Set metric in [tool.stagebook.compare] to one of: {', '.join(names)}"
        raise StagebookError(Problem("other-metric", message, hint, Where("pyproject.toml")))
    return rule


@dataclass(frozen=True, slots=True, eq=False)
class _Predicted:
    """Rows with the predictions of both packages."""

    rows: ComparisonRows
    champion: Floats
    challenger: Floats
    replay: Replay | None = None


def _on_file(
    file: Path,
    columns: ComparisonColumns,
    packages: "dict[str, Contents]",
    models: dict[str, Model],
) -> _Predicted:
    rows = comparison_rows.read(file, columns, packages)
    predicted = {
        side: comparison_rows.predictions(model.predict(rows.frame), side, rows.path)
        for side, model in models.items()
    }
    return _Predicted(rows, predicted[CHAMPION], predicted[CHALLENGER])


def _on_log(source: LogSource, columns: ComparisonColumns, old: Model, new: Model) -> _Predicted:
    replayed = log_replay.replay(source, columns, old, new)
    return _Predicted(replayed.rows, replayed.champion, replayed.challenger, replayed.replay)


def _scores(
    predicted: _Predicted, columns: ComparisonColumns, task: str, outputs: Sequence[str]
) -> PairedScores:
    truth = comparison_rows.truth(predicted.rows, columns.label, task, outputs)
    clusters = None
    if columns.cluster:
        names = predicted.rows.frame[columns.cluster].astype(object).map(str)
        clusters = np.unique(names, return_inverse=True)[1]
    return PairedScores(truth, predicted.champion, predicted.challenger, clusters)
