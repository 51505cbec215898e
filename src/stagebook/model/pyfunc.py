"""What MLflow calls to load a package: ``mlflow.pyfunc.load_model`` and ``mlflow models serve``."""

from pathlib import Path
from typing import Any

import pandas as pd

from stagebook.model.load import Model, opened, policy_of_environment


class Predictor:
    """A model as MLflow's scoring calls it.

    Args:
        model: The model.
    """

    def __init__(self, model: Model) -> None:
        self.model = model

    def predict(self, rows: Any, params: Any = None) -> pd.DataFrame:
        """Predictions for some rows; ``params`` is MLflow's and means nothing here."""
        return self.model.predict(pd.DataFrame(rows))


def _load_pyfunc(path: str) -> Predictor:
    """Called by MLflow with the package's folder.

    ``STAGEBOOK_LOAD_ENVIRONMENT``, ``STAGEBOOK_LOAD_MATERIALS``, ``STAGEBOOK_LOAD_TRUSTED`` and
    ``STAGEBOOK_LOAD_PUBLIC_KEY`` have the values of the arguments of ``stagebook.load``.
    """
    return Predictor(opened(Path(path), policy_of_environment()))
