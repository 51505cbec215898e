"""A build by DVC, stage by stage: what is stale, what the run cache has, and ``dvc.lock``."""

import contextlib
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stagebook.pipeline import build_plan, dvc
from stagebook.pipeline.schedule import PlannedStage, PlanState, StageKind
from stagebook.project.errors import Exit, Problem, StagebookError

if TYPE_CHECKING:
    from dvc.repo import Repo
    from dvc.stage import Stage

_QUIET = {"zsh": ("--no-rcs",), "bash": ("--noprofile", "--norc"), "fish": ("--no-config",)}
"""The options with which DVC keeps a shell from reading its configuration."""


@dataclass(frozen=True, slots=True)
class StageCommand:
    """The command of a stage, as DVC runs it.

    Attributes:
        lines: Lists of arguments, which run one after the other.
        folder: The working folder.
        environment: All environment variables.
    """

    lines: tuple[tuple[str, ...], ...]
    folder: str
    environment: dict[str, str]


@dataclass(slots=True)
class Reproduction:
    """The stages of one build, and what DVC knows of them.

    It does what ``dvc repro`` does with one stage, in two halves, so that several stages can run
    between them: all by DVC's own functions. Another process of DVC cannot change the files of a
    stage that runs.

    Attributes:
        plan: The stages, in the order in which ``dvc repro`` would run them.
        forced: Whether every stage runs, also one that has not changed.
        waits: Is called while another process holds DVC's lock; whether to wait on.
    """

    plan: tuple[PlannedStage, ...]
    forced: bool
    _repo: "Repo"
    _stages: dict[str, "Stage"]
    _claims: dict[str, contextlib.ExitStack] = field(default_factory=dict)
    _finished: set[str] = field(default_factory=set)
    waits: Callable[[], bool] = field(default=lambda: True)

    @classmethod
    @contextlib.contextmanager
    def open(
        cls, root: Path, targets: Iterable[str], *, forced: bool = False
    ) -> Iterator["Reproduction"]:
        """The build of some targets, or of the root's ``dvc.yaml`` if there are none.

        Args:
            root: The project's root, which is DVC's and the working folder.
            targets: Names of stages, as for ``dvc repro``.
            forced: Whether every stage runs, also one that has not changed.

        Raises:
            StagebookError: DVC cannot read the pipeline, or a target does not exist.
        """
        from dvc.logger import set_loggers_level
        from dvc.repo import Repo

        dvc.require_repository(root)
        for module in ("dvc.progress", "dvc_data.callbacks"):  # their bars would hide the table
            logging.getLogger(module).setLevel(logging.CRITICAL)
        with set_loggers_level(logging.WARNING), Repo(str(root)) as repo:
            with build_plan.reported("bad-pipeline", "DVC cannot read the pipeline", Exit.INVALID):
                stages, plan = build_plan.read(repo, tuple(targets))
            reproduction = cls(plan, forced, repo, stages)
            try:
                yield reproduction
            finally:
                reproduction.release()

    def begin(self, name: str) -> PlanState:
        """The first half: decides what to do with a stage whose needs are there.

        Returns:
            ``RUNNING`` if its command must run; otherwise the state that it is in.

        Raises:
            StagebookError: DVC cannot run it: for instance, a file that it reads is missing.
        """
        stage = self._stages[name]
        with self._acting():
            if build_plan.kind(stage) is StageKind.CHECK:
                changed = stage.reproduce(force=self.forced)
                if changed:
                    self._finished.add(name)
                return PlanState.BUILT if changed else PlanState.FRESH
            if not self.forced and not stage.changed():
                return PlanState.FRESH
            stage.remove_outs(ignore_remove=False, force=False)
            if not self.forced and self._is_restored(stage):
                self._save(name, stage)
                return PlanState.CACHED
            stage.save_deps()
            self._claim(name, stage)
            return PlanState.RUNNING

    def command(self, name: str, variables: Mapping[str, str]) -> StageCommand:
        """The command of a stage that has begun.

        Args:
            name: The stage.
            variables: Environment variables besides those that DVC sets.

        Raises:
            StagebookError: Its working folder does not exist.
        """
        from dvc.stage.run import get_executable, prepare_kwargs

        stage = self._stages[name]
        options = prepare_kwargs(stage)
        if not Path(options["cwd"]).is_dir():
            message = f"The stage's working folder `{os.path.relpath(stage.wdir)}` does not exist."
            raise StagebookError(
                Problem("not-reproduced", message, "Create the folder, or correct `wdir`."),
                exit_code=Exit.FAILED,
            )
        shell = str(get_executable())
        quiet = _QUIET.get(Path(shell).name.lower(), ())
        lines = stage.cmd if isinstance(stage.cmd, list) else stage.cmd.splitlines()
        return StageCommand(
            tuple((shell, *quiet, "-c", line) for line in lines),
            options["cwd"],
            {**options["env"], **variables},
        )

    def finish(self, name: str) -> None:
        """The second half, after the command of a stage succeeded: its outputs go into the cache.

        From here on the run cache has the stage, so that no later build runs it again.

        Raises:
            StagebookError: An output is missing, or the cache cannot be written.
        """
        with self._acting():
            self._unclaim(name)
            self._save(name, self._stages[name])

    def abandon(self, name: str) -> None:
        """After a stage that had begun failed: other processes may use its files again."""
        with self._acting():
            if name in self._claims:
                self._unclaim(name)

    def release(self) -> None:
        """Lets other processes use the files of stages that have not ended."""
        for name in tuple(self._claims):
            with contextlib.suppress(StagebookError):
                self._unclaim(name)

    def write_lock(self, names: Iterable[str]) -> bool:
        """Writes those of some stages that have changed into ``dvc.lock``, all at once.

        Args:
            names: The stages, in DVC's order.

        Returns:
            Whether there were any.
        """
        changed = [name for name in names if name in self._finished]
        if not changed:
            return False
        stages = [self._stages[name] for name in changed]
        with self._acting():
            by_file = sorted(stages, key=lambda stage: str(stage.path))  # stable
            for _, listed in groupby(by_file, key=lambda stage: str(stage.path)):
                together = list(listed)
                together[0].dvcfile.dump_stages(together, update_pipeline=False)
        self._finished.difference_update(changed)
        return True

    @contextlib.contextmanager
    def hold(self, *, wait: bool) -> Iterator[None]:
        """Holds DVC's lock, which each method takes otherwise: saves time for many in a row.

        Args:
            wait: Whether it waits longer than DVC while another process holds it.

        Raises:
            StagebookError: Another process of DVC holds the lock.
        """
        from dvc.lock import LockError
        from dvc.repo import lock_repo

        with contextlib.ExitStack() as stack:
            while True:
                try:
                    stack.enter_context(lock_repo(self._repo))
                    break
                except LockError as error:
                    if not wait or not self.waits():
                        raise build_plan.busy(error) from None
            yield

    @contextlib.contextmanager
    def _acting(self) -> Iterator[None]:
        """Holds DVC's lock, and turns DVC's errors into problems."""
        failed = build_plan.reported(
            "not-reproduced", "DVC could not reproduce the stage", Exit.FAILED
        )
        with self.hold(wait=True), failed, self._repo.scm_context(quiet=True):
            yield

    def _is_restored(self, stage: "Stage") -> bool:
        """Takes the outputs of a stage from the run cache; whether they are there."""
        from dvc.stage.cache import RunCacheNotFoundError

        try:
            self._repo.stage_cache.restore(stage)
        except RunCacheNotFoundError:
            return False
        return True

    def _save(self, name: str, stage: "Stage") -> None:
        """Does what DVC does after a stage has run."""
        uncached = (out for out in stage.outs if not (out.use_cache or out.is_metric))
        stage.save(run_cache=all(out.is_plot for out in uncached))
        stage.commit()
        self._finished.add(name)

    def _claim(self, name: str, stage: "Stage") -> None:
        """Keeps other processes of DVC from writing what a stage reads, or using what it writes."""
        from dvc.rwlock import rwlock

        claim = contextlib.ExitStack()
        claim.enter_context(
            rwlock(
                self._repo.tmp_dir,
                self._repo.fs,
                f"{' '.join(sys.argv)} ({name})",
                _paths(stage.deps),
                _paths(stage.outs),
                self._repo.config["core"].get("hardlink_lock", False),
            )
        )
        self._claims[name] = claim

    def _unclaim(self, name: str) -> None:
        self._claims.pop(name).close()


def _paths(items: Iterable[Any]) -> list[str]:
    from dvc.dependency import RepoDependency
    from dvc.dependency.db import AbstractDependency

    others = (RepoDependency, AbstractDependency)
    return [item.fs_path for item in items if not isinstance(item, others)]
