# %% [markdown]
# # Package

# %% tags=["parameters"]
from stagebook import In, Out

train: In = "data/train.parquet"
test: In = "data/test.parquet"
model: In = "models/people.pkl"
package: Out = "models/people"

# %%
import pickle
from pathlib import Path

import pandas as pd

import stagebook

fitted = pickle.loads(Path(model).read_bytes())
features = list(fitted.feature_names_in_)
table = pd.read_parquet(test)
right = (fitted.predict(table[features]) == table["tall"]).mean()
stagebook.package(
    fitted,
    package,
    splits={"train": train, "test": test},
    key="id",
    time="at",
    label="tall",
    features=features,
    scores={"accuracy": float(right)},
    method="predict_proba",
)
