"""An online store is the output of a hand-written DVC stage."""

import sys

import feature_projects
from checkout import Checkout
from folders import write

TABLE = """import json
import pandas as pd
from pathlib import Path

rows = json.loads(Path("raw.json").read_text())
hours = pd.to_datetime([row[1] for row in rows], utc=True).as_unit("us")
Path("data").mkdir(exist_ok=True)
pd.DataFrame(
    {
        "station": [row[0] for row in rows],
        "hour": hours,
        "published": hours + pd.Timedelta("1h"),
        "rain_mm": [row[2] for row in rows],
        "wind_mph": 1.0,
    }
).to_parquet("data/weather.parquet", index=False)
"""
DVC = f"""stages:
  weather:
    cmd: {sys.executable} table.py
    deps: [table.py, raw.json]
    outs: [data/weather.parquet]
  online:
    cmd: stagebook features materialize rides online/rides.sqlite
    deps: [src/ride_features.py, data/weather.parquet]
    outs: [online/rides.sqlite]
"""


def test_dvc_repro_writes_a_store_again_when_its_table_changed_and_only_then(
    project: Checkout,
) -> None:
    feature_projects.project(project.root)
    rows = '[["north", "2026-05-01 04:00", 1.0]{}]'
    write(project.root, {"dvc.yaml": DVC, "table.py": TABLE, "raw.json": rows.format("")})
    assert project.build() == {"weather", "online"}
    store = project.root / "online/rides.sqlite"
    first = store.read_bytes()
    assert project.build() == set()
    write(project.root, {"raw.json": rows.format(', ["south", "2026-05-01 05:00", 2.0]')})
    assert project.build() == {"weather", "online"}
    assert store.read_bytes() != first
    listed = project.ok("stagebook", "features")
    assert "written by the stage weather" in listed.output
    assert "online/rides.sqlite, written by the stage online" in listed.output
