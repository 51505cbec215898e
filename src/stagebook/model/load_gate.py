"""The checks that a package passes before anybody gets predictions from it.

There are seven, and one more for a package with a feature service.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from stagebook.model import attestation as attestations
from stagebook.model import environment as environments
from stagebook.model import (
    evidence,
    feature_gate,
    manifest,
    materials,
    mlmodel,
    recorded_opening,
    rehearsal,
    schema,
    signing,
)
from stagebook.model.attestation import AttestationCheck
from stagebook.model.contents import Contents
from stagebook.model.formats.model_file import ModelFile
from stagebook.model.golden import FILE as GOLDEN
from stagebook.model.golden import Golden
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
        policy: The requirements that it must meet.
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
        policy: The requirements that it must meet.

    Raises:
        StagebookError: The folder is not a package, its format is newer, or an extra is missing.
    """
    recorded = {
        "opening": recorded_opening.opening,
        "golden rows": recorded_opening.golden,
        "features": feature_gate.unimported,
    }
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
    report = VerificationReport(contents, policy, here)
    for name, step in _steps(report):
        after_opening = name in _AFTER_OTHERS
        if after_opening and report.refusals:
            report.checks.append(Check(name, CheckState.SKIPPED))
        else:
            report.checks.append(_run_check(name, replaced.get(name, step), report))
    return report


def _run_check(name: str, step: Step, report: VerificationReport) -> Check:
    try:
        return step(report)
    except StagebookError as error:
        return Check(name, CheckState.REFUSED, "", error.problems)
    except Exception as error:  # whatever a package does to its reader is a reason against it
        if _is_missing(error, report):
            return Check(name, CheckState.SKIPPED)
        message = f"The package cannot be read: {type(error).__name__}: {error}"
        where = Where(str(report.folder))
        problem = Problem("package-changed", message, manifest.GET_ANOTHER, where)
        return Check(name, CheckState.REFUSED, "", (problem,))


def _is_missing(error: Exception, report: VerificationReport) -> bool:
    """Whether an error says that a file is missing, for which the check of files refuses."""
    name = error.args[0] if isinstance(error, KeyError) else None
    return name in report.manifest.known and name not in report.contents.files


def _files(report: VerificationReport) -> Check:
    key, contents = report.policy.public_key, report.contents
    problems = signing.verify(contents, key) if key else ()
    problems = problems or contents.problems
    words = f"{len(report.manifest.files)} files" + (", signed" if key else "")
    return Check.of("files", words, problems)


def _environment(report: VerificationReport) -> Check:
    mlmodel.require_plain_environment(report.contents.text)
    lock = environments.parse(report.contents.text(environments.FILE))
    rule = report.policy.environment
    problems = lock.differences(None if rule == "ignore" else rule)
    words = lock.words
    if problems and rule == "ignore":
        return Check("environment", CheckState.OVERRIDDEN, words, problems)
    return Check.of("environment", words, problems)


def _provenance(report: VerificationReport) -> Check:
    evidence.require_readable(report.contents.text)
    model_materials = materials.parse(report.contents.text(materials.FILE))
    lock = report.contents.text(environments.FILE)
    gaps = list(model_materials.gaps)
    if model_materials.environment != materials.digest(lock):
        message = "The materials name a different environment than the package."
        gaps.append(
            Problem("materials-missing", message, manifest.GET_ANOTHER, Where(materials.FILE))
        )
    attested, doubts = _attested(report)
    findings = [(report.policy.materials, gap) for gap in gaps] + doubts
    words = f"{len(model_materials.steps)} stages, {attested.words}"
    for state, attitude in ((CheckState.REFUSED, "refuse"), (CheckState.WARNED, "warn")):
        if problems := tuple(problem for answer, problem in findings if answer == attitude):
            return Check("provenance", state, words, problems)
    return Check("provenance", CheckState.PASSED, words)


def _attested(
    report: VerificationReport,
) -> tuple[AttestationCheck, list[tuple[Attitude, Problem]]]:
    """What the attestation says, and what to do about each thing that is wrong with it."""
    attesting = report.policy.attestation
    if attesting == "ignore":
        return AttestationCheck("attestation not checked"), []
    attested = report.attested = attestations.look(report.folder, report.manifest)
    # one that speaks of another package is not made right by any policy
    lenient: Attitude = "warn" if attesting == "unsigned" else attesting
    attitude: Attitude = "refuse" if attested.foreign or attesting == "unsigned" else attesting
    doubts = [(attitude, item) for item in attested.problems]
    if attested.statement is None:
        return attested, doubts
    key = report.policy.public_key
    unsigned = (attestations.unsigned(report.folder),)
    problems = signing.verify_statement(report.folder, attested.data, key) if key else unsigned
    for problem in problems:
        forged = problem.code != "unsigned-attestation"
        doubts.append(("refuse" if forged else lenient, problem))
        attested = replace(attested, words=f"unsigned: {attested.words}")
    return attested, doubts


