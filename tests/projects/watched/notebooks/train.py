# %% [markdown]
# # Learn

# %% tags=["parameters"]
from stagebook import In, Metrics, Out

train: In = "data/train.parquet"
model: Out = "models/people.pkl"
metrics: Metrics = "metrics/train.json"
height: bool = True  # whether the model sees it
weight: bool = True

# %%
import json
import pickle
from pathlib import Path

import pandas as pd
from sklearn.linear_model import LogisticRegression

table = pd.read_parquet(train)
features = [name for name, seen in {"height": height, "weight": weight}.items() if seen]
fitted = LogisticRegression().fit(table[features], table["tall"])
Path(model).write_bytes(pickle.dumps(fitted))
_ = Path(metrics).write_text(json.dumps({"rows": len(table)}))
