"""The seven checks that a package passes before anybody gets predictions from it."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Self, get_args

from stagebook.errors import Exit, Problem, StagebookError, Where, did_you_mean
from stagebook.model import attestation as attestations
from stagebook.model import environment as environments
from stagebook.model import manifest, materials, mlmodel, schema, signing
from stagebook.model.environment import Rule
from stagebook.model.formats.model_file import ModelFile
from stagebook.model.golden import FILE as GOLDEN
from stagebook.model.golden import Golden
from stagebook.model.manifest import Manifest
from stagebook.model.prediction import predict, type_of

Attitude = Literal["ignore", "warn", "refuse"]
ATTITUDES: tuple[str, ...] = get_args(Attitude)
RULES: tuple[str, ...] = (*get_args(Rule), "ignore")


class State(Enum):
    """What came of a check."""

    PASSED = "passed"
    WARNED = "warned"
    OVERRIDDEN = "overridden"
    REFUSED = "refused"
    SKIPPED = "not reached"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a loader asks of a package.

    Attributes:
        public_key: The key that it has to be signed with; None if it need not be.
        environment: What this environment has to be; ``ignore`` for anything, None for what the
            package says.
        attestation: What to do about a package without an attestation, or built from a tree that
            was not clean; ``ignore`` does not look for one.
        materials: What to do about a package of which nobody knows what it was made of.
        trusted: Dotted names that opening the model may call, besides the loader's own list.
    """

    public_key: Path | None = None
    environment: Rule | Literal["ignore"] | None = None
    attestation: Attitude = "warn"
    materials: Attitude = "refuse"
    trusted: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuses what is none of the choices, which would else be taken for `ignore`."""
        asked = (
            ("environment", self.environment, (*RULES, None)),
            ("attestation", self.attestation, ATTITUDES),
            ("materials", self.materials, ATTITUDES),
        )
        problems = tuple(
            Problem(
                "bad-policy",
                f"{name} is {value!r}, which is none of {', '.join(map(str, choices))}.",
                did_you_mean(str(value), [str(one) for one in choices], "Choose one of these."),
            )
            for name, value, choices in asked
            if value not in choices
        )
        if problems:
            raise StagebookError(*problems)


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        name: What is checked.
        state: What came of it.
        detail: What was seen, in a few words.
        problems: What is wrong.
    """

    name: str
    state: State
    detail: str = ""
    problems: tuple[Problem, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """This check as plain values."""
        return {
            "name": self.name,
            "state": self.state.value,
            "detail": self.detail,
            "problems": [one.as_json() for one in self.problems],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The check that ``as_json`` made these values of."""
        problems = tuple(Problem.from_json(one) for one in values["problems"])
        return cls(values["name"], State(values["state"]), values["detail"], problems)


@dataclass(slots=True)
class Passage:
    """A package on its way through the gate.

    Attributes:
        folder: The package.
        policy: What is asked of it.
        manifest: Its manifest.
        checks: What has been checked.
        file: The model's file, once it is read.
        model: The model, once it is open.
    """

    folder: Path
    policy: Policy
    manifest: Manifest
    checks: list[Check] = field(default_factory=list)
    file: ModelFile | None = None
    model: Any = None

    @property
    def refusals(self) -> tuple[Problem, ...]:
        """Why it cannot be loaded; empty if it can."""
        return tuple(
            problem
            for check in self.checks
            if check.state is State.REFUSED
            for problem in check.problems
        )

    def require(self) -> None:
        """Raises a StagebookError if it cannot be loaded."""
        if self.refusals:
            raise StagebookError(*self.refusals, exit_code=Exit.UNFIT)


def pass_through(folder: Path, policy: Policy) -> Passage:
    """Checks a package, in order; it is opened only if nothing that can be seen before is wrong.

    Args:
        folder: The package.
        policy: What is asked of it.

    Raises:
        StagebookError: There is no package, or one of a newer format.
    """
    passage = Passage(folder, policy, manifest.read(folder))
    for name, look in _STEPS:
        after_opening = look in (_open, _golden, _schemas)
        if after_opening and passage.refusals:
            passage.checks.append(Check(name, State.SKIPPED))
        else:
            passage.checks.append(_looked(name, look, passage))
    return passage


def _looked(name: str, look: "Callable[[Passage], Check]", passage: Passage) -> Check:
    try:
        return look(passage)
    except StagebookError as error:
        return Check(name, State.REFUSED, "", error.problems)
    except Exception as error:  # whatever a package does to its reader is a reason against it
        message = f"It cannot be read: {type(error).__name__}: {error}"
        problem = Problem("package-changed", message, _GET_ANOTHER, Where(str(passage.folder)))
        return Check(name, State.REFUSED, "", (problem,))


_GET_ANOTHER = "Get the package anew from where it was made, or recreate it."


def _files(passage: Passage) -> Check:
    key = passage.policy.public_key
    problems = signing.verify(passage.folder, key) if key else ()
    problems = problems or passage.manifest.differences(passage.folder)
    words = f"{len(passage.manifest.files)} files" + (", signed" if key else "")
    return Check("files", State.REFUSED if problems else State.PASSED, words, problems)


def _environment(passage: Passage) -> Check:
    text = (passage.folder / environments.FILE).read_text(encoding="utf-8")
    lock = environments.parse(text)
    rule = passage.policy.environment
    problems = lock.differences(None if rule == "ignore" else rule)
    words = lock.words
    if problems and rule == "ignore":
        return Check("environment", State.OVERRIDDEN, words, problems)
    return Check("environment", State.REFUSED if problems else State.PASSED, words, problems)


def _provenance(passage: Passage) -> Check:
    made_of = materials.read(passage.folder / materials.FILE)
    lock = (passage.folder / environments.FILE).read_text(encoding="utf-8")
    gaps = list(made_of.gaps)
    if made_of.environment != materials.digest(lock):
        what = "They name another environment than the package's."
        gaps.append(Problem("materials-missing", what, _GET_ANOTHER, Where(materials.FILE)))
    attested = attestations.Attested("attestation not looked at")
    if passage.policy.attestation != "ignore":
        attested = attestations.look(passage.folder, passage.manifest)
    # one that speaks of another package is not made right by any policy
    attitude = "refuse" if attested.foreign else passage.policy.attestation
    told = [(passage.policy.materials, one) for one in gaps]
    told += [(attitude, one) for one in attested.problems]
    words = f"{len(made_of.steps)} stages, {attested.words}"
    for state, wanted in ((State.REFUSED, "refuse"), (State.WARNED, "warn")):
        if problems := tuple(problem for attitude, problem in told if attitude == wanted):
            return Check("provenance", state, words, problems)
    return Check("provenance", State.PASSED, words)


def _types(passage: Passage) -> Check:
    served = passage.manifest.model
    passage.file = ModelFile(served.format, (passage.folder / served.file).read_bytes())
    problems = passage.file.distrust(passage.policy.trusted)
    words = served.format
    if passage.policy.trusted:
        words += f", trusting {', '.join(passage.policy.trusted)}"
    return Check("types", State.REFUSED if problems else State.PASSED, words, problems)


def _open(passage: Passage) -> Check:
    assert passage.file, "the types in it have been looked through"
    passage.model = passage.file.open(passage.policy.trusted)
    kind, told = type_of(passage.model), passage.manifest.model.type
    if kind == told:
        return Check("opening", State.PASSED, kind)
    message = f"The model is a {kind}; the package says {told}."
    problem = Problem("package-changed", message, _GET_ANOTHER, Where(manifest.FILE))
    return Check("opening", State.REFUSED, kind, (problem,))


def _golden(passage: Passage) -> Check:
    golden = Golden.read(passage.folder / GOLDEN)
    served = passage.manifest.model
    rows = golden.inputs[list(served.features)]
    problems = golden.differences(predict(passage.model, served.method, rows, served.outputs))
    words = f"{len(rows)} rows within {golden.tolerance:g}"
    return Check("golden rows", State.REFUSED if problems else State.PASSED, words, problems)


def _schemas(passage: Passage) -> Check:
    said = mlmodel.read(passage.folder)
    pairs = zip((schema.INPUT, schema.OUTPUT), mlmodel.signed_columns(said), strict=True)
    problems = (*mlmodel.strange(said), *_disagreements(passage, pairs))
    served = passage.manifest.model
    words = f"{len(served.features)} columns in, {len(served.outputs)} out"
    return Check("schema", State.REFUSED if problems else State.PASSED, words, problems)


def _disagreements(
    passage: Passage, pairs: "Iterator[tuple[str, list[tuple[str, str]]]]"
) -> Iterator[Problem]:
    served = passage.manifest.model
    wanted = {schema.INPUT: served.features, schema.OUTPUT: served.outputs}
    for file, signed in pairs:
        own = schema.parse((passage.folder / file).read_text(encoding="utf-8"))
        yield from own.disagreements(signed, file)
        if tuple(one.name for one in own.fields) != wanted[file]:
            message = f"{file} and {manifest.FILE} disagree on the columns."
            yield Problem("schema-differs", message, "Make the package anew.", Where(file))


_STEPS: tuple[tuple[str, "Callable[[Passage], Check]"], ...] = (
    ("files", _files),
    ("environment", _environment),
    ("provenance", _provenance),
    ("types", _types),
    ("opening", _open),
    ("golden rows", _golden),
    ("schema", _schemas),
)


def as_json(passage: Passage) -> dict[str, Any]:
    """What was checked, as plain values."""
    return {
        "name": passage.manifest.name,
        "digest": passage.manifest.digest,
        "holds": not passage.refusals,
        "checks": [check.as_json() for check in passage.checks],
    }


def render(passage: Passage) -> str:
    """What was checked, as JSON."""
    return json.dumps(as_json(passage), ensure_ascii=False)
