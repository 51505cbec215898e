"""The seven checks that a package passes before anybody gets predictions from it."""

import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from stagebook.model import attestation as attestations
from stagebook.model import environment as environments
from stagebook.model import (
    evidence,
    manifest,
    materials,
    mlmodel,
    rehearsal,
    schema,
    signing,
)
from stagebook.model.attestation import AttestationCheck
from stagebook.model.contents import Contents
from stagebook.model.formats.model_file import ModelFile
from stagebook.model.golden import FILE as GOLDEN
from stagebook.model.golden import Golden
from stagebook.model.opening import OpeningCheck
from stagebook.model.policy import Attitude, Policy
from stagebook.model.prediction import type_of
from stagebook.model.verification import Check, CheckState, VerificationReport
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.extras import MODEL, SIGNING

Step = Callable[[VerificationReport], Check]
"""One check of a package."""


def pass_through(folder: Path, policy: Policy, *, here: bool = True) -> VerificationReport:
    """Checks a package, in order; it is opened only if nothing that can be seen before is wrong.

    Args:
        folder: The package.
        policy: What is asked of it.
        here: Whether the model is to be opened in this process at the end; else it is opened only
            in a process of its own.

    Raises:
        StagebookError: The folder is not a package, its format is newer, or an extra is missing.
    """
    return examine(Contents.read(folder), policy, here=here)


def as_recorded(folder: Path, policy: Policy) -> VerificationReport:
    """Checks a package without opening its model, of which packaging has recorded what it found.

    Args:
        folder: The package.
        policy: What is asked of it.

    Raises:
        StagebookError: The folder is not a package, its format is newer, or an extra is missing.
    """
    recorded = {"opening": _recorded_opening, "golden rows": _recorded_golden}
    return _examine(Contents.read(folder), policy, here=False, replaced=recorded)


def examine(contents: Contents, policy: Policy, *, here: bool = True) -> VerificationReport:
    """The same of a package that has been read; its folder is not looked at again.

    Raises:
        StagebookError: The extra ``model`` is not installed, or ``signing`` if a key is given.
    """
    return _examine(contents, policy, here=here, replaced={})


def _examine(
    contents: Contents, policy: Policy, *, here: bool, replaced: Mapping[str, Step]
) -> VerificationReport:
    MODEL.require()
    if policy.public_key:
        SIGNING.require()
    passage = VerificationReport(contents, policy, here)
    for name, look in _STEPS:
        after_opening = name in _AFTER_OTHERS
        if after_opening and passage.refusals:
            passage.checks.append(Check(name, CheckState.SKIPPED))
        else:
            passage.checks.append(_looked(name, replaced.get(name, look), passage))
    return passage


def _looked(name: str, look: Step, passage: VerificationReport) -> Check:
    try:
        return look(passage)
    except StagebookError as error:
        return Check(name, CheckState.REFUSED, "", error.problems)
    except Exception as error:  # whatever a package does to its reader is a reason against it
        if _is_missing(error, passage):
            return Check(name, CheckState.SKIPPED)
        message = f"It cannot be read: {type(error).__name__}: {error}"
        where = Where(str(passage.folder))
        problem = Problem("package-changed", message, manifest.GET_ANOTHER, where)
        return Check(name, CheckState.REFUSED, "", (problem,))


def _is_missing(error: Exception, passage: VerificationReport) -> bool:
    """Whether an error says that a file is not there, for which the check of files refuses."""
    name = error.args[0] if isinstance(error, KeyError) else None
    return name in passage.manifest.known and name not in passage.contents.files


def _files(passage: VerificationReport) -> Check:
    key, contents = passage.policy.public_key, passage.contents
    problems = signing.verify(contents, key) if key else ()
    problems = problems or contents.problems
    words = f"{len(passage.manifest.files)} files" + (", signed" if key else "")
    return Check.of("files", words, problems)


def _environment(passage: VerificationReport) -> Check:
    mlmodel.require_plain_environment(passage.contents.text)
    lock = environments.parse(passage.contents.text(environments.FILE))
    rule = passage.policy.environment
    problems = lock.differences(None if rule == "ignore" else rule)
    words = lock.words
    if problems and rule == "ignore":
        return Check("environment", CheckState.OVERRIDDEN, words, problems)
    return Check.of("environment", words, problems)


def _provenance(passage: VerificationReport) -> Check:
    evidence.require_readable(passage.contents.text)
    made_of = materials.parse(passage.contents.text(materials.FILE))
    lock = passage.contents.text(environments.FILE)
    gaps = list(made_of.gaps)
    if made_of.environment != materials.digest(lock):
        what = "They name another environment than the package's."
        gaps.append(Problem("materials-missing", what, manifest.GET_ANOTHER, Where(materials.FILE)))
    attested, doubts = _attested(passage)
    told = [(passage.policy.materials, gap) for gap in gaps] + doubts
    words = f"{len(made_of.steps)} stages, {attested.words}"
    for state, wanted in ((CheckState.REFUSED, "refuse"), (CheckState.WARNED, "warn")):
        if problems := tuple(problem for attitude, problem in told if attitude == wanted):
            return Check("provenance", state, words, problems)
    return Check("provenance", CheckState.PASSED, words)


