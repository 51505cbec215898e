"""Why features that were looked up are missing, in words for the client."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from stagebook.features.definitions import FeatureView
from stagebook.features.resolution import Resolution
from stagebook.features.stored_rows import Absence, LookedUp
from stagebook.serving.refusal import Refusal, RequestProblem, RowWarning

_HINTS = {
    Absence.NOT_ASKED: "Send the keys and the instant of each row.",
    Absence.UNKNOWN_KEY: "Check the key, or write the online store from a table that has it.",
    Absence.NOT_KNOWN_YET: (
        "The online store has only the last row of each key: it answers requests of now."
    ),
    Absence.EXPIRED: "Write the online store again from newer rows.",
}


@dataclass(frozen=True, slots=True)
class MissingFeatures:
    """The features that an online store does not have for the rows of a request.

    Attributes:
        resolution: The feature service.
        looked_up: What the store gave.
    """

    resolution: Resolution
    looked_up: LookedUp

    def warnings(self) -> Iterator[RowWarning]:
        """A remark for each row and view without a row in the store."""
        for view in self.resolution.views:
            names = [name for name in view.features if name in self.resolution.features]
            names = names or list(view.features)
            verb = "is" if len(names) == 1 else "are"
            for row, absence in enumerate(self.looked_up.absences[view.name]):
                if absence is not None:
                    listed = ", ".join(f"`{name}`" for name in names)
                    message = f"{listed} {verb} missing: {self._reason(view, absence)}."
                    yield RowWarning("feature-missing", message, row, names[0])

    def explained(self, refusal: Refusal) -> Refusal:
        """The same refusal, which says why features that the model needs are missing."""
        problems = [
            self._explained(problem) if problem.code == "null-not-allowed" else problem
            for problem in refusal.problems
        ]
        return Refusal(refusal.status, *problems, headers=refusal.headers)

    def _explained(self, problem: RequestProblem) -> RequestProblem:
        if problem.row is None or problem.column is None:
            return problem
        for view, name in _origins(self.resolution, problem.column):
            absence = self.looked_up.absences[view.name][problem.row]
            if absence is not None:
                message = f"{problem.message.rstrip('.')}: {self._reason(view, absence)}."
                return replace(problem, message=message, hint=_HINTS[absence])
            if name == problem.column:
                reason = f"the row of the feature view `{view.name}` has no value of it"
                message = f"{problem.message.rstrip('.')}: {reason}."
                return replace(problem, message=message, hint="")
        return problem

    def _reason(self, view: FeatureView, absence: Absence) -> str:
        keys = " and ".join(f"`{key}`" for key in view.entity.keys)
        title, instant = (
            f"the feature view `{view.name}`",
            f"the instant `{self.resolution.instant}`",
        )
        match absence:
            case Absence.NOT_ASKED:
                return f"{title} needs {keys} and {instant}, of which the row lacks a value"
            case Absence.UNKNOWN_KEY:
                return f"{title} has no row for this {keys}"
            case Absence.NOT_KNOWN_YET:
                return f"the row of {title} for this {keys} became known only after {instant}"
            case Absence.EXPIRED:
                return f"the row of {title} for this {keys} is older than its ttl, {view.ttl}"


def _origins(resolution: Resolution, column: str) -> Iterator[tuple[FeatureView, str]]:
    """The views that a feature comes from, each with the feature of it that is used."""
    for view in resolution.views:
        if column in view.features:
            yield view, column
    for feature in resolution.on_demand:
        if feature.name == column:
            for name in feature.inputs:
                yield from _origins(resolution, name)
