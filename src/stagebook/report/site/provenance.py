"""What was built, from which commit and when, in words: only what records and git say."""

from collections.abc import Callable

from stagebook.history.project_status import (
    ProjectStatus,
    StageState,
    StageStatus,
)
from stagebook.history.staleness import Causes
from stagebook.history.verdict import BuildEvidence, evidence
from stagebook.pipeline.git import Git
from stagebook.project.text import counted, plain
from stagebook.report.lineage_words import short

_CAUSES = 3

Shown = Callable[[str], str]
"""How the sentence shows a text of unknown origin."""


def summary(status: ProjectStatus) -> str:
    """The sentence on top of the front page, with how many stages are in each state."""
    if evidence(status) is not BuildEvidence.RECORDS:
        return sentence(status, plain)
    counts = {
        state: sum(stage.state is state for stage in status.notebooks) for state in StageState
    }
    parts = [
        f"{counts[state]} {state.value}"
        for state in StageState
        if counts[state] and state is not StageState.OTHER
    ]
    return f"{sentence(status, plain).removesuffix('.')}: {', '.join(parts)}."


def sentence(status: ProjectStatus, shown: Shown) -> str:
    """What was built, when, and from which commit.

    Args:
        status: The project.
        shown: How names that come from elsewhere are shown.
    """
    if status.unstarted is not None:
        return f"The last build could not start {shown(status.unstarted.stage)}."
    blind = _blind(status, shown)
    if evidence(status) is not BuildEvidence.RECORDS:
        return blind or _nothing(status, shown)
    when = f" on {status.started.replace('T', ' at ')} UTC" if status.started else ""
    built = f"uilt{when} from {shown(built_from(status))}."
    return f"{blind} The other stages were b{built}" if blind else f"B{built}"


def built_from(status: ProjectStatus) -> str:
    """The commit of the last build, and whether git still leads to it; else that of the tree."""
    words = commit(status.code)
    if not status.is_commit_lost:
        return words
    if status.shallow:
        return f"{words}, which this shallow clone does not have"
    return f"{words}, which is no longer in git"


def origin(stage: StageStatus | None) -> str:
    """The build that the outputs of a stage are from; empty if no record says.

    Args:
        stage: The stage.
    """
    stage_origin = stage.origin if stage is not None else None
    if stage_origin is None:
        return ""
    if stage_origin.carried:
        return "built elsewhere"
    when = stage_origin.started.replace("T", " at ")
    return f"built{f' on {when} UTC' if when else ''} from {commit(stage_origin.code)}"


def stale(causes: Causes) -> str:
    """Why values are stale, in words of which a few are enough."""
    words = [plain(cause.words, 120) for cause in causes[:_CAUSES]]
    more = [f"{len(causes) - _CAUSES} more"] if len(causes) > _CAUSES else []
    return "; ".join([*words, *more])


def footer(status: ProjectStatus) -> str:
    """The same at the end of each page; without a record of a build, that of the tree."""
    if status.recorded or not status.checkout:
        return built_from(status)
    return f"checkout of {commit(status.checkout)}"


def commit(code: Git | None) -> str:
    """A commit in a few words.

    Args:
        code: What git says.
    """
    if code is None:
        return "a folder without a commit"
    branch = f" on {plain(code.branch, 60)}" if code.branch else " on no branch"
    dirty = ", with changes that are not in git" if code.dirty else ""
    return f"commit {short(code.commit)}{branch}{dirty}"


def _blind(status: ProjectStatus, shown: Shown) -> str:
    """Which records of the last build cannot be read; empty if all can."""
    if not status.blind:
        return ""
    more = f" and {len(status.blind) - 1} more" if len(status.blind) > 1 else ""
    subject = "Records" if more else "The record"
    return (
        f"{subject} {shown(status.blind[-1])}{more} cannot be read, so the result of the last "
        "build is unknown."
    )


def _nothing(status: ProjectStatus, shown: Shown) -> str:
    """The state of a project without a single execution."""
    where = f" at {shown(commit(status.checkout))}" if status.checkout else ""
    if evidence(status) is BuildEvidence.NEVER_BUILT:
        return f"Nothing was built here yet{where}. Build with: dvc repro --pull"
    if lacking := _lacking(status, shown):
        return f"Nothing was executed here{where}, and {lacking}. Build with: dvc repro --pull"
    as_locked = " and match dvc.lock" if status.edited is not None else ""
    return (
        f"Nothing was executed here{where}: the outputs of "
        f"{counted(len(status.notebooks), 'stage')} came from DVC's cache{as_locked}."
    )


def _lacking(status: ProjectStatus, shown: Shown) -> str:
    """What is not as ``dvc.lock`` has it; empty if nothing is known to be."""
    if evidence(status) is BuildEvidence.OUTPUTS_MISSING:
        return "some outputs are missing"
    if evidence(status) is BuildEvidence.STALE:
        return "some stages are stale"
    if not status.edited:
        return ""
    more = f" and {counted(len(status.edited) - 1, 'other')}" if len(status.edited) > 1 else ""
    return f"{shown(status.edited[0])}{more} {'differ' if more else 'differs'} from dvc.lock"
