# %% [markdown]
# # Double them

# %% tags=["parameters"]
from stagebook import In, Out

numbers: In = "data/numbers.csv"
doubled: Out = "data/doubled.csv"
factor: float = 2  # by how much

# %%
from pathlib import Path

import tinydist

values = [float(line) for line in Path(numbers).read_text().split()[1:]]
text = "\n".join(["x", *(str(tinydist.times(value, factor)) for value in values)])
_ = Path(doubled).write_text(text + "\n")
