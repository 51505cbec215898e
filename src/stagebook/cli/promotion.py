"""The verbs that replace a registered model: compare, promote, roll back."""

import functools
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stagebook.cli.options import json_option, materials_option, policy_options

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
_TRACKING = click.option(
    "--tracking-uri",
    "uri",
    metavar="ADDRESS",
    help="Address of the MLflow server or store.",
    show_default="MLFLOW_TRACKING_URI, or else that of the project",
)
_ALIAS = click.option(
    "--to", "alias", default="champion", metavar="ALIAS", help="Alias that moves."
)
_REASON = click.option(
    "--reason",
    default="",
    metavar="TEXT",
    help="Why, for the tags of the version.",
    show_default="no reason",
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


def _comparison_options(attestation: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
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


@click.command()
@click.argument("champion")
@click.argument("challenger")
@_comparison_options(attestation="warn")
@json_option
def compare(champion: str, challenger: str, options: ComparisonOptions, as_json: bool) -> None:
    """Compare two packages on the same rows.

    The rows are in a file (--data), or in the log of a server of CHAMPION (--log), whose answers
    then count as CHAMPION's predictions.

    CHAMPION and CHALLENGER are each the folder or the archive of a package, or an address in
    MLflow's registry, such as models:/late_arrival@champion or models:/late_arrival/3. The rule in
    [tool.stagebook.compare] of pyproject.toml gives the verdict. Exits with 15 if CHALLENGER may
    not replace CHAMPION, and with 12 if a package is refused.
    """
    from stagebook.workflow import model_comparison

    comparison = model_comparison.compare(
        champion, challenger, options.data, options.settings, options.policy
    )
    if as_json:
        click.echo(json.dumps(comparison.as_json(), ensure_ascii=False, allow_nan=False))
    else:
        from stagebook.cli import paired_screen

        paired_screen.show(comparison)
    sys.exit(comparison.exit_code)


@click.command()
@click.argument("package")
@_ALIAS
@click.option(
    "--name",
    metavar="NAME",
    help="Name of the registered model.",
    show_default="the name in the address, or else in the package",
)
@_REASON
@_comparison_options(attestation="unsigned")
@_TRACKING
@json_option
def promote(
    package: str,
    alias: str,
    name: str | None,
    reason: str,
    uri: str | None,
    options: ComparisonOptions,
    as_json: bool,
) -> None:
    """Let an alias point to a package, if all evidence is for it.

    PACKAGE is the folder or the archive of a package, or an address in MLflow's registry. It must
    pass every check of `stagebook model check`, the comparison with the version that the alias
    points to, and `stagebook serve --check`. Otherwise nothing changes: exits with 15 because of
    the comparison, or if somebody else moved the alias meanwhile; with 12 because of the checks.
    """
    from stagebook.cli import promotion_screen
    from stagebook.project.extras import SERVING

    SERVING.require()
    from stagebook.workflow import promoting
    from stagebook.workflow.promoting import Candidate

    candidate = Candidate(package, name, alias, options.data, reason, uri)
    say = promotion_screen.silent if as_json else promotion_screen.step
    promotion = promoting.promote(candidate, options.settings, options.policy, say)
    if as_json:
        click.echo(json.dumps(promotion.as_json(), ensure_ascii=False, allow_nan=False))
    else:
        promotion_screen.promoted(promotion)
    sys.exit(promotion.exit_code)


@click.command()
@click.argument("name")
@_ALIAS
@_REASON
@click.option("--dry-run", is_flag=True, help="Say where the alias would point, and move nothing.")
@_TRACKING
@json_option
def rollback(
    name: str, alias: str, reason: str, dry_run: bool, uri: str | None, as_json: bool
) -> None:
    """Let an alias point to the version before its last promotion.

    NAME is the name of the registered model. Nothing is checked, since that version was in use
    before.
    """
    from stagebook.cli import promotion_screen
    from stagebook.workflow import promoting

    rolled = promoting.rollback(name, alias, reason, uri, dry_run=dry_run)
    if as_json:
        values = promotion_screen.rolled_back_as_json(rolled)
        click.echo(json.dumps(values, ensure_ascii=False))
    else:
        promotion_screen.rolled_back(rolled)
