"""What the page of a notebook says of the execution that it shows, and of what is wrong with it."""

from collections.abc import Collection, Iterator

from stagebook.history import carried
from stagebook.history.project_status import StageStatus
from stagebook.history.verdict import PageSubject
from stagebook.project.text import plain
from stagebook.report.article.article import Article
from stagebook.report.site import problems


def subject(stage: StageStatus, colophon: str, damaged: Collection[str]) -> str:
    """Which execution a notebook's page is of, in a word for programs."""
    if stage.record is not None and carried.is_carried(stage.record):
        return "carried"
    return PageSubject.of(stage, colophon, damaged).name.lower()


def notes(stage: StageStatus, colophon: str, damaged: Collection[str]) -> Iterator[str]:
    """Warnings that a page does not show the execution that made the outputs.

    Args:
        stage: The stage.
        colophon: The end of its page, which names its record; empty if the page is cut off.
        damaged: Ids of the records that cannot be read.
    """
    if stage.record is not None and carried.is_carried(stage.record):
        yield (
            "This notebook was executed on another machine and came with the outputs. "
            "The time of its execution is unknown."
        )
    match PageSubject.of(stage, colophon, damaged):
        case PageSubject.DAMAGED_RECORD:
            record_id = next(name for name in damaged if name in colophon)
            yield (
                f"The record of this execution, {plain(record_id)}, cannot be read: "
                "only its page is left."
            )
        case PageSubject.UNKNOWN:
            yield (
                "A record cannot be read, so the execution that made the outputs of this stage "
                "is unknown. This is the page of the last execution here."
            )
        case PageSubject.OUTPUTS_GONE:
            yield "This is the page of the last execution here; its outputs no longer exist."
        case PageSubject.BUILT_ELSEWHERE:
            yield (
                "The outputs of this stage were made elsewhere and came from DVC's cache. "
                "This is the page of the last execution here."
            )
        case PageSubject.OTHER_EXECUTION:
            yield "This is not the page of the execution that made the outputs."


def shortcomings(stage: StageStatus, content: Article) -> Iterator[str]:
    """What is wrong with an article; if a stage has none, why, and how the stage ended."""
    unexecuted = "" if content.body else problems.unexecuted(stage)
    yield from [unexecuted] if unexecuted else content.notes
    trouble = stage.first_problem
    if trouble and not content.body and not unexecuted:
        cell = f" in cell {plain(trouble.cell)}" if trouble.cell else ""
        message = plain(trouble.message, problems.LONGEST)
        yield f"The stage {plain(stage.failed, 60)}{cell}: {message}"
