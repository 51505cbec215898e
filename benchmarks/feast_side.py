"""What Feast does in `feast_join.py`. It runs in Feast's own environment, without Stagebook."""

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64


def opened(folder: Path, offline: str) -> FeatureStore:
    """A Feast store in a folder, with SQLite online."""
    config = RepoConfig(
        project="flights",
        provider="local",
        registry=str(folder / "registry.db"),
        offline_store={"type": offline},
        online_store={"type": "sqlite", "path": str(folder / "feast.sqlite")},
        entity_key_serialization_version=3,
    )
    return FeatureStore(config=config)


def applied(store: FeatureStore, folder: Path, views: dict[str, dict[str, object]]) -> None:
    """Registers the views that `feast_join.py` describes."""
    entities = {
        key: Entity(
            name=key,
            join_keys=[key],
            value_type=ValueType.INT64 if key == "customer" else ValueType.STRING,
        )
        for view in views.values()
        for key in view["keys"]
    }
    made = [
        FeatureView(
            name=name,
            entities=[entities[key] for key in view["keys"]],
            ttl=timedelta(seconds=view["ttl"]),
            schema=[Field(name=feature, dtype=Float64) for feature in view["features"]],
            source=FileSource(path=str(folder / f"{name}.parquet"), timestamp_field="known"),
        )
        for name, view in views.items()
    ]
    store.apply([*entities.values(), *made])


def join(store: FeatureStore, folder: Path, features: list[str]) -> dict[str, float]:
    """The point-in-time join; the result is kept to be compared."""
    spine = pd.read_parquet(folder / "spine.parquet").rename(
        columns={"departure": "event_timestamp"}
    )
    wall, processor = time.perf_counter(), time.process_time()
    joined = store.get_historical_features(entity_df=spine, features=features).to_df()
    seconds, used = time.perf_counter() - wall, time.process_time() - processor
    joined.rename(columns={"event_timestamp": "departure"}).to_parquet(folder / "feast.parquet")
    return {"seconds": seconds, "processor": used}


def online(store: FeatureStore, features: list[str], keys: int) -> dict[str, float]:
    """Look-ups of random keys, one at a time."""
    random, times = Random(1), []
    for number in range(320):
        key = random.randrange(keys)
        start = time.perf_counter()
        answer = store.get_online_features(features, [{"customer": key}]).to_dict()
        if number >= 20:
            times.append((time.perf_counter() - start) * 1000)
        assert None not in [value for values in answer.values() for value in values]
    times.sort()
    return {"p50 in ms": times[len(times) // 2], "p99 in ms": times[int(0.99 * len(times))]}


def main() -> None:
    """Runs one command, which standard input describes in JSON."""
    options = json.load(sys.stdin)
    folder = Path(options["folder"])
    store = opened(folder, options["offline"])
    views = options["views"]
    features = [f"{name}:{each}" for name, view in views.items() for each in view["features"]]
    if options["command"] == "apply":
        applied(store, folder, views)
        figures: dict[str, float] = {}
    elif options["command"] == "materialize":
        start, end = datetime(2025, 12, 31, tzinfo=UTC), datetime.now(UTC)
        store.materialize(start, end)
        figures = {}
    elif options["command"] == "join":
        figures = join(store, folder, features)
    else:
        figures = online(store, features, options["keys"])
    print("\n" + json.dumps(figures))


if __name__ == "__main__":
    main()
