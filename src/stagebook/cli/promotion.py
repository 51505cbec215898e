"""The verbs that replace a registered model: compare, promote, roll back."""

import json
import sys
from pathlib import Path

import click

from stagebook.cli import pages
from stagebook.cli.comparison_options import ComparisonOptions, comparison_options
from stagebook.cli.options import json_option

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


@click.command()
@click.argument("champion")
@click.argument("challenger")
@comparison_options(attestation="warn")
@click.option(
    "--save",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the JSON to FILE too.",
    show_default="no file",
)
@json_option
def compare(
    champion: str, challenger: str, options: ComparisonOptions, save: Path | None, as_json: bool
) -> None:
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
    text = json.dumps(comparison.as_json(), ensure_ascii=False, allow_nan=False)
    if save:
        pages.write(save, f"{text}\n", lambda begin: begin.startswith(b"{"))
    if as_json:
        click.echo(text)
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
@comparison_options(attestation="unsigned")
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
