"""What a model was made of, by content: sources, parameters and data, back to raw data."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from stagebook.model import json_text
from stagebook.project.errors import Problem, Where

FORMAT = 1
FILE = "materials.json"
_SEEDS = ("seed", "random_state")
_HINT = (
    'Commit all changes, then build the model: dvc repro. To take it as it is: materials="warn", '
    "or --materials warn on the command line"
)


@dataclass(frozen=True, slots=True)
class Content:
    """A file or folder by its content.

    Attributes:
        path: Relative to the project's root.
        md5: DVC's hash.
    """

    path: str
    md5: str


@dataclass(frozen=True, slots=True)
class Step:
    """One stage on the way to the model.

    Attributes:
        stage: Its name.
        notebook: Path of its notebook.
        source: SHA-256 of its source.
        parameters: Their values.
        inputs: What it read.
        outputs: What it wrote; empty for the stage that makes the package.
        distributions: Distributions in its source, with versions.
    """

    stage: str
    notebook: str
    source: str
    parameters: Mapping[str, Any]
    inputs: tuple[Content, ...]
    outputs: tuple[Content, ...] = ()
    distributions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Materials:
    """All that a model was made of.

    Attributes:
        steps: The stages, each after those whose outputs it reads; the last one made the package.
        missing: What is not known, in words; empty where the materials are complete.
        environment: Digest of the environment's lock.
    """

    steps: tuple[Step, ...]
    missing: tuple[str, ...] = ()
    environment: str = ""

    @classmethod
    def unknown(cls) -> Self:
        """The materials of a package that no stage made."""
        return cls((), ("it was packaged outside a stage, so its inputs are not recorded",))

    @property
    def raw(self) -> tuple[Content, ...]:
        """What was read and no stage wrote, sorted."""
        written = {content.path for step in self.steps for content in step.outputs}
        read = {
            content for step in self.steps for content in step.inputs if content.path not in written
        }
        return tuple(sorted(read, key=lambda content: content.path))

    @property
    def seeds(self) -> dict[str, Any]:
        """The parameters that seed random numbers, as ``stage.name``."""
        return {
            f"{step.stage}.{name}": value
            for step in self.steps
            for name, value in step.parameters.items()
            if name.endswith(_SEEDS)
        }

    @property
    def distributions(self) -> dict[str, str]:
        """The distributions in the source of the stage that made the package."""
        return dict(self.steps[-1].distributions) if self.steps else {}

    @property
    def gaps(self) -> tuple[Problem, ...]:
        """A problem for each thing that is not known."""
        return tuple(
            Problem(
                "materials-missing",
                f"The origin of the model is not fully known: {what}.",
                _HINT,
                Where(FILE),
            )
            for what in (*self.missing, *self._loose())
        )

    def _loose(self) -> Iterable[str]:
        """Inputs whose content is not what an earlier step wrote there."""
        written: dict[str, str] = {}
        for step in self.steps:
            for content in step.inputs:
                if written.get(content.path, content.md5) != content.md5:
                    changed = f"`{content.path}` was changed after it was written"
                    yield f"{changed} and before {step.stage}"
            written.update((content.path, content.md5) for content in step.outputs)


def render(materials: Materials) -> str:
    """The text of the materials: sorted, the same bytes for the same content."""
    values = {
        "format": FORMAT,
        **asdict(materials),
        "raw": [asdict(content) for content in materials.raw],
        "seeds": materials.seeds,
    }
    return json.dumps(values, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def parse(text: str) -> Materials:
    """The materials in a text that ``render`` wrote; ValueError, KeyError or TypeError else."""
    values = json_text.load(text)
    if values["format"] != FORMAT:
        raise ValueError("another format")
    steps = tuple(
        Step(
            **{
                **value,
                "inputs": tuple(Content(**item) for item in value["inputs"]),
                "outputs": tuple(Content(**item) for item in value["outputs"]),
            }
        )
        for value in values["steps"]
    )
    return Materials(steps, tuple(values["missing"]), values["environment"])


def read(path: Path) -> Materials:
    """The materials in a file."""
    return parse(path.read_text(encoding="utf-8"))


def digest(text: str) -> str:
    """SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()
