"""The status of a project, made without running anything."""

from dataclasses import replace
from typing import Any

from spooled import recorded

from stagebook.history.project_status import ProjectStatus, StageState, StageStatus
from stagebook.history.staleness import Causes
from stagebook.pipeline.nodes import Node
from stagebook.project.settings import Gate
from stagebook.record.record import Record

NODE = Node("train", (), ("m.json",), ("m.json",))
GATE = Gate("m.json", "auc", floor=0.7)
BASE = Gate("m.json", "auc", drop=0.1)


def stage(
    state: StageState,
    record: Record | None = None,
    failed: str = "",
    name: str = "train",
    stale: Causes = (),
) -> StageStatus:
    """A stage in some state."""
    return StageStatus(replace(NODE, name=name), state, record, failed, stale=stale)


def book(*stages: StageStatus, **more: Any) -> ProjectStatus:
    """A project with these stages; without any, with one that is unchanged."""
    empty = ProjectStatus(
        "late", None, "", "", stages or (stage(StageState.UNCHANGED),), (), (), (), frozenset(), ()
    )
    return replace(empty, **more)


def refused() -> StageStatus:
    """A stage whose output breaks its contract."""
    table = {"contract": "lib:T", "holds": False, "paths": ["data/x.csv"]}
    return stage(StageState.EXECUTED, recorded("a", tables=[table]))
