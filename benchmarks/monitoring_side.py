"""What Evidently does in `monitoring.py`. It runs in Evidently's own environment."""

import json
import sys
import time
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

import pandas as pd  # noqa: E402
from evidently import DataDefinition, Dataset, Report  # noqa: E402
from evidently.presets import DataDriftPreset  # noqa: E402

PREFIX = "feature."


def peak() -> float:
    """The peak memory of this process in MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


def rows(folder: Path) -> pd.DataFrame:
    """The features of a log's closed days."""
    days = sorted((folder / "log" / "days").glob("*.parquet"))
    names = [*pd.read_parquet(folder / "reference.parquet").columns]
    columns = [f"{PREFIX}{name}" for name in names]
    frame = pd.concat([pd.read_parquet(day, columns=columns) for day in days], ignore_index=True)
    return frame.set_axis(names, axis=1)


def main() -> None:
    """Reports the drift of a month; prints what it took."""
    folder = Path(sys.argv[1])
    wall, processor = time.perf_counter(), time.process_time()
    current, reference = rows(folder), pd.read_parquet(folder / "reference.parquet")
    texts = [name for name in reference if reference[name].dtype.kind in "Ob"]
    numbers = [name for name in reference if name not in texts]
    about = DataDefinition(numerical_columns=numbers, categorical_columns=texts)
    sides = [Dataset.from_pandas(side, data_definition=about) for side in (current, reference)]
    drift = Report([DataDriftPreset()]).run(*sides).dict()
    seconds, used = time.perf_counter() - wall, time.process_time() - processor
    columns = sum("ValueDrift" in str(metric) for metric in drift["metrics"])
    print(json.dumps({"seconds": seconds, "processor": used, "MB": peak(), "columns": columns}))


if __name__ == "__main__":
    main()
