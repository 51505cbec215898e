"""The checks and the log of the server for a package that MLflow calls."""

import logging
import weakref
from dataclasses import asdict
from pathlib import Path
from typing import Self

import pandas as pd

from stagebook.model.load import Model, log_warnings
from stagebook.model.policy import Policy
from stagebook.model.refused_rows import RefusedRowsError
from stagebook.model.scoring_options import ScoringOptions
from stagebook.serving.exchange import Exchange
from stagebook.serving.input.rows import Rows
from stagebook.serving.input.validation import CheckedRows
from stagebook.serving.log.request_log import RequestLog
from stagebook.serving.options import Limits, LogOptions
from stagebook.serving.refusal import Refusal, RequestProblem
from stagebook.serving.served_model import ServedModel

ROUTE = "mlflow"
"""The route of a request in the log; MLflow's own is not known here."""

_LOG = logging.getLogger("stagebook.serving")


class Scorer:
    """Checks rows, predicts, and logs both.

    Args:
        served: The package.
        validation: Whether rows that break the contract are refused.
        log: The log; None for no log.
    """

    def __init__(self, served: ServedModel, validation: bool, log: RequestLog | None) -> None:
        self._served = served
        self._validation = validation
        self._log = log
        self._finalizer = weakref.finalize(self, log.close) if log else None

    @classmethod
    def open(cls, folder: Path, policy: Policy, options: ScoringOptions) -> Self:
        """The scorer of a package that passes the gate.

        Raises:
            StagebookError: The package is not fit to be served here, or the log cannot be written.
        """
        served = ServedModel.open(folder, policy, Limits().rows)
        log_warnings(served.model)
        log = (
            served.open_log(LogOptions(options.log, options.without, options.on_full))
            if options.log
            else None
        )
        return cls(served, options.validation, log)

    @property
    def model(self) -> Model:
        """The model."""
        return self._served.model

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Predictions for some rows.

        Args:
            rows: n rows with at least the model's features.

        Raises:
            RefusedRowsError: The rows break the contract, the model failed, or the log cannot be
                written and must be.
        """
        exchange = Exchange(self._served, ROUTE)
        try:
            return self._predicted(rows, exchange)
        except Refusal as refusal:
            exchange.refuse(refusal)
            raise _error(refusal) from None
        except Exception as error:
            _LOG.error("the model failed", exc_info=error)
            message = "The model failed; the log of the process has the reason."
            failure = Refusal(500, RequestProblem("model-failed", message))
            exchange.refuse(failure)
            raise _error(failure) from error
        finally:
            if self._log:
                self._log.add(exchange.entry())

    def close(self) -> None:
        """Writes what is queued for the log; at the latest this happens when Python ends."""
        if self._finalizer:
            self._finalizer()

    def _predicted(self, rows: pd.DataFrame, exchange: Exchange) -> pd.DataFrame:
        if self._log and self._log.must_stop:
            message = "No rows are predicted, because the request log cannot be written."
            raise Refusal(503, RequestProblem("log-full", message))
        if self._validation:
            exchange.checked = self._served.validator.checked(Rows.of_frame(rows))
        else:
            names = tuple(name for name in self._served.features if name in rows.columns)
            frame = rows[list(names)].reset_index(drop=True)
            exchange.checked, exchange.warnings = CheckedRows(names, frame, None), ()
        predictions = self._served.predict(exchange.checked.frame)
        exchange.predictions = predictions.copy() if self._log else None  # the caller may change it
        return predictions


def _error(refusal: Refusal) -> RefusedRowsError:
    lines = [_line(problem) for problem in refusal.problems]
    errors = tuple(asdict(problem) for problem in refusal.problems)
    return RefusedRowsError("\n".join(lines), refusal.status, errors)


def _line(problem: RequestProblem) -> str:
    row = "" if problem.row is None else f"Row {problem.row}: "
    return f"{row}{problem.message}{f' {problem.hint}' if problem.hint else ''}"
