"""Options of a server as arguments of ``stagebook serve``."""

from collections.abc import Iterator

from stagebook.model.policy import Policy
from stagebook.serving.options import ServingOptions


def arguments(options: ServingOptions) -> list[str]:
    """The arguments that start a server for a test.

    Address, port and token are those of the test. The package is kept, so ``--follow`` is left
    out.

    Args:
        options: What the server would be started with.
    """
    limits = options.limits
    named: dict[str, object] = {
        "--workers": options.workers,
        "--waiting": limits.waiting,
        "--deadline": limits.deadline,
        "--rows": limits.rows,
        "--body": limits.body,
        "--shadow": options.shadow,
        "--online": options.online,
    }
    if options.log:
        named |= {"--log": options.log.folder, "--on-full-log": options.log.on_full}
    words = [f"{name}={value}" for name, value in named.items() if value is not None]
    hidden = options.log.without if options.log else ()
    words += [f"--without={column}" for column in hidden]
    return [*words, *_policy(options.policy), "--", options.package]


def _policy(policy: Policy) -> Iterator[str]:
    named = {
        "--key": policy.public_key,
        "--environment": policy.environment,
        "--attestation": policy.attestation,
        "--materials": policy.materials,
    }
    yield from (f"{name}={value}" for name, value in named.items() if value is not None)
    yield from (f"--trusted={name}" for name in policy.trusted)
