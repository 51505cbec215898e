"""The probability of a positive label for each score, learned from labelled rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from stagebook.data.profiles.score_histogram import BINS, CENTRES, ScoreHistogram

FOLDS = 10
"""Each tenth of the rows is predicted by a calibration of the others."""

GROUPS = 10
"""Groups of rows, equally large, whose mean probability and share of positives are compared."""

SEED = 20
"""Of the assignment of rows to folds, so that the same rows give the same calibration."""

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Block:
    """Neighbouring bins with one probability.

    Attributes:
        first: The first bin of them that has rows.
        last: The last bin of them that has rows.
        positives: Positive rows in these bins.
        rows: All rows in them; at least 1.
    """

    first: int
    last: int
    positives: int
    rows: int

    @property
    def probability(self) -> float:
        """The share of positive rows."""
        return self.positives / self.rows


@dataclass(frozen=True, slots=True)
class Calibration:
    """Probabilities of a positive label, by bin of the score.

    Attributes:
        blocks: Bins that share a probability, ascending; none if scores are probabilities as they
            are.
        rows: Labelled rows with a score.
        error_before: The expected calibration error of the scores; None if it was not computed.
        error_after: That of calibrated probabilities, for rows that they were not learned from.
            Both have the chance in them that a tenth of the rows has.

    Example:
        >>> from stagebook.monitoring.calibration import Calibration
        >>> from stagebook.data.profiles.score_histogram import ScoreHistogram
        >>> calibration = Calibration.of(
        ...     ScoreHistogram.of([0.9] * 80 + [0.4] * 10),
        ...     ScoreHistogram.of([0.9] * 20 + [0.4] * 90),
        ... )
        >>> [round(float(calibration.probabilities[place]), 3) for place in (800, 1300, 1800)]
        [0.1, 0.45, 0.8]
    """

    blocks: tuple[Block, ...]
    rows: int
    error_before: float | None
    error_after: float | None

    @classmethod
    def of(cls, positives: ScoreHistogram, negatives: ScoreHistogram) -> Self:
        """Calibrates, if that makes the probabilities better for rows that were not learned from.

        As NannyML does, scores are taken as they are if the expected calibration error of rows of
        other folds is not smaller with calibration; or if all labels are the same. Unlike there,
        the error is the mean over folds: over all folds together, calibrated rows look better than
        they are, because each row was learned from in the other folds. The rows of a bin are
        alike, so they are assigned to folds by drawing numbers of them. Sources: NannyML's
        documentation, Calibrating scores; Naeini, Cooper and Hauskrecht, Obtaining well calibrated
        probabilities using Bayesian binning, AAAI 2015, for the error.
        """
        hits, totals = positives.counts, positives.counts + negatives.counts
        rows = int(totals.sum())
        if not positives.rows or not negatives.rows:
            return cls((), rows, None, None)
        before, after = _errors(positives.counts, negatives.counts)
        blocks = isotonic(hits, totals) if after < before else ()
        return cls(blocks, rows, before, after)

    @property
    def calibrated(self) -> bool:
        """Whether the probabilities are others than the scores."""
        return bool(self.blocks)

    @property
    def probabilities(self) -> Floats:
        """The probability in each bin: interpolated between blocks, constant beyond them."""
        return CENTRES if not self.blocks else _between(self.blocks)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "bins": BINS,
            "rows": self.rows,
            "blocks": [[item.first, item.last, item.positives, item.rows] for item in self.blocks],
            "error_before": self.error_before,
            "error_after": self.error_after,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The calibration in plain values.

        Raises:
            KeyError: A value is missing.
            TypeError: A value is of the wrong kind.
            ValueError: A value is impossible, or the number of bins is another.
        """
        if values["bins"] != BINS:
            raise ValueError(f"the calibration has {values['bins']} bins, not {BINS}")
        blocks = tuple(Block(*map(int, block)) for block in values["blocks"])
        places = [place for block in blocks for place in (block.first, block.last)]
        if places != sorted(places) or any(not 0 <= place < BINS for place in places):
            raise ValueError("the blocks do not ascend")
        if any(not 0 <= block.positives <= block.rows or not block.rows for block in blocks):
            raise ValueError("a block has an impossible number of rows")
        return cls(blocks, int(values["rows"]), values["error_before"], values["error_after"])


def isotonic(positives: Counts, totals: Counts) -> tuple[Block, ...]:
    """The probabilities that rise with the score and fit best: neighbours that fall are pooled.

    This is the weighted least-squares fit, and the most likely one. Sums are integers, so it is
    exact. Source: Ayer et al., An empirical distribution function for sampling with incomplete
    information, Annals of Mathematical Statistics 26, 1955; Barlow et al., Statistical Inference
    under Order Restrictions, 1972.

    Args:
        positives: Positive rows in each bin.
        totals: All rows in each bin.
    """
    blocks: list[Block] = []
    for place in np.flatnonzero(totals).tolist():
        block = Block(place, place, int(positives[place]), int(totals[place]))
        while blocks and blocks[-1].positives * block.rows >= block.positives * blocks[-1].rows:
            last = blocks.pop()
            hits, rows = last.positives + block.positives, last.rows + block.rows
            block = Block(last.first, block.last, hits, rows)
        blocks.append(block)
    return tuple(blocks)


def expected_calibration_error(probabilities: Floats, positives: Counts, totals: Counts) -> float:
    """The mean distance of probability and share of positives in ``GROUPS`` groups of rows.

    Groups are of neighbouring probabilities and about equally large; rows with one probability
    stay together.

    Args:
        probabilities: Of each cell of rows.
        positives: Positive rows in each cell.
        totals: All rows in each cell; some rows in all.
    """
    order = np.argsort(probabilities, kind="stable")
    p, hits, rows = probabilities[order], positives[order], totals[order]
    middles = np.cumsum(rows) - rows / 2
    groups = np.minimum((middles * GROUPS / rows.sum()).astype(np.int64), GROUPS - 1)
    distances = np.bincount(groups, p * rows, GROUPS) - np.bincount(groups, hits, GROUPS)
    return float(np.abs(distances).sum() / rows.sum())


def _errors(positives: Counts, negatives: Counts) -> tuple[float, float]:
    """The expected calibration errors of scores and of calibrated rows: means over the folds."""
    totals = positives + negatives
    generator = np.random.default_rng(SEED)
    hits, misses = (_folds(side, generator) for side in (positives, negatives))
    errors = []
    for own, rows in zip(hits, hits + misses, strict=True):
        learned = isotonic(positives - own, totals - rows)
        if rows.any() and learned:
            pair = (CENTRES, _between(learned))
            errors.append([expected_calibration_error(p, own, rows) for p in pair])
    if not errors:  # few rows, all in one fold
        return 0.0, 0.0
    before, after = np.mean(errors, axis=0).tolist()
    return before, after


def _folds(counts: Counts, generator: np.random.Generator) -> Counts:
    """The rows of each fold in each bin, when each row draws its fold."""
    return generator.multinomial(counts, [1 / FOLDS] * FOLDS).T


def _between(blocks: tuple[Block, ...]) -> Floats:
    places = [place for block in blocks for place in (block.first, block.last)]
    values = [value for block in blocks for value in (block.probability,) * 2]
    return np.asarray(np.interp(np.arange(BINS), places, values))
