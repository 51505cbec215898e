"""The verbs for a model that is packaged."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from stagebook.cli.options import json_option, policy_options
from stagebook.errors import Exit

if TYPE_CHECKING:
    from stagebook.model.gate import Policy

_PATH = click.Path(path_type=Path)
_KEY = click.option(
    "--key", type=_PATH, required=True, metavar="PEM", help="The key, of an elliptic curve."
)


@click.group()
def model() -> None:
    """Check, sign and hand over a packaged model."""


@model.command()
@click.argument("package", type=_PATH)
@policy_options(attestation="warn")
@click.option("--clean", is_flag=True, help="Check it in a fresh environment, made from it alone.")
@json_option
def check(
    package: Path,
    key: Path | None,
    environment: str | None,
    attestation: str,
    trusted: tuple[str, ...],
    clean: bool,
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
    if clean:
        _check_clean(package, policy, as_json=as_json)
    passage = models.check_package(package, policy)
    if as_json:
        click.echo(gate.render(passage))
    else:
        model_screen.show(passage)
    sys.exit(Exit.UNFIT if passage.refusals else Exit.DONE)


def _check_clean(package: Path, policy: "Policy", *, as_json: bool) -> NoReturn:
    """The same in a fresh environment; ends the program."""
    from stagebook.cli import model_screen
    from stagebook.model import clean
    from stagebook.workflow import models

    said = models.check_clean(
        package, policy, model_screen.silent if as_json else model_screen.step
    )
    if as_json:
        click.echo(json.dumps(clean.as_json(said), ensure_ascii=False))
    else:
        model_screen.show_clean(said)
    sys.exit(Exit.DONE if said.holds else Exit.UNFIT)


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
@click.option("--name", metavar="NAME", help="The registered model's name; else the package's.")
@click.option("--alias", metavar="WORD", help="Lets it point to this: champion, challenger, ….")
@click.option(
    "--tracking-uri", "uri", metavar="ADDRESS", help="MLflow's address; else the project's."
)
@policy_options(attestation="refuse")
@json_option
def register(
    package: Path,
    name: str | None,
    alias: str | None,
    uri: str | None,
    key: Path | None,
    environment: str | None,
    attestation: str,
    trusted: tuple[str, ...],
    as_json: bool,
) -> None:
    """Put a package into MLflow's registry, with its evidence.

    It has to pass every check first, and is a version of its own; the same package again only
    moves the alias. Ends with 12 if it is refused.
    """
    from stagebook.cli import model_screen
    from stagebook.model import gate
    from stagebook.workflow import models

    policy = gate.Policy(key, environment, attestation, trusted=trusted)  # type: ignore[arg-type]
    made = models.register(package, policy, name, alias, uri)
    if as_json:
        click.echo(json.dumps(model_screen.registered_as_json(made), ensure_ascii=False))
    else:
        model_screen.registered(made)


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
