"""``stagebook.load``: the model in a package, if it passes the gate."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from stagebook.model.environment import Rule
from stagebook.model.load_gate import pass_through
from stagebook.model.manifest import Manifest
from stagebook.model.policy import (
    ATTITUDES,
    FEATURE_CODES,
    ISOLATIONS,
    RULES,
    Attesting,
    Attitude,
    FeatureCode,
    Isolation,
    Policy,
)
from stagebook.model.prediction import predict
from stagebook.model.verification import Check, CheckState
from stagebook.project.errors import Problem, StagebookError, did_you_mean

_REGISTERED = "models:/"
_LOG = logging.getLogger("stagebook.model")


@dataclass(frozen=True, slots=True)
class Model:
    """A model that has passed the gate.

    Attributes:
        model: The model itself.
        manifest: What its package says of it.
        checks: What was checked, with what was overridden or warned of.
        digest: The package's digest.
    """

    model: Any
    manifest: Manifest
    checks: tuple[Check, ...]
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        # hashed once, since each request of a server needs it
        object.__setattr__(self, "digest", self.manifest.digest)

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The model's predictions for some rows.

        Args:
            rows: n rows with at least the model's features, as columns in any order.

        Returns:
            n rows, with a column for each of the model's outputs.

        Raises:
            KeyError: A feature is missing.

        Example:
            >>> import pandas as pd
            >>> import stagebook
            >>> model = stagebook.load("duration", materials="ignore", attestation="ignore")
            >>> model.predict(pd.DataFrame({"km": [0.0, 100.0]}))["prediction"].round(3).tolist()
            [5.0, 205.0]
        """
        served = self.manifest.model
        if missing := [name for name in served.features if name not in rows.columns]:
            raise KeyError(f"the rows have no column {', '.join(missing)}")
        if rows.empty:
            return pd.DataFrame(columns=list(served.outputs))
        return self.predict_features(rows[list(served.features)])

    def predict_features(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The model's predictions for rows that have the model's features alone.

        Args:
            rows: At least one row of the features, as columns in order. The model may change it.

        Returns:
            n rows, with a column for each of the model's outputs.
        """
        served = self.manifest.model
        return predict(self.model, served.method, rows, served.outputs)


def load(
    path: str | Path,
    *,
    public_key: str | Path | None = None,
    environment: Rule | Literal["ignore"] | None = None,
    attestation: Attesting = "warn",
    materials: Attitude = "refuse",
    trusted: Sequence[str] = (),
    isolate: Isolation = "unsigned",
    features: FeatureCode = "skip",
) -> Model:
    """Loads the model in a package, if everything about it is as it should be.

    Files are hashed, the environment compared, and the types in the model's file read before
    anything is opened.

    Args:
        path: The package's folder, or the address of a registered one, such as
            ``models:/late_arrival@champion``. Its files are fetched and checked; nothing that
            MLflow would run is run.
        public_key: The key that it has to be signed with.
        environment: ``"equal"`` or ``"compatible"`` in place of what the package says;
            ``"ignore"`` takes any, which is logged.
        attestation: What to do if no attestation lies beside it, one that ``public_key`` has not
            signed, or one that speaks of a tree that was not clean: ``"warn"`` or ``"refuse"``;
            ``"unsigned"`` only warns of one that is not signed, ``"ignore"`` does not look for
            one.
        materials: The same if nobody knows what it was made of.
        trusted: Dotted names that opening it may call, besides scikit-learn's and NumPy's.
        isolate: When it is opened, and asked about its golden rows, in a process of its own
            first, which takes a second or two: ``"always"``; ``"unsigned"``, unless
            ``public_key`` has signed it or it has passed on this machine before; ``"never"``.
        features: What to do if the code of its feature service is not here: ``"skip"`` the
            comparison, or ``"refuse"``. Other code is always refused.

    Returns:
        The model.

    Raises:
        StagebookError: It is not fit to be loaded here; each reason with a code and what to do.

    Example:
        The package ``duration`` is that of the example of ``stagebook.package``. It was not made
        by a stage, so its materials are unknown and it has no attestation.

        >>> import pandas as pd
        >>> import stagebook
        >>> model = stagebook.load("duration", materials="ignore", attestation="ignore")
        >>> model.predict(pd.DataFrame({"km": [10.0]})).round(3)
           prediction
        0        25.0
    """
    policy = Policy.of(
        public_key=public_key,
        environment=environment,
        attestation=attestation,
        materials=materials,
        trusted=trusted,
        isolate=isolate,
        features=features,
    )
    if str(path).startswith(_REGISTERED):
        from stagebook.model import registry  # imports MLflow's client

        with registry.fetched(path) as folder:
            return opened(folder, policy)
    return opened(Path(path), policy)


def opened(folder: Path, policy: Policy) -> Model:
    """The model in a package, under a policy; see ``load``."""
    report = pass_through(folder, policy)
    report.require()
    model = Model(report.model, report.manifest, tuple(report.checks))
    log_warnings(model)
    return model


def log_warnings(model: Model) -> None:
    """Logs what the gate warned of, and what the policy overrode."""
    for check in model.checks:
        if check.state in (CheckState.WARNED, CheckState.OVERRIDDEN):
            for problem in check.problems:
                _LOG.warning("%s, %s: %s", model.manifest.name, check.state.value, problem)


def policy_of_environment() -> Policy:
    """The policy that environment variables give, for loaders that have no arguments.

    Raises:
        StagebookError: A variable has a value that is not one of its choices.
    """
    names = os.environ.get("STAGEBOOK_LOAD_TRUSTED", "")
    key = os.environ.get("STAGEBOOK_LOAD_PUBLIC_KEY")
    problems: list[Problem] = []
    policy = Policy(
        public_key=Path(key) if key else None,
        environment=choice("STAGEBOOK_LOAD_ENVIRONMENT", RULES, None, problems),
        attestation="ignore",  # a registry keeps the package alone
        materials=choice("STAGEBOOK_LOAD_MATERIALS", ATTITUDES, "refuse", problems),
        trusted=tuple(name.strip() for name in names.split(",") if name.strip()),
        isolate=choice("STAGEBOOK_LOAD_ISOLATE", ISOLATIONS, "unsigned", problems),
        features=choice("STAGEBOOK_LOAD_FEATURES", FEATURE_CODES, "skip", problems),
    )
    if problems:
        raise StagebookError(*problems)
    return policy


def choice(
    variable: str, choices: tuple[str, ...], default: str | None, problems: list[Problem]
) -> Any:
    """The choice that a variable names, or the default where it is not set.

    Args:
        variable: Name of the variable.
        choices: Its possible values.
        default: What it means if it is not set, or has another value.
        problems: Another value is added to these.
    """
    value = os.environ.get(variable, "").strip()
    if not value:
        return default
    if value in choices:
        return value
    message = f"{variable} is {value!r}, but must be one of: {', '.join(choices)}."
    hint = did_you_mean(value, choices, f"Unset it, or: export {variable}={choices[0]}")
    problems.append(Problem("bad-policy", message, hint))
    return default
