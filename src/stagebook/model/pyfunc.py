"""What MLflow calls to load a package: ``mlflow.pyfunc.load_model`` and ``mlflow models serve``."""

import importlib.metadata
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from stagebook.model.load import Model, opened, policy_of_environment
from stagebook.model.policy import Policy
from stagebook.model.scoring_options import ScoringOptions
from stagebook.project.errors import Exit, Problem, StagebookError
from stagebook.project.extras import SERVING

SCORER = "stagebook.scorer"
"""The group of the entry point that opens a scorer; ``serving`` registers it."""


class Scorer(Protocol):
    """A model with checks of its rows, and a log."""

    @property
    def model(self) -> Model:
        """The model."""

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Predictions for rows that pass the checks."""


OpenScorer = Callable[[Path, Policy, ScoringOptions], Scorer]


class Predictor:
    """A model as MLflow's scoring calls it.

    Args:
        model: The model.
        scorer: What checks and logs the rows; None to predict alone.
    """

    def __init__(self, model: Model, scorer: Scorer | None = None) -> None:
        self.model = model
        self._scorer = scorer or model

    def predict(self, rows: Any, params: Any = None) -> pd.DataFrame:
        """Predictions for some rows; ``params`` is MLflow's and means nothing here."""
        return self._scorer.predict(pd.DataFrame(rows))


def _load_pyfunc(path: str) -> Predictor:
    """Called by MLflow with the package's folder.

    ``STAGEBOOK_LOAD_ENVIRONMENT``, ``STAGEBOOK_LOAD_MATERIALS``, ``STAGEBOOK_LOAD_TRUSTED`` and
    ``STAGEBOOK_LOAD_PUBLIC_KEY`` have the values of the arguments of ``stagebook.load``.
    ``STAGEBOOK_SERVE_VALIDATION`` and ``STAGEBOOK_SERVE_LOG`` add the checks and the log of
    ``stagebook serve``.
    """
    policy, options = policy_of_environment(), ScoringOptions.of_environment()
    if options.is_plain:
        return Predictor(opened(Path(path), policy))
    scorer = _open_scorer()(Path(path), policy, options)
    return Predictor(scorer.model, scorer)


def _open_scorer() -> OpenScorer:
    SERVING.require()
    for entry_point in importlib.metadata.entry_points(group=SCORER):
        open_scorer: OpenScorer = entry_point.load()
        return open_scorer
    message = f"Stagebook is installed without its entry point `{SCORER}`, so rows are not checked."
    hint = "Install Stagebook again: pip install --force-reinstall --no-deps 'stagebook[serving]'"
    raise StagebookError(Problem("no-extra", message, hint), exit_code=Exit.ENVIRONMENT)
