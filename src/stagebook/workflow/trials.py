"""A trial with its downstream stages, in a folder of its own."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from graphlib import TopologicalSorter

from stagebook.execution.progress import Progress
from stagebook.pipeline import dvc_file, notebooks
from stagebook.pipeline import nodes as graph
from stagebook.pipeline.layout import Layout
from stagebook.pipeline.nodes import Node
from stagebook.pipeline.stage import SITE, SOURCES
from stagebook.project.errors import Problem, StagebookError
from stagebook.project.project import Project
from stagebook.workflow import building
from stagebook.workflow.executing import Run

Shown = Callable[[str], AbstractContextManager[Progress]]
"""Returns the progress display for a stage's run."""


@dataclass(frozen=True, slots=True)
class Downstream:
    """The stages downstream of a stage.

    Attributes:
        stage: The stage.
        stages: The notebook stages that need its outputs, in an order in which they can run.
        left_out: The other stages that need them, each with why a trial cannot run it.
    """

    stage: str
    stages: tuple[str, ...]
    left_out: tuple[Problem, ...]

    @classmethod
    def read(cls, project: Project, stage: str) -> "Downstream":
        """The stages downstream of a stage of a project.

        Args:
            project: The project.
            stage: The stage's name, or its notebook's.

        Raises:
            StagebookError: A notebook is invalid, ``dvc.yaml`` is out of sync, or no stage is
                downstream.
        """
        stage = notebooks.stage_named(project, stage)
        layout = building.sync(project)
        dvc_file.require_in_sync(layout.changes)
        downstream = cls.of(graph.read(project.root), stage, _packaging(layout))
        if not downstream.stages:
            reasons = " ".join(problem.message for problem in downstream.left_out)
            message = reasons or f"No notebook reads an output of `{stage}`."
            raise StagebookError(Problem("no-downstream", message, "Leave out --downstream."))
        return downstream

    @classmethod
    def of(cls, nodes: tuple[Node, ...], stage: str, packaging: frozenset[str]) -> "Downstream":
        """The stages downstream of a stage.

        Args:
            nodes: The stages of ``dvc.yaml``.
            stage: The stage.
            packaging: Names of the stages that package a model.
        """
        by_name = {node.name: node for node in nodes if node.name not in (SITE, SOURCES)}
        makers = {
            name: {item.name for item in before}
            for name, before in graph.makers_of(by_name.values()).items()
        }
        runs: list[str] = []
        left_out: dict[str, Problem] = {}
        for name in TopologicalSorter(makers).static_order():
            missing = makers[name] & left_out.keys()
            if name == stage or not (missing or makers[name] & {stage, *runs}):
                continue
            if reason := _reason(by_name[name], missing, packaging):
                left_out[name] = reason
            else:
                runs.append(name)
        return cls(stage, tuple(runs), tuple(left_out.values()))


def _packaging(layout: Layout) -> frozenset[str]:
    return frozenset(stage.name for stage in layout.pipeline.stages if stage.packages)


def _reason(node: Node, missing: set[str], packaging: frozenset[str]) -> Problem | None:
    """Why a trial cannot run a stage; None if it can."""
    if node.name in packaging:
        why = "only a build packages a model"
    elif not node.notebook:
        why = "the command of this hand-written stage always uses the build's folder"
    elif missing:
        why = f"it needs an output of `{min(missing)}`, which the trial does not run"
    else:
        return None
    return Problem("left-out", f"The trial does not run `{node.name}`: {why}.")


def run(
    project: Project, trial: Downstream, overrides: Mapping[str, str], shown: Shown
) -> Iterator[Run]:
    """Runs a trial, stage by stage, until a stage fails.

    Args:
        project: The project.
        trial: The stage that it starts with, and the stages downstream.
        overrides: Values given with ``-P``, as text.
        shown: Returns the progress display for a stage's run.

    Raises:
        StagebookError: A stage cannot run at all.
    """
    files = None
    for name in (trial.stage, *trial.stages):
        with shown(name) as progress:
            stage_run = building.run(project, name, {} if files else overrides, progress, files)
        yield stage_run
        if not stage_run.ending.done:
            return
        outputs = [stage_run.files.declared(file.path) for file in stage_run.record.outputs]
        files = stage_run.files.after(outputs)
