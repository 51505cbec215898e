# %% [markdown]
# # Decide

# %% tags=["parameters"]
from stagebook import In, Metrics

evidence: In = "monitoring"
decision: Metrics = "metrics/decision.json"
wrong: float = 1.0  # the cost of a wrong prediction
retraining: float = 20.0
false_alarm: float = 5.0
horizon: str = "30 days"

# %%
from pathlib import Path

import stagebook

costs = stagebook.Costs(
    wrong=wrong, retraining=retraining, false_alarm=false_alarm, horizon=horizon
)
files = {path.stem: path for path in Path(evidence).glob("*.json")}
decided = stagebook.decide(
    files["status"],
    costs,
    challenger=files.get("challenger"),
    previous=files.get("previous"),
)
decided.write(decision)
decided