def _attested(
    passage: VerificationReport,
) -> tuple[AttestationCheck, list[tuple[Attitude, Problem]]]:
    """What the attestation says, and what to do about each thing that is wrong with it."""
    wanted = passage.policy.attestation
    if wanted == "ignore":
        return AttestationCheck("attestation not looked at"), []
    attested = passage.attested = attestations.look(passage.folder, passage.manifest)
    # one that speaks of another package is not made right by any policy
    lenient: Attitude = "warn" if wanted == "unsigned" else wanted
    attitude: Attitude = "refuse" if attested.foreign or wanted == "unsigned" else wanted
    doubts = [(attitude, item) for item in attested.problems]
    if attested.statement is None:
        return attested, doubts
    key = passage.policy.public_key
    unsigned = (attestations.unsigned(passage.folder),)
    problems = signing.verify_statement(passage.folder, attested.data, key) if key else unsigned
    for problem in problems:
        forged = problem.code != "unsigned-attestation"
        doubts.append(("refuse" if forged else lenient, problem))
        attested = replace(attested, words=f"unsigned: {attested.words}")
    return attested, doubts


def _types(passage: VerificationReport) -> Check:
    served = passage.manifest.model
    passage.file = ModelFile(served.format, passage.contents.files[served.file])
    problems = passage.file.distrust(passage.policy.trusted)
    words = served.format
    if passage.policy.trusted:
        words += f", trusting {', '.join(passage.policy.trusted)}"
    return Check.of("types", words, problems)


def _open(passage: VerificationReport) -> Check:
    assert passage.file, "the types in it have been looked through"
    served, trusted = passage.manifest.model, passage.policy.trusted
    if _is_apart(passage):
        golden = passage.contents.files[GOLDEN]
        result = passage.rehearsed = rehearsal.rehearse(passage.file, served, golden, trusted)
        if result.opening:
            return Check("opening", CheckState.REFUSED, result.type, result.opening)
    if passage.rehearsed and (passage.rehearsed.asking or not passage.here):
        kind = passage.rehearsed.type
    else:
        passage.model = passage.file.open(trusted)
        kind = type_of(passage.model)
    told = served.type
    if kind == told:
        return Check("opening", CheckState.PASSED, kind)
    return Check("opening", CheckState.REFUSED, kind, (_other_type(passage, kind),))


def _other_type(passage: VerificationReport, kind: str) -> Problem:
    message = f"The model is a {kind}; the package says {passage.manifest.model.type}."
    return Problem("package-changed", message, manifest.GET_ANOTHER, Where(manifest.FILE))


def _is_apart(passage: VerificationReport) -> bool:
    """Whether a model is opened in a process of its own first."""
    policy = passage.policy
    if any(name.startswith("__main__") for name in policy.trusted):
        return False  # the code is in no file that another process could import
    if policy.isolate != "unsigned":
        return policy.isolate == "always"
    # the files are as the owner of the key signed them, or passed before, on this machine
    digest = passage.contents.manifest.digest
    return not policy.public_key and not rehearsal.is_known(digest, policy.trusted)


def _golden(passage: VerificationReport) -> Check:
    if passage.rehearsed and passage.model is None:
        words, problems = passage.rehearsed.rows, passage.rehearsed.asking
    else:
        golden = Golden.parse(passage.contents.files[GOLDEN])
        words, problems = rehearsal.ask(passage.model, passage.manifest.model, golden)
    if passage.rehearsed and not problems:
        rehearsal.remember(passage.contents.manifest.digest, passage.policy.trusted)
    return Check.of("golden rows", words, problems)


def _schemas(passage: VerificationReport) -> Check:
    said = mlmodel.parse(passage.contents.text(mlmodel.FILE))
    pairs = zip((schema.INPUT, schema.OUTPUT), mlmodel.signed_columns(said), strict=True)
    problems = (*mlmodel.strange(said), *_disagreements(passage, pairs))
    served = passage.manifest.model
    words = f"{len(served.features)} columns in, {len(served.outputs)} out"
    return Check.of("schema", words, problems)


def _disagreements(
    passage: VerificationReport, pairs: "Iterator[tuple[str, list[tuple[str, str]]]]"
) -> Iterator[Problem]:
    served = passage.manifest.model
    wanted = {schema.INPUT: served.features, schema.OUTPUT: served.outputs}
    for file, signed in pairs:
        own = schema.parse(passage.contents.text(file))
        yield from own.disagreements(signed, file)
        if tuple(field.name for field in own.fields) != wanted[file]:
            message = f"{file} and {manifest.FILE} disagree on the columns."
            yield Problem("schema-differs", message, "Make the package anew.", Where(file))


def _recorded_opening(passage: VerificationReport) -> Check:
    """What packaging found when it opened the model; a warning if nothing tells."""
    opened = _recorded(passage)
    if opened is None:
        return Check("opening", CheckState.WARNED, "", (_not_recorded(passage),))
    words = f"{opened.type}, when it was packaged, {opened.moment}"
    if opened.type == passage.manifest.model.type:
        return Check("opening", CheckState.PASSED, words)
    return Check("opening", CheckState.REFUSED, words, (_other_type(passage, opened.type),))


def _recorded_golden(passage: VerificationReport) -> Check:
    opened = _recorded(passage)
    if opened is None:
        return Check("golden rows", CheckState.SKIPPED)
    words = f"{opened.rows}, when it was packaged, {opened.moment}"
    return Check("golden rows", CheckState.PASSED, words)


def _recorded(passage: VerificationReport) -> OpeningCheck | None:
    statement = passage.attested.statement if passage.attested else None
    return statement.opened if statement else None


def _not_recorded(passage: VerificationReport) -> Problem:
    message = "Nothing records that the model was opened when it was packaged."
    hint = f"Check it: stagebook model check {shlex.quote(str(passage.folder))}"
    return Problem("opening-not-recorded", message, hint, Where(str(passage.folder)))


_AFTER_OTHERS = ("opening", "golden rows", "schema")  # nothing that was seen before is wrong
_STEPS: tuple[tuple[str, Step], ...] = (
    ("files", _files),
    ("environment", _environment),
    ("provenance", _provenance),
    ("types", _types),
    ("opening", _open),
    ("golden rows", _golden),
    ("schema", _schemas),
)
