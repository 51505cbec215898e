"""The verb that writes a packaged model in another format."""

import json
import math
from pathlib import Path

import click

from stagebook.cli.options import json_option, policy_options

_PATH = click.Path(path_type=Path)


def _tolerance(_: click.Context, __: click.Parameter, value: float | None) -> float | None:
    if value is not None and not (math.isfinite(value) and value >= 0):
        raise click.BadParameter("The tolerance must be a number of at least 0.")
    return value


@click.command()
@click.argument("package", type=_PATH)
@click.option(
    "--to",
    "format_",
    type=click.Choice(["pmml", "onnx", "pickle", "skops"]),
    required=True,
    metavar="FORMAT",
    help="Format to write: pmml, onnx, pickle or skops.",
)
@click.option(
    "--output",
    type=_PATH,
    metavar="FILE",
    help="File to write.",
    show_default="next to the package",
)
@click.option(
    "--rows",
    type=_PATH,
    metavar="FILE",
    help="Parquet file with the rows to compare the predictions on.",
    show_default="the test set, or else the rows in the package",
)
@click.option(
    "--tolerance",
    type=float,
    callback=_tolerance,
    metavar="NUMBER",
    help="Largest allowed difference between two predictions.",
    show_default="the tolerance in the package",
)
@policy_options(attestation="warn")
@json_option
def export(
    package: Path,
    format_: str,
    output: Path | None,
    rows: Path | None,
    tolerance: float | None,
    key: Path | None,
    environment: str | None,
    attestation: str,
    trusted: tuple[str, ...],
    as_json: bool,
) -> None:
    """Convert a packaged model to another format and compare results.

    PACKAGE is the folder or the archive of a package. It must pass the checks of `stagebook model
    check`. The comparison is written next to the new file, as <file>.parity.json. Exits with 12
    and writes no file if the model cannot be converted or its predictions differ.
    """
    from stagebook.cli import export_screen, model_screen
    from stagebook.model.policy import Policy
    from stagebook.workflow import models

    policy = Policy(key, environment, attestation, trusted=trusted, isolate="always")  # type: ignore[arg-type]
    say = model_screen.silent if as_json else model_screen.step
    model = models.export(package, format_, policy, say, rows, output, tolerance)  # type: ignore[arg-type]
    if as_json:
        click.echo(json.dumps(model.export.as_json(model.target.name), ensure_ascii=False))
    else:
        export_screen.show(model)
