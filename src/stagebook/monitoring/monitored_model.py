"""The package whose server is watched: all that its log is compared with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from stagebook.model import manifest, monitoring_reference
from stagebook.model.monitoring_reference import MonitoringReference
from stagebook.monitoring.drift_watch import ReferenceSide
from stagebook.monitoring.package_reference import PackageReference
from stagebook.monitoring.signal import SignalKind


@dataclass(frozen=True, slots=True)
class MonitoredModel:
    """A package, for monitoring.

    Attributes:
        name: Its name.
        package: Its digest and profiles.
        reference: How far blocks of its reference are from each other, and how good it is on its
            test split; None in a package without a column of time.
    """

    name: str
    package: PackageReference
    reference: MonitoringReference | None

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The package in a folder; the model is not opened.

        Raises:
            StagebookError: The folder is not a package, or a file of it is not as it was packaged.
        """
        reference = monitoring_reference.read(folder)
        performance = reference.performance if reference else None
        binary = performance is not None and performance.kind == "binary"
        score = performance.score if performance is not None and binary else None
        package = PackageReference.read(folder, score)
        return cls(manifest.read(folder).name, package, reference)

    @property
    def sides(self) -> tuple[ReferenceSide, ReferenceSide]:
        """What the features and the predictions are compared with."""
        own = self.reference
        inputs, predictions = self.package.inputs, self.package.predictions
        return (
            ReferenceSide(SignalKind.INPUT_DRIFT, inputs, own.inputs.effects if own else None),
            ReferenceSide(
                SignalKind.PREDICTION_DRIFT, predictions, own.predictions.effects if own else None
            ),
        )
