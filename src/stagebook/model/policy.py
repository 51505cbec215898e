"""What a loader asks of a package."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

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


@dataclass(frozen=True, slots=True)
class Policy:
    """What a loader asks of a package.

    Attributes:
        public_key: The key that it has to be signed with; None if it need not be.
        environment: What this environment has to be; ``ignore`` for anything, None for what the
            package says.
        attestation: What to do about a package without an attestation, with one that nobody has
            signed, or built from a tree that was not clean. ``ignore`` does not look for one;
            ``unsigned`` refuses all but an unsigned one, of which it warns.
        materials: What to do about a package of which nobody knows what it was made of.
        trusted: Dotted names that opening the model may call, besides the loader's own list.
        isolate: When the model is opened, and asked about its golden rows, in a process of its
            own first: ``always``; ``unsigned``, unless ``public_key`` has signed the package or
            it has passed here before; or ``never``.
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
