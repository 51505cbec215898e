"""``stagebook.load``: a model out of its package, if it passes the gate."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from stagebook.errors import Problem, StagebookError, did_you_mean
from stagebook.model.environment import Rule
from stagebook.model.gate import ATTITUDES, RULES, Attitude, Check, Policy, State, pass_through
from stagebook.model.manifest import Manifest
from stagebook.model.prediction import predict

_LOG = logging.getLogger("stagebook.model")


@dataclass(frozen=True, slots=True)
class Model:
    """A model that has passed the gate.

    Attributes:
        model: The model itself.
        manifest: What its package says of it.
        checks: What was checked, with what was overridden or warned of.
    """

    model: Any
    manifest: Manifest
    checks: tuple[Check, ...]

    @property
    def digest(self) -> str:
        """The package's digest."""
        return self.manifest.digest

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """What the model says of some rows.

        Args:
            rows: n rows with at least the model's features, as columns in any order.

        Returns:
            n rows, with a column for each of the model's outputs.

        Raises:
            KeyError: A feature is missing.
        """
        served = self.manifest.model
        if missing := [name for name in served.features if name not in rows.columns]:
            raise KeyError(f"the rows lack {', '.join(missing)}")
        if rows.empty:
            return pd.DataFrame(columns=list(served.outputs))
        return predict(self.model, served.method, rows[list(served.features)], served.outputs)


def load(
    path: str | Path,
    *,
    public_key: str | Path | None = None,
    environment: Rule | Literal["ignore"] | None = None,
    attestation: Attitude = "warn",
    materials: Attitude = "refuse",
    trusted: Sequence[str] = (),
) -> Model:
    """Loads the model in a package, if everything about it is as it should be.

    Files are hashed, the environment compared, and the types in the model's file read before
    anything is opened.

    Args:
        path: The package's folder.
        public_key: The key that it has to be signed with.
        environment: ``"equal"`` or ``"compatible"`` in place of what the package says;
            ``"ignore"`` takes any, which is logged.
        attestation: What to do if no attestation lies beside it, or one that speaks of a tree
            that was not clean: ``"warn"`` or ``"refuse"``; ``"ignore"`` does not look for one.
        materials: The same if nobody knows what it was made of.
        trusted: Dotted names that opening it may call, besides scikit-learn's and NumPy's.

    Returns:
        The model.

    Raises:
        StagebookError: It is not fit to be loaded here; each reason with a code and what to do.
    """
    if isinstance(trusted, str):
        message = f"trusted is {trusted!r}, and has to be a list of names."
        raise StagebookError(Problem("bad-policy", message, f'Write it so: trusted=["{trusted}"]'))
    policy = Policy(
        Path(public_key) if public_key else None,
        environment,
        attestation,
        materials,
        tuple(trusted),
    )
    return opened(Path(path), policy)


def opened(folder: Path, policy: Policy) -> Model:
    """The model in a package, under a policy; see ``load``."""
    passage = pass_through(folder, policy)
    passage.require()
    for check in passage.checks:
        if check.state in (State.WARNED, State.OVERRIDDEN):
            for problem in check.problems:
                _LOG.warning("%s, %s: %s", passage.manifest.name, check.state.value, problem)
    return Model(passage.model, passage.manifest, tuple(passage.checks))


def policy_of_environment() -> Policy:
    """The policy that environment variables give, for loaders that have no arguments.

    Raises:
        StagebookError: A variable has a value that is none of its choices.
    """
    names = os.environ.get("STAGEBOOK_LOAD_TRUSTED", "")
    key = os.environ.get("STAGEBOOK_LOAD_PUBLIC_KEY")
    problems: list[Problem] = []
    policy = Policy(
        public_key=Path(key) if key else None,
        environment=_choice("STAGEBOOK_LOAD_ENVIRONMENT", RULES, None, problems),
        attestation="ignore",  # a registry keeps the package alone
        materials=_choice("STAGEBOOK_LOAD_MATERIALS", ATTITUDES, "refuse", problems),
        trusted=tuple(name.strip() for name in names.split(",") if name.strip()),
    )
    if problems:
        raise StagebookError(*problems)
    return policy


def _choice(
    variable: str, choices: tuple[str, ...], default: str | None, problems: list[Problem]
) -> Any:
    """The choice that a variable names, or the default where it is not set."""
    said = os.environ.get(variable, "").strip()
    if not said:
        return default
    if said in choices:
        return said
    message = f"{variable} is {said!r}, which is none of {', '.join(choices)}."
    hint = did_you_mean(said, choices, f"Unset it, or: export {variable}={choices[0]}")
    problems.append(Problem("bad-policy", message, hint))
    return default
