# %% [markdown]
# # Package

# %% tags=["parameters"]
from stagebook import In, Out

train: In = "data/train.parquet"
test: In = "data/test.parquet"
model: In = "models/tall.pkl"
package: Out = "models/tall"

# %%
import pickle
from pathlib import Path

import pandas as pd

import stagebook
from hand import FEATURES

fitted = pickle.loads(Path(model).read_bytes())
table = pd.read_parquet(test)
right = (fitted.predict(table[FEATURES]) == table["tall"]).mean()
digest = stagebook.package(
    fitted,
    package,
    splits={"train": train, "test": test},
    key="id",
    features=FEATURES,
    scores={"accuracy": float(right)},
    method="predict_proba",
)
print(digest)
loaded = stagebook.load(package, attestation="ignore", materials="warn")
assert (loaded.predict(table).iloc[:, 1] == fitted.predict_proba(table[FEATURES])[:, 1]).all()
