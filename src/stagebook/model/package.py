"""``stagebook.package``: writes a model and its evidence from a notebook."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from stagebook.features.service import FeatureService
from stagebook.model.environment import Rule
from stagebook.model.evidence import Evaluation
from stagebook.model.formats.model_file import FormatName
from stagebook.model.splits import Splits
from stagebook.model.writer import PackageOptions, write
from stagebook.project.errors import Problem, StagebookError
from stagebook.project.extras import MODEL


def package(
    model: Any,
    path: str | Path,
    *,
    splits: Mapping[str, str | Path],
    key: str | Sequence[str],
    features: Sequence[str] | FeatureService,
    scores: Mapping[str, Any],
    baseline: Mapping[str, Any] | None = None,
    slices: pd.DataFrame | None = None,
    time: str | None = None,
    label: str | None = None,
    score: str | None = None,
    train: str = "train",
    test: str = "test",
    method: str = "predict",
    outputs: Sequence[str] = (),
    contract: Any = None,
    output_contract: Any = None,
    tolerance: float = 1e-9,
    file_format: FormatName = "pickle",
    trusted: Sequence[str] = (),
    rule: Rule = "equal",
    purpose: str = "",
    limits: str = "",
    tables: Mapping[str, Any] | None = None,
) -> str:
    """Writes a model and its evidence into a folder, which can be handed over.

    The folder is also a model of MLflow's. Its bytes depend on the model and its evidence alone:
    the same inputs give the same package.

    Args:
        model: The fitted model: anything with a method that predicts.
        path: The folder, a declared output of the stage; its name is the model's name.
        splits: The Parquet file of each part of the data, by name; ``train`` and ``test`` at least.
        key: The column, or columns, that tell rows apart. No key may be in two splits.
        features: Columns that the model is given, in order; or the feature service that gives
            them. The test split then has the service's request columns too, as
            ``service.historical`` returns them, and the package keeps the service and golden
            rows, by which a server proves that its features are those of the training.
        scores: How good it is on the test split: numbers by name. ``name_low`` and ``name_high``
            are the ends of an interval.
        baseline: The same of the forecast that it has to beat.
        slices: Scores of parts of the test split, one row each.
        time: The column of time, whose bounds are kept. The package then has a reference for
            monitoring too, ``monitoring.json``: how far days, weeks and months are from each other.
        label: Column of the test split with what came true; monitoring judges by it. Booleans, 0
            and 1, or numbers.
        score: Output column that is compared with the label; if None, the output with the label's
            name, or else the last of two probabilities, or else the only output.
        train: Name of the split that it learned from.
        test: Name of the split that it was judged with.
        method: The method that predicts, such as ``predict_proba``.
        outputs: Names for the columns that come out.
        contract: The contract that the input must satisfy: a pandera model, or ``"module:Name"``.
        output_contract: The same of what comes out.
        tolerance: How far a prediction may be off where the model is loaded.
        file_format: ``"pickle"``, of which nothing is called that the loader does not trust, or
            ``"skops"``, whose own library takes half a second to import.
        trusted: Dotted names that opening the model calls, besides scikit-learn's and NumPy's.
        rule: Whether the versions of what it needs have to be ``"equal"`` where it is loaded, or
            ``"compatible"``: of the same minor version.
        purpose: What it is for, in a sentence or two, for the model card.
        limits: Where it should not be used.
        tables: With a feature service, for each feature view by its name, a path or a DataFrame
            in place of its table, as for ``service.historical``.

    Returns:
        The package's digest.

    Raises:
        StagebookError: It cannot be packaged: splits overlap, a score of the test is missing, it
            predicts something else in a second call, or opening it would call what is not
            trusted; the column of time, the label or its score is missing or of another kind; a
            feature service gives something else than the test split has; or the extra ``model``
            is not installed.

    Example:
        >>> import pandas as pd
        >>> import stagebook
        >>> from sklearn.linear_model import LinearRegression
        >>> trips = pd.DataFrame({"trip": range(100), "km": range(100)}).assign(
        ...     minutes=lambda table: 2.0 * table["km"] + 5
        ... )
        >>> train, test = trips[:80], trips[80:]
        >>> train.to_parquet("train.parquet")
        >>> test.to_parquet("test.parquet")
        >>> model = LinearRegression().fit(train[["km"]], train["minutes"])
        >>> digest = stagebook.package(
        ...     model,
        ...     "duration",
        ...     splits={"train": "train.parquet", "test": "test.parquet"},
        ...     key="trip",
        ...     features=["km"],
        ...     scores={"mae": 0.0},
        ... )
        >>> len(digest)
        64
    """
    MODEL.require()
    files = {name: Path(file) for name, file in splits.items()}
    if absent := [name for name in (train, test) if name not in files]:
        given = ", ".join(files) or "none"
        message = f"A split is missing: {' and '.join(absent)}. Given splits: {given}."
        hint = 'Add its file, splits={"train": ..., "test": ...}, or name another split, test="..."'
        raise StagebookError(Problem("no-split", message, hint))
    if not 0 <= tolerance < math.inf:
        message = f"The tolerance is {tolerance}, but must be a number of at least 0."
        raise StagebookError(Problem("bad-policy", message, "Leave it out, or: tolerance=1e-9"))
    service = features if isinstance(features, FeatureService) else None
    if tables is not None and service is None:
        message = "Tables of feature views are given, and no feature service."
        hint = "Give the service: features=service, or leave out the argument tables."
        raise StagebookError(Problem("tables-without-service", message, hint))
    if score is not None and label is None:
        message = f"The score `{score}` is given, and no label to compare it with."
        hint = 'Name the column of the test split with what came true, label="...".'
        raise StagebookError(Problem("no-label", message, hint))
    if label is not None and time is None:
        message = f"The label `{label}` is given, and no column of time."
        hint = 'Monitoring judges by month: name the column of time, time="...".'
        raise StagebookError(Problem("no-time-column", message, hint))
    options = PackageOptions(
        features.features if isinstance(features, FeatureService) else tuple(features),
        train,
        test,
        method,
        tuple(outputs),
        contract,
        output_contract,
        tolerance,
        file_format,
        tuple(trusted),
        rule,
        {"purpose": purpose.strip(), "limits": limits.strip()},
        service,
        {} if tables is None else tables,
        label,
        score,
    )
    judged = Evaluation.of(scores, baseline, slices)
    keys = [key] if isinstance(key, str) else list(key)
    parts = Splits.of(files, keys, time)
    return write(model, Path(path), parts, files, judged, options).digest
