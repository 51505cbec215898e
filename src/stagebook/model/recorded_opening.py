"""The checks that open a model, as packaging has recorded them: pages open no model."""

import shlex

from stagebook.model import manifest
from stagebook.model.opening import OpeningCheck
from stagebook.model.verification import Check, CheckState, VerificationReport
from stagebook.project.errors import Problem, Where


def opening(report: VerificationReport) -> Check:
    """What packaging found when it opened the model; a warning if that is not recorded."""
    opened = _recorded(report)
    if opened is None:
        return Check("opening", CheckState.WARNED, "", (_not_recorded(report),))
    words = f"{opened.type}, checked at packaging, {opened.moment}"
    if opened.type == report.manifest.model.type:
        return Check("opening", CheckState.PASSED, words)
    return Check("opening", CheckState.REFUSED, words, (other_type(report, opened.type),))


def golden(report: VerificationReport) -> Check:
    """What packaging found when it asked the model about its golden rows."""
    opened = _recorded(report)
    if opened is None:
        return Check("golden rows", CheckState.SKIPPED)
    words = f"{opened.rows}, checked at packaging, {opened.moment}"
    return Check("golden rows", CheckState.PASSED, words)


def _recorded(report: VerificationReport) -> OpeningCheck | None:
    statement = report.attested.statement if report.attested else None
    return statement.opened if statement else None


def _not_recorded(report: VerificationReport) -> Problem:
    message = "No record shows that the model was opened at packaging."
    hint = f"Check the model: stagebook model check {shlex.quote(str(report.folder))}"
    return Problem("opening-not-recorded", message, hint, Where(str(report.folder)))


def other_type(report: VerificationReport, kind: str) -> Problem:
    """The problem of a model whose class is not that of the manifest."""
    message = f"The model is a {kind}; the manifest says {report.manifest.model.type}."
    return Problem("package-changed", message, manifest.GET_ANOTHER, Where(manifest.FILE))
