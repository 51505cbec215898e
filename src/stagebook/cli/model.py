"""The verbs for a model that is packaged."""

import json
import sys
from pathlib import Path

import click

from stagebook.cli import export
from stagebook.cli.options import json_option
from stagebook.errors import Exit

_PATH = click.Path(path_type=Path)
_KEY = click.option(
    "--key", type=_PATH, required=True, metavar="PEM", help="The key, of an elliptic curve."
)


@click.group()
def model() -> None:
    """Check, sign and hand over a packaged model."""


@model.command()
@click.argument("package", type=_PATH)
@click.option("--key", type=_PATH, metavar="PEM", help="The public key it has to be signed with.")
@click.option(
    "--environment",
    type=click.Choice(["equal", "compatible", "ignore"]),
    metavar="RULE",
    help="Versions here: equal, compatible or ignore.",
)
@click.option(
    "--attestation",
    type=click.Choice(["ignore", "warn", "refuse"]),
    default="warn",
    metavar="WHAT",
    help="None, or of a dirty tree: ignore, warn or refuse.",
)
@click.option("--trusted", multiple=True, metavar="NAME", help="What opening it may call, too.")
@json_option
def check(
    package: Path,
    key: Path | None,
    environment: str | None,
    attestation: str,
    trusted: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say whether a package would be loaded here, check by check.

    PACKAGE is its folder, or the archive that `stagebook model pack` wrote. Ends with 12 if it
    would be refused.
    """
    from stagebook.cli import model_screen
    from stagebook.model import gate
    from stagebook.workflow import models

    policy = gate.Policy(key, environment, attestation, trusted=trusted)  # type: ignore[arg-type]
    passage = models.check_package(package, policy)
    if as_json:
        click.echo(gate.render(passage))
    else:
        model_screen.show(passage)
    sys.exit(Exit.UNFIT if passage.refusals else Exit.DONE)


@model.command()
@click.argument("package", type=_PATH)
@click.option("--to", "target", type=_PATH, metavar="FILE", help="Where; else beside it, as .tar.")
def pack(package: Path, target: Path | None) -> None:
    """Bundle a package with its attestation and signature into one file."""
    from stagebook.workflow import models

    click.echo(f"Written: {models.pack(package, target)}")


@model.command()
@click.argument("package", type=_PATH)
@click.option(
    "--repository",
    type=_PATH,
    default=Path(),
    metavar="FOLDER",
    help="The project that it was built in; else this one.",
)
@click.option("--into", type=_PATH, metavar="FOLDER", help="Where; else <package>.recreated here.")
@click.option("--here", is_flag=True, help="Use this environment, if it is the package's.")
@json_option
def recreate(package: Path, repository: Path, into: Path | None, here: bool, as_json: bool) -> None:
    """Make a model again from its package and its repository, and compare.

    Ends with 12 if what comes out is different.
    """
    from stagebook.cli import model_screen
    from stagebook.model.recreate import Likeness
    from stagebook.workflow import models

    say = model_screen.step if not as_json else model_screen.silent
    made = models.recreate(package, repository, into, say, fresh=not here)
    if as_json:
        click.echo(json.dumps(model_screen.recreated_as_json(made)))
    else:
        model_screen.recreated(made)
    sys.exit(Exit.UNFIT if made.likeness is Likeness.DIFFERENT else Exit.DONE)


@model.command()
@click.argument("package", type=_PATH)
@_KEY
def sign(package: Path, key: Path) -> None:
    """Sign every file of a package with a private key, offline."""
    from stagebook.workflow import models

    click.echo(f"Written: {models.sign(package, key)}")


@model.command()
@click.argument("package", type=_PATH)
@_KEY
def verify(package: Path, key: Path) -> None:
    """Say whether a package is what the owner of a public key has signed."""
    from stagebook.workflow import models

    models.verify(package, key)
    click.echo("The signature fits: every file is as it was signed.")


model.add_command(export.export)
