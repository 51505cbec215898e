"""The error by which MLflow answers with the reasons why rows get no prediction."""

import json
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST, INTERNAL_ERROR


class RefusedRowsError(MlflowException):
    """Rows that get no prediction.

    MLflow's server answers with the status and with JSON that has ``errors``. It puts the rows
    into ``message`` before; the answer has the message without them.

    Args:
        message: The reasons.
        status: The HTTP status.
        errors: The reasons as plain values: code, message, hint, row and column.
    """

    def __init__(
        self, message: str, status: int = 422, errors: tuple[dict[str, Any], ...] = ()
    ) -> None:
        super().__init__(message, BAD_REQUEST if status < 500 else INTERNAL_ERROR)
        self.status = status
        self.errors = errors

    def get_http_status_code(self) -> int:
        """The HTTP status of the answer."""
        return self.status

    def serialize_as_json(self) -> str:
        """The body of the answer."""
        values = {"error_code": self.error_code, "message": str(self), "errors": self.errors}
        return json.dumps(values)
