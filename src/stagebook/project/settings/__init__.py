"""The settings of a project, from ``[tool.stagebook]`` in pyproject.toml."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from stagebook.project.errors import Problem, StagebookError
from stagebook.project.settings import comparing, gates, kinds, monitor
from stagebook.project.settings.comparing import CompareSettings
from stagebook.project.settings.gates import Gate
from stagebook.project.settings.kinds import FILE, parse_duration, parse_size
from stagebook.project.settings.monitor import MonitorSettings
from stagebook.project.settings.stage_names import stage_name

__all__ = [
    "FILE",
    "CompareSettings",
    "Gate",
    "MonitorSettings",
    "ReportSettings",
    "Settings",
    "StageSettings",
    "parse_duration",
    "parse_settings",
    "parse_size",
]

_FOLDERS = ("notebooks", "params", "runs")


@dataclass(frozen=True, slots=True)
class StageSettings:
    """The technical settings of one stage.

    Attributes:
        threads: Threads that numerical libraries may use. Part of the stage's source, since
            results can depend on it; fixed and never taken from the machine.
        time_limit: Seconds that the whole notebook may take, or None.
        memory_limit: Bytes of data that the kernel may allocate, or None.
        kernel: Name of a kernelspec, or None for the one that the notebook names.
        distributions: Installed distributions that are used without an import, such as the
            engine behind ``pandas.read_parquet``.
        tolerance: How far a number in an output may be off, absolutely or relative to the larger
            one, when the stage is verified. It changes no result, so no source contains it.
        network: Whether the stage declares that it uses the network.
        strict: Whether a stage fails that uses the network without declaring it, or files outside
            its sandbox, its environment and its temporary folder.
    """

    threads: int = 1
    time_limit: float | None = None
    memory_limit: int | None = None
    kernel: str | None = None
    distributions: tuple[str, ...] = ()
    tolerance: float = 0.0
    network: bool = False
    strict: bool = False


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """``[tool.stagebook.report]``: with this table, the build ends with a site of reports.

    Attributes:
        folder: Where the site goes.
        against: The commit, branch or tag that metrics are compared with; empty for none.
        interactive: Whether scripts in outputs may run on its pages and in ``runs/``.
        rows: Number of rows that a table's page shows; 0 by default, since data may be private.
    """

    folder: str = "site"
    against: str = ""
    interactive: bool = False
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """``[tool.stagebook]`` of a project, with defaults filled in.

    Attributes:
        name: The project's name, and the MLflow experiment's.
        notebooks: Folder of the notebooks.
        params: Folder of the params files.
        runs: Folder for executed notebooks and their HTML.
        code: Folders from which local modules are imported, in order; relative to the root.
        lock: The environment's lock file, if it has an unusual name.
        tracking_uri: MLflow's address; ``MLFLOW_TRACKING_URI`` overrides it.
        headline: Metrics to show first, each as ``file:dotted.name``.
        drift: By table, the reference to compare it with.
        gates: The bounds of metrics.
        report: Settings of the site; None if the build has no site.
        defaults: Settings for stages without their own.
        stages: Settings per stage; a table is named after the stage or its notebook's file.
        description: The project's subject, in a sentence or two; may be empty.
        features: The modules that define features, by their dotted names.
        monitor: How the deployed model is watched.
        compare: The rule by which a model may replace another.
        memory: Bytes that stages may need together when they are built side by side; None for
            the available memory.
        warm: Whether a build uses warm processes; ``STAGEBOOK_WARM`` overrides it.
        deliver: Whether a run sends its record to MLflow; ``STAGEBOOK_DELIVER`` overrides it.
    """

    name: str
    notebooks: str = "notebooks"
    params: str = "params"
    runs: str = "runs"
    code: tuple[str, ...] = ("src", ".")
    lock: str | None = None
    tracking_uri: str = "sqlite:///mlflow.db"
    headline: tuple[str, ...] = ()
    drift: Mapping[str, str] = field(default_factory=dict)
    gates: tuple[Gate, ...] = ()
    report: ReportSettings | None = None
    defaults: StageSettings = field(default_factory=StageSettings)
    stages: Mapping[str, StageSettings] = field(default_factory=dict)
    description: str = ""
    features: tuple[str, ...] = ()
    monitor: MonitorSettings = field(default_factory=MonitorSettings)
    compare: CompareSettings = field(default_factory=CompareSettings)
    memory: int | None = None
    warm: bool = False
    deliver: bool = True

    def stage(self, name: str) -> StageSettings:
        """The settings of the stage of this name."""
        return self.stages.get(name, self.defaults)


def parse_settings(table: Mapping[str, Any], name: str, description: str = "") -> Settings:
    """Settings from the table ``[tool.stagebook]``.

    Args:
        table: The parsed table.
        name: The project's name, if the table gives none.
        description: The project's subject, likewise.

    Raises:
        StagebookError: Unknown keys or invalid values; all of them at once.
    """
    problems: list[Problem] = []
    own = {f.name for f in fields(Settings)} - {"defaults", "stages"}
    stage_keys = {f.name for f in fields(StageSettings)}
    values = kinds.known(table, own | stage_keys | {"stages"}, "tool.stagebook", problems)
    shared = {key: values[key] for key in values if key in stage_keys}
    defaults = _stage_settings(shared, StageSettings(), "tool.stagebook", problems)
    stages = {}
    for key, entries in _tables(values.get("stages", {}), problems):
        where = f"tool.stagebook.stages.{key}"
        stage = stage_name(key)
        if stage in stages:
            problems.append(kinds.bad_value(f"[{where}]", ValueError(_twice(stage))))
        known = kinds.known(entries, stage_keys, where, problems)
        stages[stage] = _stage_settings(known, defaults, where, problems)
    arguments: dict[str, Any] = {
        "name": name,
        "description": description,
        "report": _report_settings(values, problems),
        "gates": gates.parse(values.get("gates", {}), problems),
        "monitor": monitor.parse(values.get("monitor", {}), problems),
        "compare": comparing.parse(values.get("compare", {}), problems),
    }
    for key in sorted((own - arguments.keys() | {"name", "description"}) & values.keys()):
        arguments[key] = _project_value(key, values[key], problems)
    if problems:
        raise StagebookError(*problems)
    return Settings(**arguments, defaults=defaults, stages=stages)


def _tables(stages: Any, problems: list[Problem]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The tables below ``[tool.stagebook.stages]``."""
    named = stages.items() if isinstance(stages, dict) else [("<stage>", stages)]
    for stage, entries in named:
        if isinstance(entries, dict):
            yield stage, entries
        else:
            place = f"[tool.stagebook] stages.{stage}"
            problems.append(
                kinds.bad_value(place, TypeError(f"{entries!r} is not a table of settings"))
            )


