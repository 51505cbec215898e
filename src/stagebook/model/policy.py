"""The requirements of a loader for a package."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self, TypedDict, Unpack, get_args

from stagebook.model.environment import Rule
from stagebook.project.errors import Problem, StagebookError, did_you_mean

Attitude = Literal["ignore", "warn", "refuse"]
ATTITUDES: tuple[str, ...] = get_args(Attitude)
Attesting = Literal["ignore", "warn", "unsigned", "refuse"]
ATTESTING: tuple[str, ...] = get_args(Attesting)
Isolation = Literal["always", "unsigned", "never"]
ISOLATIONS: tuple[str, ...] = get_args(Isolation)
FeatureCode = Literal["skip", "refuse"]
FEATURE_CODES: tuple[str, ...] = get_args(FeatureCode)
RULES: tuple[str, ...] = (*get_args(Rule), "ignore")


class PolicyOptions(TypedDict, total=False):
    """The keywords of ``stagebook.load``; see ``Policy``."""

    public_key: str | Path | None
    environment: Rule | Literal["ignore"] | None
    attestation: Attesting
    materials: Attitude
    trusted: Sequence[str]
    isolate: Isolation
    features: FeatureCode


@dataclass(frozen=True, slots=True)
class Policy:
    """The requirements of a loader for a package.

    Attributes:
        public_key: The public key that must have signed it; None if no signature is required.
        environment: How the installed versions must match those of the package; ``ignore`` for
            any versions, None for the rule in the package.
        attestation: What to do if the attestation is missing, is not signed, or records
            uncommitted changes. ``ignore`` does not read it; ``unsigned`` warns of a missing
            signature and refuses the package in the other cases.
        materials: What to do if the inputs that the package was made from are not all known.
        trusted: Dotted names that opening the model may call, besides the loader's own list.
        isolate: When the model is first opened in a separate process, where it predicts its
            golden rows: ``always``; ``unsigned``, unless ``public_key`` has signed the package
            or the package has passed here before; or ``never``.
        features: What to do about a package with a feature service whose code is not here:
            ``skip`` the comparison, or ``refuse``. Other code is always refused.
    """

    public_key: Path | None = None
    environment: Rule | Literal["ignore"] | None = None
    attestation: Attesting = "warn"
    materials: Attitude = "refuse"
    trusted: tuple[str, ...] = ()
    isolate: Isolation = "unsigned"
    features: FeatureCode = "skip"

    @classmethod
    def of(cls, **options: Unpack[PolicyOptions]) -> Self:
        """The policy of the keywords that a person gives.

        Raises:
            StagebookError: A keyword has another value than its choices (``bad-policy``).
        """
        trusted, key = options.get("trusted", ()), options.get("public_key")
        if isinstance(trusted, str):
            message = f"trusted is {trusted!r}, but must be a list of names."
            raise StagebookError(Problem("bad-policy", message, f'Write: trusted=["{trusted}"]'))
        return cls(
            Path(key) if key else None,
            options.get("environment"),
            options.get("attestation", "warn"),
            options.get("materials", "refuse"),
            tuple(trusted),
            options.get("isolate", "unsigned"),
            options.get("features", "skip"),
        )

    def __post_init__(self) -> None:
        """Raises for a value that is not one of the choices; it would otherwise act as `ignore`."""
        options = (
            ("environment", self.environment, (*RULES, None)),
            ("attestation", self.attestation, ATTESTING),
            ("materials", self.materials, ATTITUDES),
            ("isolate", self.isolate, ISOLATIONS),
            ("features", self.features, FEATURE_CODES),
        )
        problems = tuple(
            Problem(
                "bad-policy",
                f"{name} is {value!r}, but must be one of: {', '.join(map(str, choices))}.",
                did_you_mean(
                    str(value), [str(choice) for choice in choices], "Choose one of these."
                ),
            )
            for name, value, choices in options
            if value not in choices
        )
        if problems:
            raise StagebookError(*problems)
