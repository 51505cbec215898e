# %% [markdown]
# # Cut the newest rows

# %% tags=["parameters"]
from stagebook import In, Out

people: In = "data/people.parquet"
train: Out = "data/train.parquet"
test: Out = "data/test.parquet"
train_days: int = 28
test_days: int = 28

# %%
import pandas as pd

table = pd.read_parquet(people)
day = table["at"].dt.normalize()
begin = day.max() - pd.Timedelta(days=test_days - 1)
first = begin - pd.Timedelta(days=train_days)
table[(day >= first) & (day < begin)].to_parquet(train, index=False)
table[day >= begin].to_parquet(test, index=False)