def _twice(stage: str) -> str:
    return f"another table has settings for the same stage, {stage}"


def _stage_settings(
    table: Mapping[str, Any], defaults: StageSettings, where: str, problems: list[Problem]
) -> StageSettings:
    readers = {
        "threads": kinds.positive_int,
        "time_limit": parse_duration,
        "memory_limit": parse_size,
        "kernel": kinds.text,
        "distributions": kinds.texts,
        "tolerance": kinds.size,
        "network": kinds.truth,
        "strict": kinds.truth,
    }
    return replace(defaults, **kinds.read(table, readers, where, problems))


def _report_settings(values: Mapping[str, Any], problems: list[Problem]) -> ReportSettings | None:
    if "report" not in values:
        return None
    where = "tool.stagebook.report"
    table = values["report"]
    if not isinstance(table, dict):
        problems.append(
            kinds.bad_value("[tool.stagebook] report", TypeError(f"{table!r} is not a table"))
        )
        return None
    readers = {
        "folder": kinds.folder,
        "against": kinds.text_or_none,
        "interactive": kinds.truth,
        "rows": kinds.count,
    }
    known = kinds.known(table, set(readers), where, problems)
    return ReportSettings(**kinds.read(known, readers, where, problems))


def _project_value(key: str, value: Any, problems: list[Problem]) -> Any:
    readers = {
        "code": kinds.code_folders,
        "headline": kinds.texts,
        "drift": kinds.pairs,
        "features": kinds.modules,
        "description": kinds.text_or_none,
        "memory": parse_size,
        "warm": kinds.truth,
        "deliver": kinds.truth,
        **dict.fromkeys(_FOLDERS, kinds.folder),
    }
    reader = readers.get(key, kinds.text)
    return kinds.read({key: value}, {key: reader}, "tool.stagebook", problems).get(key)
