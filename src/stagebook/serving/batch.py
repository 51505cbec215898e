"""``stagebook.log_batch``: predicts a table of rows, and logs them as a server would have."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

import numpy as np
import pandas as pd

from stagebook.model.policy import Policy, PolicyOptions
from stagebook.project.extras import SERVING
from stagebook.project.masks import Masks
from stagebook.serving import batch_log, ids
from stagebook.serving.batch_rows import BatchRows
from stagebook.serving.batch_scoring import score
from stagebook.serving.log.entry import EntryEncoder
from stagebook.serving.options import Limits
from stagebook.serving.served_model import ServedModel


@dataclass(frozen=True, slots=True, eq=False)
class LoggedBatch:
    """Rows that were predicted together and logged.

    Attributes:
        ids: By row, the id of its prediction, by which labels are joined; missing for a row that
            was refused.
        predictions: A row for each row; missing values for one that was refused.
        refused: How many rows were refused.
        days: The days (UTC) that the log has for them, such as ``2026-11-29``.
    """

    ids: pd.Series
    predictions: pd.DataFrame
    refused: int
    days: tuple[str, ...]


def log_batch(
    log: str | Path,
    package: str | Path,
    rows: pd.DataFrame,
    *,
    time: str,
    keys: Sequence[str] = (),
    **policy: Unpack[PolicyOptions],
) -> LoggedBatch:
    """Predicts a table of rows with a package, and logs each row as a request of its own.

    For models that predict many rows at a time, and to replay the past: `stagebook monitor`,
    `stagebook trace prediction:ID` and `stagebook model compare --log` read the log as they read
    that of `stagebook serve`. Rows are checked by the package's contract as a server checks them;
    one that breaks it is logged as refused. The same rows give the same bytes. A day that was
    logged already, with the same rows, is left as it is.

    Args:
        log: The folder of the log, which is created. Each day becomes one Parquet file.
        package: The package's folder, its archive, or its address in MLflow's registry.
        rows: n rows with at least the model's features.
        time: The column with the time of each row; in UTC if it has no zone. Rows are logged in
            its order, in the file of its day.
        keys: Columns that are logged with the time beside the features, so that labels can be
            joined by them.
        policy: What the package must satisfy: the keywords of ``stagebook.load``.

    Returns:
        The predictions and their ids, under the index of ``rows``.

    Raises:
        StagebookError: The package is not fit to be loaded here; the rows lack a column
            (``missing-column``, ``no-column``, ``no-time-column``) or a time (``no-time``); or the
            log has other rows with the same ids (``logged-already``), or cannot be written.

    Example:
        >>> import pandas as pd
        >>> import stagebook
        >>> rows = pd.DataFrame({"at": pd.to_datetime(["2026-11-29 10:00"]), "km": [10.0]})
        >>> options = {"materials": "ignore", "attestation": "ignore"}
        >>> logged = stagebook.log_batch("log", "duration", rows, time="at", **options)
        >>> logged.ids[0][-2:], logged.predictions["prediction"].round(3).tolist(), logged.days
        ('-0', [25.0], ('2026-11-29',))
    """
    SERVING.require()
    served = ServedModel.open(package, Policy.of(**policy), Limits().rows)
    batch = BatchRows.of(rows, served.features, time, keys)
    names = ids.of_batch(batch.times, served.digest)
    scored = score(served, batch, names)
    encoder = EntryEncoder(masks=Masks.here())
    days = batch.days()
    for day, (first, end) in days.items():
        batch_log.write(Path(log), day, scored.part(first, end), encoder)
    back = np.argsort(batch.order)
    own = pd.Series(scored.prediction_ids, dtype=object).take(back)
    predictions = scored.predictions_by_row.take(back)
    refused = len(scored.refused)
    return LoggedBatch(
        own.set_axis(rows.index), predictions.set_axis(rows.index), refused, tuple(days)
    )
