"""The verb that says what is stale and why."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from stagebook.history import planned
from stagebook.pipeline import (
    dvc,
    lock,
    notebooks,
)
from stagebook.pipeline.cache import Cache
from stagebook.pipeline.plan import explained, judgement, locked, obstacles, selection
from stagebook.pipeline.plan.explained import Sources
from stagebook.pipeline.plan.files import ProjectFiles
from stagebook.pipeline.plan.locked import LockedFiles
from stagebook.pipeline.plan.plan import Plan
from stagebook.project.errors import Exit
from stagebook.project.masks import Masks
from stagebook.project.project import Project
from stagebook.workflow import committed, declarations


@dataclass(frozen=True, slots=True)
class Planning:
    """A plan, and how the command ends.

    Attributes:
        plan: The plan.
        exit_code: 0; or the code of what keeps the next build from starting.
    """

    plan: Plan
    exit_code: Exit = Exit.DONE


def plan(project: Project, targets: Iterable[str] = (), folder: str = "") -> Planning:
    """What the next ``dvc repro`` does with each stage, and why.

    Nothing is written but caches in the state folder, no lock is taken, and DVC is not asked.

    Args:
        project: The project.
        targets: Names of stages, their notebooks or outputs; the plan is limited to these stages
            and those before them.
        folder: The working folder from the project's root, for paths in ``targets``.

    Raises:
        StagebookError: A notebook, ``dvc.yaml`` or ``dvc.lock`` is invalid, or no stage has a
            name.
    """
    dvc.require_repository(project.root)
    declared = declarations.read(project)
    targets = (notebooks.stage_named(project, target) for target in targets)
    stages = (*declared.nodes, *declared.tracked.imports)
    chosen = selection.select(stages, targets, folder)
    recorded = lock.read(project.root).joined(declared.tracked.lock)
    files = ProjectFiles.of(project.root, project.state)
    present = declarations.present(project, files, chosen, declared)
    problems = obstacles.find((*declared.nodes, *declared.tracked.nodes), chosen, present)
    judged = judgement.judge(chosen, recorded, present)
    files.remember(project.state)
    sources = Sources(project.root, files.cache, declared.snapshot, declared.sources)
    full = Plan(explained.explain(judged, sources), (*declared.problems, *problems))
    full = Masks.here().hide_all(planned.with_records(full, project))
    return Planning(full, declared.exit_code or (Exit.INVALID if problems else Exit.DONE))


def since(
    project: Project, revisions: str, targets: Iterable[str] = (), folder: str = ""
) -> Planning:
    """What differs between the build of a commit and the present files, or another commit.

    Args:
        project: The project.
        revisions: A commit, branch or tag; or two of them, as ``A..B``.
        targets: Names of stages; the comparison is limited to these and those before them.
        folder: The working folder from the project's root, for paths in ``targets``.

    Raises:
        StagebookError: Git knows no such commit, or a file of it is invalid.
    """
    compared = committed.revisions(project, revisions)
    before, cache = committed.read(project, compared.before), Cache.of(project.root)
    if compared.after:
        after = committed.read(project, compared.after)
        stages = tuple(
            node
            for node in after.built()
            if node.name in after.lock.entries or node.name in before.lock.entries
        )
        present = locked.present_of(after.lock, stages, cache)
        sources = Sources(project.root, cache, commits=(compared.before, compared.after))
    else:
        declared = declarations.read(project)
        stages = declared.nodes
        tree = ProjectFiles.of(project.root, project.state)
        present = declarations.present(project, tree, stages, declared)
        files = LockedFiles.of(lock.read(project.root), stages, cache, tree)
        present = replace(present, files=files, running=frozenset())
        commits = (compared.before, "HEAD")
        sources = Sources(project.root, cache, declared.snapshot, declared.sources, commits=commits)
    chosen = selection.select(stages, targets, folder)
    judged = judgement.judge(chosen, before.lock, present, compares=True)
    explanations = explained.explain(judged, sources)
    differences = Plan(explanations, (), compared.words, before.removed(stages))
    return Planning(Masks.here().hide_all(planned.with_records(differences, project)))
