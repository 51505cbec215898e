"""A test starts its server with the options that a person gave."""

from pathlib import Path

from stagebook.cli.serve import serve
from stagebook.model.policy import Policy
from stagebook.serving.options import Limits, LogOptions, ServingOptions
from stagebook.serving.testing.command_line import arguments


def test_the_arguments_are_read_as_the_same_options() -> None:
    options = ServingOptions(
        "-package",
        Policy(Path("key.pem"), "ignore", "unsigned", "warn", ("a.b", "c.d")),
        workers=3,
        limits=Limits(body=7, rows=5, waiting=2, deadline=0.5),
        log=LogOptions(Path("a log"), ("km", "-stops"), "stop"),
        shadow="other",
        online=Path("store.sqlite"),
    )
    parsed = serve.make_context("serve", arguments(options)).params
    expected = {
        "package": "-package",
        "key": Path("key.pem"),
        "environment": "ignore",
        "attestation": "unsigned",
        "materials": "warn",
        "trusted": ("a.b", "c.d"),
        "workers": 3,
        "body": 7,
        "rows": 5,
        "waiting": 2,
        "deadline": 0.5,
        "log": Path("a log"),
        "without": ("km", "-stops"),
        "on_full_log": "stop",
        "shadow": "other",
        "online": Path("store.sqlite"),
    }
    assert {name: parsed[name] for name in expected} == expected


def test_options_that_are_not_given_have_their_defaults() -> None:
    parsed = serve.make_context("serve", arguments(ServingOptions("package"))).params
    assert parsed == serve.make_context("serve", ["package"]).params
