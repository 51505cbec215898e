"""The model card: what a reader wants to know before trusting the model."""

import datetime
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stagebook.model.environment import Environment
from stagebook.model.manifest import PredictionInterface
from stagebook.model.materials import Materials
from stagebook.model.splits import Splits

if TYPE_CHECKING:
    from stagebook.features.description import ServiceDescription

FILE = "MODEL_CARD.md"


def render(
    name: str,
    served: PredictionInterface,
    words: Mapping[str, str],
    splits: Splits,
    evaluation: Mapping[str, Any],
    materials: Materials,
    environment: Environment,
    service: "ServiceDescription | None" = None,
) -> str:
    """The text of the card.

    Args:
        name: The model's name.
        served: What is needed to have predictions from it.
        words: ``purpose`` and ``limits``, by the person who packages.
        splits: The parts of the data.
        evaluation: How good it is.
        materials: What it was made of.
        environment: Where it was packaged.
        service: The feature service that gives its features, if any.
    """
    parts = [
        f"# {name}",
        words["purpose"] or "*Nobody has said yet what this model is for.*",
        f"A `{served.type}`. `{served.method}` takes {len(served.features)} columns "
        f"({', '.join(f'`{feature}`' for feature in served.features)}) and returns "
        f"{', '.join(f'`{output}`' for output in served.outputs)}.",
        "## Data",
        _data(splits),
        "Each row is in one part only. Rows are identified by "
        + ", ".join(f"`{item}`" for item in splits.key)
        + ".",
        *_features(service),
        "## How good it is",
        _scores(evaluation),
        *_slices(evaluation.get("slices") or []),
        "## Limits",
        words["limits"] or "*Nobody has said yet where this model should not be used.*",
        "## How it was made",
        _steps_table(materials),
        f"Packaged with Python {environment.python} on {environment.system} {environment.machine}; "
        + ", ".join(f"{item} {environment.distributions[item]}" for item in environment.critical)
        + ".",
        "To make it again, with access to its git repository and data:",
        f"```console\n$ stagebook model recreate {name}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table in Markdown."""
    lines = [list(head), ["---"] * len(head), *[[_cell(item) for item in row] for row in rows]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: Any) -> str:
    text = (
        f"{value:.4g}"
        if isinstance(value, float)
        else f"{value:,}"
        if isinstance(value, int)
        else str(value)
    )
    return text.replace("|", "\\|").replace("\n", " ")


def _data(splits: Splits) -> str:
    rows = [
        [part.name, part.rows, part.first or "", part.last or "", f"`{part.md5[:10]}`"]
        for part in splits.parts
    ]
    return table(["part", "rows", "from", "to", "md5"], rows)


def _features(service: "ServiceDescription | None") -> list[str]:
    if service is None:
        return []
    columns = (f"`{name}`" for name in service.request)
    views = [
        [
            f"`{view.name}`",
            ", ".join(view.keys),
            ", ".join(view.features),
            view.event_time,
            view.known_time,
            str(datetime.timedelta(microseconds=view.ttl)) if view.ttl is not None else "none",
        ]
        for view in service.views
    ]
    functions = [
        [f"`{item.name}`", ", ".join(item.inputs), item.dtype, f"`{item.digest[:10]}`"]
        for item in service.on_demand
    ]
    head = ["feature view", "keys", "features", "event time", "known time", "expires after"]
    return [
        "## Features",
        f"The feature service `{service.name}` gives them: `{service.address}`. A request has the "
        f"columns {', '.join(columns)}; each feature is as it was known at `{service.instant}`.",
        *([table(head, views)] if views else []),
        *(
            [table(["on-demand feature", "takes", "dtype", "source"], functions)]
            if functions
            else []
        ),
    ]


def _scores(evaluation: Mapping[str, Any]) -> str:
    test, baseline = evaluation["test"], evaluation.get("baseline") or {}
    names = [
        name
        for name, value in test.items()
        if isinstance(value, int | float) and not name.endswith(("_low", "_high"))
    ]
    rows = [[name, _with_interval(test, name), _with_interval(baseline, name)] for name in names]
    return table(["score", "model", "baseline"], rows)


def _with_interval(scores: Mapping[str, Any], name: str) -> str:
    if name not in scores:
        return ""
    low, high = scores.get(f"{name}_low"), scores.get(f"{name}_high")
    span = f" ({low:.4g} to {high:.4g})" if low is not None and high is not None else ""
    return f"{scores[name]:.4g}{span}"


def _slices(slices: Sequence[Mapping[str, Any]]) -> list[str]:
    if not slices:
        return []
    head = list(slices[0])
    return [
        "By slice:",
        table(head, [[slice_.get(name, "") for name in head] for slice_ in slices]),
    ]


def _steps_table(materials: Materials) -> str:
    if not materials.steps:
        return "*The model was packaged outside a stage, so its inputs are not recorded.*"
    rows = [
        [
            step.stage,
            step.notebook,
            ", ".join(f"{name}={value}" for name, value in step.parameters.items()),
            f"`{step.source[:10]}`",
        ]
        for step in materials.steps
    ]
    return table(["stage", "notebook", "parameters", "source"], rows)
