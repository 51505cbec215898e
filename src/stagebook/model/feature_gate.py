"""The check of a package's feature code, which only a package with a feature service has."""

from stagebook.model import feature_check, manifest
from stagebook.model.verification import Check, CheckState, VerificationReport
from stagebook.project.errors import Problem, StagebookError, Where


def check(report: VerificationReport) -> Check:
    """Whether the feature code here is as packaged; skipped if it is not here."""
    packaged = feature_check.describe(report.contents)
    words = feature_check.words(packaged)
    names = report.manifest.model.features
    if packaged.features != names:
        message = f"{manifest.FEATURES} and {manifest.FILE} disagree on the features."
        where = Where(manifest.FEATURES)
        problem = Problem("schema-differs", message, manifest.GET_ANOTHER, where)
        return Check("features", CheckState.REFUSED, words, (problem,))
    try:
        return Check.of("features", words, feature_check.compare(packaged))
    except StagebookError as error:
        is_absent = all(problem.code == "no-feature-code" for problem in error.problems)
        if is_absent and report.policy.features == "skip":
            words = f"{words}, not compared: the module `{packaged.module}` is not here"
            return Check("features", CheckState.UNCHECKED, words)
        return Check("features", CheckState.REFUSED, words, error.problems)


def unimported(report: VerificationReport) -> Check:
    """The feature service of a package whose code is not to be imported."""
    words = feature_check.words(feature_check.describe(report.contents))
    return Check("features", CheckState.UNCHECKED, f"{words}, not compared")