def _types(report: VerificationReport) -> Check:
    served = report.manifest.model
    report.file = ModelFile(served.format, report.contents.files[served.file])
    problems = report.file.distrust(report.policy.trusted)
    words = served.format
    if report.policy.trusted:
        words += f", trusting {', '.join(report.policy.trusted)}"
    return Check.of("types", words, problems)


def _open(report: VerificationReport) -> Check:
    assert report.file, "the check of types has read the file"
    served, trusted = report.manifest.model, report.policy.trusted
    if _is_apart(report):
        golden = report.contents.files[GOLDEN]
        result = report.rehearsed = rehearsal.rehearse(report.file, served, golden, trusted)
        if result.opening:
            return Check("opening", CheckState.REFUSED, result.type, result.opening)
    if report.rehearsed and (report.rehearsed.asking or not report.here):
        kind = report.rehearsed.type
    else:
        report.model = report.file.open(trusted)
        kind = type_of(report.model)
    expected = served.type
    if kind == expected:
        return Check("opening", CheckState.PASSED, kind)
    return Check("opening", CheckState.REFUSED, kind, (recorded_opening.other_type(report, kind),))


def _is_apart(report: VerificationReport) -> bool:
    """Whether a model is opened in a process of its own first."""
    policy = report.policy
    if any(name.startswith("__main__") for name in policy.trusted):
        return False  # the code is in no file that another process could import
    if policy.isolate != "unsigned":
        return policy.isolate == "always"
    # the files are as the owner of the key signed them, or passed before, on this machine
    digest = report.contents.manifest.digest
    return not policy.public_key and not rehearsal.is_known(digest, policy.trusted)


def _golden(report: VerificationReport) -> Check:
    if report.rehearsed and report.model is None:
        words, problems = report.rehearsed.rows, report.rehearsed.asking
    else:
        golden = Golden.parse(report.contents.files[GOLDEN])
        words, problems = rehearsal.ask(report.model, report.manifest.model, golden)
    if report.rehearsed and not problems:
        rehearsal.remember(report.contents.manifest.digest, report.policy.trusted)
    return Check.of("golden rows", words, problems)


def _schemas(report: VerificationReport) -> Check:
    mlflow_model = mlmodel.parse(report.contents.text(mlmodel.FILE))
    pairs = zip((schema.INPUT, schema.OUTPUT), mlmodel.signed_columns(mlflow_model), strict=True)
    problems = (*mlmodel.strange(mlflow_model), *_disagreements(report, pairs))
    served = report.manifest.model
    words = f"{len(served.features)} columns in, {len(served.outputs)} out"
    return Check.of("schema", words, problems)


def _disagreements(
    report: VerificationReport, pairs: "Iterator[tuple[str, list[tuple[str, str]]]]"
) -> Iterator[Problem]:
    served = report.manifest.model
    expected = {schema.INPUT: served.features, schema.OUTPUT: served.outputs}
    for file, signed in pairs:
        own = schema.parse(report.contents.text(file))
        yield from own.disagreements(signed, file)
        if tuple(field.name for field in own.fields) != expected[file]:
            message = f"{file} and {manifest.FILE} disagree on the columns."
            yield Problem("schema-differs", message, "Create the package again.", Where(file))


# only if nothing that was seen before is wrong
_AFTER_OTHERS = ("opening", "golden rows", "schema", "features")
_STEPS: tuple[tuple[str, Step], ...] = (
    ("files", _files),
    ("environment", _environment),
    ("provenance", _provenance),
    ("types", _types),
    ("opening", _open),
    ("golden rows", _golden),
    ("schema", _schemas),
)


def _steps(report: VerificationReport) -> tuple[tuple[str, Step], ...]:
    """The checks of a package, in order."""
    has_features = not report.manifest.files.keys().isdisjoint(
        (manifest.FEATURES, manifest.FEATURE_GOLDEN)
    )
    return (*_STEPS, ("features", feature_gate.check)) if has_features else _STEPS
