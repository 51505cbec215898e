"""The verb that serves a packaged model over HTTP."""

import sys
from pathlib import Path

import click

from stagebook.cli.deployment_test import DeploymentTest, ServeCommand, deployment_test_options
from stagebook.cli.options import json_option, materials_option, policy_options

_PATH = click.Path(path_type=Path)


@click.command(cls=ServeCommand)
@click.argument("package")
@click.option(
    "--online",
    type=_PATH,
    metavar="STORE",
    help="Online store, for requests to /predict that give entity keys instead of features.",
    show_default="no store",
)
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=5001,
    metavar="NUMBER",
    help="Port to listen on; 0 for any free port.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    metavar="NUMBER",
    help="Processes that answer requests.",
)
@click.option(
    "--log",
    type=_PATH,
    metavar="FOLDER",
    help="Folder for the log of requests and predictions.",
    show_default="no log",
)
@click.option(
    "--without",
    multiple=True,
    metavar="COLUMN",
    help="Column that is not written to the log. Repeatable.",
)
@click.option(
    "--on-full-log",
    type=click.Choice(["serve", "stop"]),
    default="serve",
    metavar="WHAT",
    help="What to do if the log cannot be written: serve, or stop answering.",
)
@click.option(
    "--token-file",
    type=_PATH,
    metavar="FILE",
    help="File with the bearer token that requests must carry.",
    show_default="STAGEBOOK_SERVE_TOKEN, or else no token",
)
@click.option(
    "--follow",
    metavar="SOURCE",
    help="Folder or address, such as models:/NAME@champion, whose newest package replaces the "
    "one that answers.",
    show_default="keep PACKAGE",
)
@click.option(
    "--shadow",
    metavar="PACKAGE",
    help="Challenger that predicts the same requests, for the log only.",
    show_default="no challenger",
)
@click.option(
    "--waiting",
    type=click.IntRange(1),
    default=128,
    metavar="NUMBER",
    help="Requests that may wait for the model; further ones are answered with 503.",
)
@click.option(
    "--deadline",
    type=click.FloatRange(0.001),
    default=30.0,
    metavar="SECONDS",
    help="Time after which a request is answered with 504.",
)
@click.option(
    "--rows",
    type=click.IntRange(1),
    default=10_000,
    metavar="NUMBER",
    help="Rows that one request may have.",
)
@click.option(
    "--body",
    type=click.IntRange(1),
    default=10_000_000,
    metavar="BYTES",
    help="Size that the body of a request may have.",
)
@policy_options(attestation="warn")
@materials_option
@deployment_test_options
@json_option
def serve(
    package: str,
    online: Path | None,
    host: str,
    port: int,
    workers: int,
    log: Path | None,
    without: tuple[str, ...],
    on_full_log: str,
    token_file: Path | None,
    follow: str | None,
    shadow: str | None,
    waiting: int,
    deadline: float,
    rows: int,
    body: int,
    key: Path | None,
    environment: str | None,
    attestation: str,
    trusted: tuple[str, ...],
    materials: str,
    test: DeploymentTest | None,
    as_json: bool,
) -> None:
    """Serve a packaged model over HTTP.

    PACKAGE is the folder or the archive of a package, or an address in MLflow's registry, such as
    models:/late_arrival@champion. It must pass every check of `stagebook model check`. Requests
    have MLflow's formats; /openapi.json describes them. SIGINT or SIGTERM ends the server after
    the accepted requests are answered.

    --check, --load and --soak test a server with these options on a free port of this machine, and
    end with 12 if the test fails.
    """
    from stagebook.cli import serve_screen
    from stagebook.project.extras import MODEL, SERVING

    MODEL.require()
    SERVING.require()
    from stagebook.model.policy import Policy
    from stagebook.serving import access, server
    from stagebook.serving.options import Limits, LogOptions, ServingOptions

    options = ServingOptions(
        package=_absolute(package),
        policy=Policy(key, environment, attestation, materials, trusted),  # type: ignore[arg-type]
        host=host,
        port=port,
        workers=workers,
        token=access.token(token_file),
        limits=Limits(body=body, rows=rows, waiting=waiting, deadline=deadline),
        log=LogOptions(log.resolve(), without, on_full_log) if log else None,  # type: ignore[arg-type]
        follow=_absolute(follow) if follow else None,
        shadow=_absolute(shadow) if shadow else None,
        online=online.absolute() if online else None,
    )
    if test:
        sys.exit(test.run(options, as_json=as_json))
    server.run(options, serve_screen.started_as_json if as_json else serve_screen.started)


def _absolute(source: str) -> str:
    """A source that means the same in every process; a link stays one, because it may move."""
    return source if source.startswith("models:/") else str(Path(source).absolute())
