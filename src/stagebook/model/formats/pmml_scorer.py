"""A process that scores a PMML file in Java, apart from its caller: a Java machine starts once.

Run as ``python -m stagebook.model.formats.pmml_scorer FOLDER``, with ``model.pmml`` and
``rows.parquet`` in the folder. Writes ``predictions.parquet``, and the versions of
JPMML-Evaluator and Java on its standard output.
"""

import sys
from pathlib import Path

import pandas as pd


def main(folder: Path) -> None:
    """Writes the file's predictions for the rows."""
    import jpype
    from jpmml_evaluator import __version__, make_evaluator

    evaluator = make_evaluator(folder / "model.pmml")
    rows = pd.read_parquet(folder / "rows.parquet")
    # Java knows a missing value as null only
    plain = {name: rows[name].astype(object).where(rows[name].notna(), None) for name in rows}
    predictions, errors = evaluator.evaluateAll(
        pd.DataFrame(plain), nan_as_missing=False, error_col=None
    )
    if errors is not None and errors.notna().any():
        failed = errors[errors.notna()]
        first = f"row {failed.index[0] + 1}: {failed.iloc[0]}"
        sys.exit(f"{len(failed):,} of {len(rows):,} rows could not be scored; {first}")
    predictions.to_parquet(folder / "predictions.parquet", index=False)
    print(__version__, ".".join(map(str, jpype.getJVMVersion())))  # noqa: T201  the answer


if __name__ == "__main__":
    main(Path(sys.argv[1]))
