# %% [markdown]
# # Fit

# %% tags=["parameters"]
from stagebook import In, Out

train: In = "data/train.parquet"
model: Out = "models/tall.pkl"
strength: float = 1.0  # of the penalty
random_state: int = 0

# %%
import pickle
from pathlib import Path

import pandas as pd
from sklearn.linear_model import LogisticRegression

from hand import FEATURES

table = pd.read_parquet(train)
fitted = LogisticRegression(C=1 / strength, random_state=random_state)
fitted.fit(table[FEATURES], table["tall"])
_ = Path(model).write_bytes(pickle.dumps(fitted))
