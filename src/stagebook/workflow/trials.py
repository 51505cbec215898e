"""A trial with all that follows from it: the stages that need what it makes, in its own folder."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from graphlib import TopologicalSorter

from stagebook.execution.papermill_engine import Progress
from stagebook.pipeline import dvc_file, notebooks
from stagebook.pipeline import nodes as graph
from stagebook.pipeline.layout import Layout
from stagebook.pipeline.nodes import Node
from stagebook.pipeline.stage import SITE, SOURCES
from stagebook.project.errors import Problem, StagebookError
from stagebook.project.project import Project
from stagebook.workflow import building
from stagebook.workflow.building import Run

Shown = Callable[[str], AbstractContextManager[Progress]]
"""Gives what sees the run of a stage go on."""


@dataclass(frozen=True, slots=True)
class Downstream:
    """What follows from a stage.

    Attributes:
        stage: The stage.
        stages: The notebooks that need what it makes, each after those that it needs.
        left_out: The others that need it, each with the reason why a trial cannot run it.
    """

    stage: str
    stages: tuple[str, ...]
    left_out: tuple[Problem, ...]

    @classmethod
    def read(cls, project: Project, stage: str) -> "Downstream":
        """What follows from a stage of a project.

        Args:
            project: The project.
            stage: The stage's name, or its notebook's.

        Raises:
            StagebookError: A notebook is wrong, ``dvc.yaml`` does not fit the notebooks, or nothing
                follows.
        """
        stage = notebooks.stage_named(project, stage)
        layout = building.sync(project)
        dvc_file.require_in_sync(layout.changes)
        found = cls.of(graph.read(project.root), stage, _packaging(layout))
        if not found.stages:
            reasons = " ".join(problem.message for problem in found.left_out)
            message = reasons or f"No notebook reads what `{stage}` makes."
            raise StagebookError(Problem("no-downstream", message, "Leave out --downstream."))
        return found

    @classmethod
    def of(cls, nodes: tuple[Node, ...], stage: str, packaging: frozenset[str]) -> "Downstream":
        """What follows from a stage.

        Args:
            nodes: The stages of ``dvc.yaml``.
            stage: The stage.
            packaging: Names of those that package a model.
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
        why = "it packages a model, which only a build does"
    elif not node.notebook:
        why = "it is written by hand in dvc.yaml, and its command knows no folder but the build's"
    elif missing:
        why = f"it needs what `{min(missing)}` makes, which is not run"
    else:
        return None
    return Problem("left-out", f"The trial does not run `{node.name}`: {why}.")


def run(
    project: Project, trial: Downstream, overrides: Mapping[str, str], shown: Shown
) -> Iterator[Run]:
    """Runs a trial, stage by stage, as far as all goes well.

    Args:
        project: The project.
        trial: The stage that it starts with, and what follows.
        overrides: Values given with ``-P``, as text.
        shown: Gives what sees the run of a stage go on.

    Raises:
        StagebookError: A stage cannot run at all.
    """
    files = None
    for name in (trial.stage, *trial.stages):
        with shown(name) as progress:
            done = building.run(project, name, {} if files else overrides, progress, files)
        yield done
        if not done.ending.done:
            return
        made = [done.files.declared(file.path) for file in done.record.outputs]
        files = done.files.after(made)
