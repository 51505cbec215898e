"""Options of the verbs that compare two packages."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stagebook.cli.options import materials_option, policy_options

if TYPE_CHECKING:
    from datetime import datetime

    from stagebook.model.policy import Policy
    from stagebook.project.settings import CompareSettings
    from stagebook.workflow.log_replay import LogSource

_DAY = click.DateTime(formats=["%Y-%m-%d"])
_PATH = click.Path(path_type=Path)
_OPTIONS = (
    click.option(
        "--data",
        type=_PATH,
        metavar="TEST",
        help="Parquet file with the rows to compare on: features and true values. This or --log.",
    ),
    click.option(
        "--log",
        type=_PATH,
        metavar="LOG",
        help="Compare on the rows that a server of the champion logged in this folder. Needs "
        "--labels.",
    ),
    click.option(
        "--labels",
        type=_PATH,
        metavar="FILE",
        help="Table with the true values of the rows in LOG; its column `prediction` has the ids "
        "that /predict returned.",
    ),
    click.option(
        "--since",
        type=_DAY,
        metavar="DAY",
        help="First day of LOG, such as 2026-11-01.",
        show_default="the first that it has",
    ),
    click.option(
        "--until",
        type=_DAY,
        metavar="DAY",
        help="Last day of LOG.",
        show_default="the last that it has",
    ),
    click.option(
        "--label",
        metavar="COLUMN",
        help="Column of TEST or FILE with the true values.",
        show_default="the setting compare.label",
    ),
    click.option(
        "--by",
        multiple=True,
        metavar="COLUMN",
        help="Column of TEST, LOG or FILE whose values are compared as slices. Repeatable.",
        show_default="the setting compare.slices",
    ),
    click.option(
        "--cluster",
        metavar="COLUMN",
        help="Column of TEST, LOG or FILE whose equal values mark rows that depend on each other, "
        "such as a day.",
        show_default="the setting compare.cluster",
    ),
)


@dataclass(frozen=True, slots=True)
class ComparisonOptions:
    """What a person asks a comparison for.

    Attributes:
        data: The file with the rows, or the log.
        settings: The rule and the columns.
        policy: What both packages must satisfy.
    """

    data: "Path | LogSource"
    settings: "CompareSettings"
    policy: "Policy"


def comparison_options(attestation: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds the options of a comparison; the command gets them as ``options``."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def with_options(
            *,
            data: Path | None,
            log: Path | None,
            labels: Path | None,
            since: "datetime | None",
            until: "datetime | None",
            label: str | None,
            by: tuple[str, ...],
            cluster: str | None,
            key: Path | None,
            environment: str | None,
            attestation: str,
            trusted: tuple[str, ...],
            materials: str,
            **others: Any,
        ) -> Any:
            from stagebook.model.policy import Policy
            from stagebook.project.extras import MODEL

            rows = _rows(data, log, labels, (since, until))
            MODEL.require()
            policy = Policy(key, environment, attestation, materials, trusted)  # type: ignore[arg-type]
            settings = _settings(label, by, cluster)
            return command(options=ComparisonOptions(rows, settings, policy), **others)

        added: Callable[..., Any] = materials_option(with_options)
        added = policy_options(attestation=attestation)(added)
        for option in reversed(_OPTIONS):
            added = option(added)
        return added

    return add


def _rows(
    data: Path | None,
    log: Path | None,
    labels: Path | None,
    bounds: "tuple[datetime | None, datetime | None]",
) -> "Path | LogSource":
    """The one place that a person names.

    Raises:
        click.UsageError: It is not one, or options do not go together.
    """
    if log is None and (labels or any(bounds)):
        name = "labels" if labels else "since" if bounds[0] else "until"
        raise click.UsageError(f"--{name} needs --log LOG.")
    if data and log:
        raise click.UsageError("--data and --log cannot be used together.")
    if data:
        return data
    if log is None:
        raise click.UsageError("Name the rows to compare on: --data TEST, or --log LOG.")
    if labels is None:
        raise click.UsageError("--log needs --labels FILE.")
    from stagebook.workflow.log_replay import LogSource

    return LogSource(log, labels, *(f"{day:%Y-%m-%d}" if day else "" for day in bounds))


def _settings(label: str | None, by: tuple[str, ...], cluster: str | None) -> "CompareSettings":
    from stagebook.project.project import Project
    from stagebook.project.settings import CompareSettings
    from stagebook.workflow import model_comparison

    project = Project.around(Path.cwd())
    settings = project.settings.compare if project else CompareSettings()
    return model_comparison.with_options(settings, label, by, cluster)
