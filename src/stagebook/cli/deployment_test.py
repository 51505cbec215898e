"""The options of ``stagebook serve`` that test a deployment."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from stagebook.project.errors import Exit

if TYPE_CHECKING:
    from stagebook.serving.options import ServingOptions

_SEARCH = 0.0
_LOAD_SECONDS, _SOAK_SECONDS = 5.0, 60.0
_P99 = 50.0


class ServeCommand(click.Command):
    """A command whose ``--load`` takes the next word only if that word is a number."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parses the words, so that ``--load PACKAGE`` and ``PACKAGE --load`` mean the same."""
        end = args.index("--") if "--" in args else len(args)
        words = [
            f"--load={_SEARCH}"
            if word == "--load" and place < end and not _is_number(args[place + 1 : place + 2])
            else word
            for place, word in enumerate(args)
        ]
        return super().parse_args(ctx, words)


def _is_number(words: list[str]) -> bool:
    try:
        return bool([float(word) for word in words])
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class DeploymentTest:
    """A test of a deployment that a person asks for.

    Attributes:
        kind: ``check``, ``load`` or ``soak``.
        rate: Requests per second of a load test; None to look for the highest rate.
        seconds: How long it takes, or a load test at each rate.
        p99: Milliseconds that 99 of 100 answers may take; None for no limit.
    """

    kind: str
    rate: float | None
    seconds: float
    p99: float | None

    @classmethod
    def of(
        cls,
        check: bool,
        load: float | None,
        soak: bool,
        seconds: float | None,
        p99: float | None,
    ) -> "DeploymentTest | None":
        """The test that some options ask for; None without any.

        Raises:
            click.UsageError: The options do not go together.
        """
        chosen = {"check": check, "load": load is not None, "soak": soak}
        kinds = [kind for kind, is_set in chosen.items() if is_set]
        if len(kinds) > 1:
            first, second, *_ = kinds
            raise click.UsageError(f"--{first} and --{second} cannot be used together.")
        if seconds is not None and not (chosen["load"] or soak):
            raise click.UsageError("--seconds needs --load or --soak.")
        if p99 is not None and not chosen["load"]:
            raise click.UsageError("--p99 needs --load.")
        if not kinds:
            return None
        rate = None if load == _SEARCH else load
        if chosen["load"] and rate is None and p99 is None:
            p99 = _P99
        return cls(kinds[0], rate, seconds or (_SOAK_SECONDS if soak else _LOAD_SECONDS), p99)

    def run(self, options: "ServingOptions", *, as_json: bool) -> Exit:
        """Runs the test and prints its result.

        Args:
            options: What the server is started with.
            as_json: Whether to print JSON.
        """
        from stagebook.cli import serving_screen
        from stagebook.serving.testing.load_test import LoadPlan
        from stagebook.workflow import deployment_tests

        if self.kind == "check":
            checks = deployment_tests.check(options)
            serving_screen.show_checks(checks, as_json=as_json)
            holds = checks.holds
        elif self.kind == "load":
            plan = LoadPlan(self.seconds, self.rate, self.p99 and self.p99 / 1000)
            load_screen = serving_screen.LoadScreen(plan, as_json=as_json)
            load = deployment_tests.load(options, plan, load_screen.started, load_screen.measured)
            load_screen.finished(load)
            holds = load.holds
        else:
            soak_screen = serving_screen.SoakScreen(self.seconds, as_json=as_json)
            soak = deployment_tests.soak(
                options, self.seconds, soak_screen.started, soak_screen.measured
            )
            soak_screen.finished(soak)
            holds = soak.holds
        return Exit.DONE if holds else Exit.UNFIT


_OPTIONS = (
    click.option(
        "--check",
        is_flag=True,
        help="Test the server and exit: send golden rows and requests that must be refused.",
    ),
    click.option(
        "--load",
        type=click.FloatRange(0, 100_000),
        is_flag=False,
        flag_value=_SEARCH,
        metavar="[RATE]",
        help="Test the server and exit: send RATE requests per second; without RATE, look for the "
        "highest rate.",
    ),
    click.option(
        "--soak",
        is_flag=True,
        help="Test the server and exit: check that memory and open files do not grow.",
    ),
    click.option(
        "--seconds",
        type=click.FloatRange(0.1, 86_400),
        metavar="SECONDS",
        help="Duration of --soak, or of each rate of --load.",
        show_default="60 with --soak, 5 with --load",
    ),
    click.option(
        "--p99",
        type=click.FloatRange(0, min_open=True),
        metavar="MILLISECONDS",
        help="Time that 99 of 100 answers may take with --load.",
        show_default="50 without RATE, no limit with RATE",
    ),
)


def deployment_test_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options; the command gets them as ``test``, a DeploymentTest or None."""

    @functools.wraps(command)
    def with_test(
        *,
        check: bool,
        load: float | None,
        soak: bool,
        seconds: float | None,
        p99: float | None,
        **others: Any,
    ) -> Any:
        return command(test=DeploymentTest.of(check, load, soak, seconds, p99), **others)

    added: Callable[..., Any] = with_test
    for option in reversed(_OPTIONS):
        added = option(added)
    return added
