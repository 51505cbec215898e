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
        **_of_waiting(),
    }


def _of_waiting() -> dict[str, str]:
    """How long threads of OpenMP spin while they wait for each other; it changes no result.

    By default they spin so long that gradient boosting took twice as long beside other work; if
    they never spin, it took five times as long on a machine without.
    """
    chosen = "OMP_WAIT_POLICY" in os.environ or "GOMP_SPINCOUNT" in os.environ
    return {} if chosen else {"GOMP_SPINCOUNT": "1000"}


def of_mlflow(experiment: str) -> dict[str, str]:
    """The variables that plain MLflow reads: its experiment, and what it tells whom."""
    return {
        "MLFLOW_EXPERIMENT_NAME": experiment,
        # otherwise a new store logs about its tables, with times that differ between runs
        "MLFLOW_LOGGING_LEVEL": os.environ.get("MLFLOW_LOGGING_LEVEL", "WARNING"),
        # otherwise `import mlflow` asks a server of MLflow for settings, in a stage and unseen
        "MLFLOW_DISABLE_TELEMETRY": os.environ.get("MLFLOW_DISABLE_TELEMETRY", "true"),
    }
