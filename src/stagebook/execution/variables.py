"""Environment variables of ours that a kernel has, and those that fix what numbers come out."""

import os

INSIDE = "STAGEBOOK_EXECUTION"
"""Holds the execution's id, in the kernel of an execution."""

MATERIALS = "STAGEBOOK_MATERIALS"
"""Names a file: what the stage is made of, back to raw data."""

NOTES = "STAGEBOOK_NOTES"
"""Names a folder: where a kernel leaves notes for the process that records its execution."""

SESSION = "STAGEBOOK_SESSION"
"""Names the folder of a person's kernel, in that kernel and in what it starts."""

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
    """What numerical libraries read when they are loaded: how many threads, and how they wait."""
    return {
        **dict.fromkeys(_THREADS, str(threads)),
        # Threads that wait for each other spin by default, which on a machine with other work made
        # gradient boosting two to five times slower and changes no result.
        "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "passive"),
    }


def of_mlflow(experiment: str) -> dict[str, str]:
    """What plain MLflow takes for its experiment, and how much it says."""
    return {
        "MLFLOW_EXPERIMENT_NAME": experiment,
        # else a new store tells of its tables, with times that no second run repeats
        "MLFLOW_LOGGING_LEVEL": os.environ.get("MLFLOW_LOGGING_LEVEL", "WARNING"),
    }
