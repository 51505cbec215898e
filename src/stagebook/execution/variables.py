"""Stagebook's environment variables in a kernel, and those that make results repeatable."""

import os

INSIDE = "STAGEBOOK_EXECUTION"
"""Holds the execution's id, in the kernel of an execution."""

MATERIALS = "STAGEBOOK_MATERIALS"
"""Names a file: what the stage is made from, back to raw data."""

NOTES = "STAGEBOOK_NOTES"
"""Names a folder: a kernel's notes for the process that records its execution."""

SESSION = "STAGEBOOK_SESSION"
"""Names the folder of a person's kernel, in that kernel and its child processes."""

_THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)


def of_threads(threads: int) -> dict[str, str]:
    """The variables that numerical libraries read: how many threads, and how they wait."""
    return {
        **dict.fromkeys(_THREADS, str(threads)),
        # Threads that wait for each other spin by default, which on a machine with other work made
        # gradient boosting two to five times slower and changes no result.
        "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "passive"),
    }


def of_mlflow(experiment: str) -> dict[str, str]:
    """The variables that plain MLflow reads: its experiment, and its level of logging."""
    return {
        "MLFLOW_EXPERIMENT_NAME": experiment,
        # otherwise a new store logs about its tables, with times that differ between runs
        "MLFLOW_LOGGING_LEVEL": os.environ.get("MLFLOW_LOGGING_LEVEL", "WARNING"),
    }
