"""What decisions save, with simulated models whose future is known.

Of the models, some hold. Of some, what features say of the label changes, and a retraining regains
an unknown part of it. For some, the requests become harder, for any model. And of some, the labels
become wrong, and a model that learns from them is worse. Each decides after 90 days with labels;
what a person does who is asked is shown twice.

    python benchmarks/decisions.py [--models 2000] [--wrong-labels 0.02]
"""

import argparse
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from stagebook.monitoring import loss_signals
from stagebook.monitoring.decision.costs import Costs
from stagebook.monitoring.decision.deciding import decide
from stagebook.monitoring.error_budget import ErrorBudget
from stagebook.monitoring.signal import state_of
from stagebook.monitoring.status import MonitorStatus
from stagebook.monitoring.watched_loss import WatchedLoss

MEAN, DEVIATION = 0.119, 0.036
"""The daily Brier score of the flights' test split."""

SPLIT, WATCHED, HORIZON = 62, 90, 30
COSTS = Costs(wrong=1.0, retraining=300.0, false_alarm=30.0, horizon=HORIZON)
BEGIN = date(2026, 1, 1)
HOLDS, CHANGED, HARDER, WRONG_LABELS = range(4)


@dataclass(frozen=True, slots=True)
class Simulated:
    """A model and what a retraining would gain."""

    status: dict[str, Any]
    gain: float


def days(count: int, first: int = 0) -> list[str]:
    return [(BEGIN + timedelta(days=first + number)).isoformat() for number in range(count)]


def simulated(random: np.random.Generator, wrong_labels: float) -> Simulated:
    case = WRONG_LABELS if random.uniform() < wrong_labels else random.integers(3)
    rise = 0.0 if case == HOLDS else float(random.uniform(0.005, 0.08))
    part = float(random.uniform(0, 1))
    regained = {CHANGED: part, WRONG_LABELS: -part}.get(int(case), 0.0) * rise
    rows = round(float(np.exp(random.uniform(np.log(10), np.log(10_000)))))
    split = dict(zip(days(SPLIT), losses(random, SPLIT), strict=True))
    names = days(WATCHED, SPLIT)
    later = np.where(np.arange(WATCHED) >= WATCHED // 2, rise, 0.0)
    seen = losses(random, WATCHED)
    expected = 0.5 * (seen + MEAN)  # the scores know of hard days, not of what came true
    by_source = {
        loss_signals.LABELS: seen + later,
        loss_signals.ESTIMATE: expected + (later if case == HARDER else 0.0),
    }
    rate = ErrorBudget().rate_of_loss(2)
    watched = [
        WatchedLoss.of(
            "error", source, split, dict(zip(names, values.clip(0, 1).tolist(), strict=True)), rate
        )
        for source, values in by_source.items()
    ]
    own = [item for item in watched if item is not None]
    signals = loss_signals.signals(own)
    status = MonitorStatus(
        "m", "a", (), state_of(signals), signals, None, (), tuple(own), {}, (), (), (), "binary"
    )
    periods = [{"cadence": "day", "name": day, "rows": rows, "labelled": 1.0} for day in names]
    values = {**status.as_json(), "first": names[0], "last": names[-1], "periods": periods}
    stake = rows * HORIZON * COSTS.wrong
    return Simulated(values, regained * stake - COSTS.retraining)


def losses(random: np.random.Generator, count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    size = MEAN * (1 - MEAN) / DEVIATION**2 - 1
    return random.beta(MEAN * size, (1 - MEAN) * size, count)


def saved(action: str, gain: float, *, knows: bool) -> float:
    """What an action saves; a person who is asked knows the gain, or retrains anyway."""
    if action == "ask":
        return (max(gain, 0.0) if knows else gain) - COSTS.false_alarm
    return gain if action == "retrain" else 0.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", type=int, default=2000)
    parser.add_argument("--wrong-labels", type=float, default=0.02)
    options = parser.parse_args()
    random = np.random.default_rng(59)
    models = [simulated(random, options.wrong_labels) for _ in range(options.models)]
    alarmed = ["retrain" if model.status["signals"] else "keep" for model in models]
    labels = [
        "retrain" if any(item["kind"] == "labels" for item in model.status["signals"]) else "keep"
        for model in models
    ]
    decided = [decide(model.status, COSTS).action.value for model in models]
    best = ["retrain" if model.gain > 0 else "keep" for model in models]
    rows = {
        "never": (["keep"] * len(models), True),
        "retrain on each alarm": (alarmed, True),
        "retrain on labels": (labels, True),
        "decide, a person retrains": (decided, False),
        "decide, a person knows": (decided, True),
        "who knows the future": (best, True),
    }
    print(f"{'':<28}{'saved':>9}{'retrained':>11}{'asked':>8}   for each of {len(models)} models")
    for name, (actions, knows) in rows.items():
        pairs = zip(actions, models, strict=True)
        mean = sum(saved(action, model.gain, knows=knows) for action, model in pairs) / len(models)
        shares = (actions.count(action) / len(models) for action in ("retrain", "ask"))
        retrained, asked = (f"{share:.1%}" for share in shares)
        print(f"{name:<28}{mean:>9.1f}{retrained:>11}{asked:>8}")


if __name__ == "__main__":
    main()
