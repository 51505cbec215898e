"""The verbs for a model that is packaged."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from stagebook.cli import export, promotion
from stagebook.cli.options import json_option, policy_options
from stagebook.project.errors import Exit

if TYPE_CHECKING:
    from stagebook.model.policy import Policy

_PATH = click.Path(path_type=Path)


@click.group()
def model() -> None:
    """Check, sign, convert, register and replace packaged models."""


@model.command()
@click.argument("package", type=_PATH)
@policy_options(attestation="warn")
@click.option(
    "--clean",
    is_flag=True,
    help="Check the package in a new environment, installed from its own requirements.",
)
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
    """Check whether a package can be loaded here, and show each check.

    PACKAGE is the folder of a package, an archive that `stagebook model pack` wrote, or an address
    in MLflow's registry, such as models:/late_arrival@champion. Exits with 12 if a check refuses
    the package.
    """
    from stagebook.cli import model_screen
    from stagebook.model import verification
    from stagebook.model.policy import Policy
    from stagebook.workflow import models

    policy = Policy(key, environment, attestation, trusted=trusted, isolate="always")  # type: ignore[arg-type]
    if clean:
        _check_clean(package, policy, as_json=as_json)
    report = models.check_package(package, policy)
    if as_json:
        click.echo(verification.render(report))
    else:
        model_screen.show(report)
    sys.exit(Exit.UNFIT if report.refusals else Exit.DONE)


def _check_clean(package: Path, policy: "Policy", *, as_json: bool) -> NoReturn:
    """Checks a package in a fresh environment; ends the program."""
    from stagebook.cli import model_screen
    from stagebook.model import clean
    from stagebook.workflow import models

    clean_check = models.check_clean(
        package, policy, model_screen.silent if as_json else model_screen.step
    )
    if as_json:
        click.echo(json.dumps(clean.as_json(clean_check), ensure_ascii=False))
    else:
        model_screen.show_clean(clean_check)
    sys.exit(Exit.DONE if clean_check.holds else Exit.UNFIT)


@model.command()
@click.argument("package", type=_PATH)
@click.option(
    "--to",
    "target",
    type=_PATH,
    metavar="FILE",
    help="Archive to write.",
    show_default="PACKAGE with the suffix .tar",
)
def pack(package: Path, target: Path | None) -> None:
    """Pack a package, its attestation and its signature into one file.

    PACKAGE is the folder of a package.
    """
    from stagebook.workflow import models

    click.echo(f"Written: {models.pack(package, target)}")


@model.command()
@click.argument("package", type=_PATH)
@click.option(
    "--repository",
    type=_PATH,
    default=Path(),
    metavar="FOLDER",
    help="Project that the package was built in.",
    show_default="the current project",
)
@click.option(
    "--into",
    type=_PATH,
    metavar="FOLDER",
    help="Folder to work in; the folder must not exist yet.",
    show_default="<package>.recreated in the current folder",
)
@click.option(
    "--here", is_flag=True, help="Use the current environment; it must match the package."
)
@json_option
def recreate(package: Path, repository: Path, into: Path | None, here: bool, as_json: bool) -> None:
    """Rebuild a model from its package and repository, and compare.

    PACKAGE is the folder or the archive of a package. Exits with 12 if the rebuilt model differs.
    """
    from stagebook.cli import model_screen
    from stagebook.model.recreate import Likeness
    from stagebook.workflow import models

    say = model_screen.step if not as_json else model_screen.silent
    recreation = models.recreate(package, repository, into, say, fresh=not here)
    if as_json:
        click.echo(json.dumps(model_screen.recreated_as_json(recreation)))
    else:
        model_screen.recreated(recreation)
    sys.exit(Exit.UNFIT if recreation.likeness is Likeness.DIFFERENT else Exit.DONE)


@model.command()
@click.argument("package", type=_PATH)
@click.option(
    "--name",
    metavar="NAME",
    help="Name of the registered model.",
    show_default="the name in the package",
)
@click.option(
    "--alias",
    metavar="WORD",
    help="Alias to give to this version, such as champion or challenger.",
    show_default="no alias",
)
@click.option(
    "--tracking-uri",
    "uri",
    metavar="ADDRESS",
    help="Address of the MLflow server or store.",
    show_default="MLFLOW_TRACKING_URI, or else that of the project",
)
@policy_options(attestation="unsigned")
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
    """Register a package in MLflow's model registry, with its evidence.

    PACKAGE is the folder or the archive of a package. It must pass every check of `stagebook model
    check`. If the registry already has the package, only the alias moves. Exits with 12 if a check
    refuses the package.
    """
    from stagebook.cli import model_screen
    from stagebook.model.policy import Policy
    from stagebook.workflow import models

    policy = Policy(key, environment, attestation, trusted=trusted, isolate="always")  # type: ignore[arg-type]
    registration = models.register(package, policy, name, alias, uri)
    if as_json:
        click.echo(json.dumps(model_screen.registered_as_json(registration), ensure_ascii=False))
    else:
        model_screen.registered(registration)


@model.command()
@click.argument("package", type=_PATH)
@click.option(
    "--key",
    type=_PATH,
    required=True,
    metavar="PEM",
    help="Private key of the signer, of an elliptic curve.",
)
def sign(package: Path, key: Path) -> None:
    """Sign every file of a package with a private key, offline.

    PACKAGE is the folder of a package.
    """
    from stagebook.workflow import models

    click.echo(f"Written: {models.sign(package, key)}")


@model.command()
@click.argument("package", type=_PATH)
@click.option("--key", type=_PATH, required=True, metavar="PEM", help="Public key of the signer.")
def verify(package: Path, key: Path) -> None:
    """Check that a package is what the owner of a public key signed.

    PACKAGE is the folder or the archive of a package. Exits with 12 if the signature is missing or
    does not match.
    """
    from stagebook.workflow import models

    models.verify(package, key)
    click.echo("The signature is valid: no file has changed since it was signed.")


for verb in (export.export, promotion.compare, promotion.promote, promotion.rollback):
    model.add_command(verb)
