# %% [markdown]
# # Cut the rows

# %% tags=["parameters"]
from stagebook import In, Out

people: In = "data/people.csv"
train: Out = "data/train.parquet"
test: Out = "data/test.parquet"
share: float = 0.5  # of the rows to learn from

# %%
import pandas as pd

from hand.cutting import is_for_training

table = pd.read_csv(people)
learn = table["id"].map(lambda number: is_for_training(number, share))
table[learn].to_parquet(train, index=False)
table[~learn].to_parquet(test, index=False)
