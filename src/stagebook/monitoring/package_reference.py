"""What a package says of the rows that its model learned from, for monitoring."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from stagebook.data.profiles import profile as profiles
from stagebook.data.profiles.profile import Profile
from stagebook.model import manifest
from stagebook.project.errors import Problem, StagebookError, Where, did_you_mean

INPUT, OUTPUT = "profile.input.json", "profile.output.json"


@dataclass(frozen=True, slots=True)
class PackageReference:
    """The profiles of a package, whose grids the log of its requests is counted on.

    Attributes:
        digest: The package's digest, as in the log.
        inputs: The profile of its features in the training rows.
        predictions: The profile of its predictions for the test rows.
        score: The column of the predictions that is a score from 0 to 1; None if none is.
    """

    digest: str
    inputs: Profile
    predictions: Profile
    score: str | None = None

    def __post_init__(self) -> None:
        names = [column.name for column in self.predictions.columns]
        if self.score is not None and self.score not in names:
            message = f"The package predicts no column `{self.score}`, which is named as its score."
            hint = did_you_mean(self.score, names, f"Its predictions are: {', '.join(names)}")
            raise StagebookError(Problem("unknown-score", message, hint, Where(OUTPUT)))

    @classmethod
    def read(cls, folder: Path, score: str | None = None) -> Self:
        """The profiles in a package's folder; the model is not opened.

        Args:
            folder: The folder of the package.
            score: The column of the predictions that is a score from 0 to 1.

        Raises:
            StagebookError: The folder is not a package, a profile cannot be read, or the score is
                none of its predictions (``unknown-score``).
        """
        digest = manifest.read(folder).digest
        inputs, outputs = (profiles.read(folder / name) for name in (INPUT, OUTPUT))
        return cls(digest, inputs, outputs, score)
