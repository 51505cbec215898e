"""The verb that writes a packaged model in another format."""

import json
import math
from pathlib import Path

import click

from stagebook.cli.options import json_option, policy_options

_PATH = click.Path(path_type=Path)


def _tolerance(_: click.Context, __: click.Parameter, value: float | None) -> float | None:
    if value is not None and not (math.isfinite(value) and value >= 0):
        raise click.BadParameter("it is a number that is 0 or more")
    return value


@click.command()
@click.argument("package", type=_PATH)
@click.option(
    "--to",
    "format_",
    type=click.Choice(["pmml", "onnx", "pickle", "skops"]),
    required=True,
    metavar="FORMAT",
    help="pmml, onnx, pickle or skops.",
)
@click.option("--output", type=_PATH, metavar="FILE", help="Where; else beside the package.")
@click.option(
    "--rows",
    type=_PATH,
    metavar="FILE",
    help="Parquet to compare on; else the test set, or the package's own rows.",
)
@click.option(
    "--tolerance",
    type=float,
    callback=_tolerance,
    metavar="NUMBER",
    help="How far a prediction may be off; else what the package says.",
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
    """Write a packaged model in another format, if it predicts the same.

    The package passes the checks of `stagebook model check` first. What was compared lies beside
    the file, as <file>.parity.json. Ends with 12, and writes nothing, if the model cannot be
    converted or predicts something else.
    """
    from stagebook.cli import export_screen, model_screen
    from stagebook.model import gate
    from stagebook.workflow import models

    policy = gate.Policy(key, environment, attestation, trusted=trusted)  # type: ignore[arg-type]
    say = model_screen.silent if as_json else model_screen.step
    done = models.export(package, format_, policy, say, rows, output, tolerance)  # type: ignore[arg-type]
    if as_json:
        click.echo(json.dumps(done.made.as_json(done.target.name), ensure_ascii=False))
    else:
        export_screen.show(done)
