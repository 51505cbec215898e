"""A small project of quick stages, whose plans are compared with what DVC does."""

import logging
import re
import shutil
import subprocess
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stagebook.pipeline.plan.plan import Plan
from stagebook.project.project import Project
from stagebook.workflow import planning
from stagebook.workflow.planning import Planning

DVC_YAML = """stages:
  sort:
    cmd: sort data/made.txt | sed 's/^/s /' > data/sorted.txt
    deps: [data/made.txt]
    outs: [data/sorted.txt]
  head:
    cmd: head -n 1 data/sorted.txt | sed 's/^/h /' > data/head.txt
    deps: [data/sorted.txt]
    outs: [data/head.txt]
  count:
    cmd: wc -l < raw.csv | tr -d ' ' > data/count.json
    deps: [raw.csv]
    params: [limit]
    metrics:
      - data/count.json:
          cache: false
  parts:
    cmd:
      - mkdir -p data/parts
      - sed 's/^/p /' data/count.json > data/parts/x && echo 1 > data/parts/y
    deps: [data/count.json]
    outs: [data/parts]
  whole:
    cmd: cat y.txt ../data/parts/x > ../data/whole.txt
    wdir: code
    deps: [y.txt, ../data/parts/x, script.sh]
    outs: [../data/whole.txt]
  last:
    cmd: cat data/parts/x data/head.txt > data/last.txt
    deps: [data/parts/x, data/head.txt]
    outs: [data/last.txt]
  whole_params:
    cmd: sed 's/^/e /' extra.yaml > data/extra.txt
    params:
      - extra.yaml:
    outs: [data/extra.txt]
  stamp:
    cmd: echo same > data/stamp.txt
    always_changed: true
    outs: [data/stamp.txt]
  stamped:
    cmd: sed 's/^/t /' data/stamp.txt > data/stamped.txt
    deps: [data/stamp.txt]
    outs: [data/stamped.txt]
  pinned:
    cmd: cp raw.csv data/pinned.txt
    deps: [raw.csv]
    outs: [data/pinned.txt]
    frozen: true
  kept:
    cmd: sed 's/^/k /' raw.csv > data/kept.txt
    deps: [raw.csv]
    outs:
      - data/kept.txt:
          persist: true
  hello:
    cmd: 'true'
"""
NOTEBOOK = """# %% [markdown]
# # Make

# %% tags=["parameters"]
from stagebook import In, Out

raw: In = "raw.csv"
made: Out = "data/made.txt"
times: int = 1

# %%
from pathlib import Path

from helper import line

# a remark: 0
rows = Path(raw).read_text().split()

# %%
count = len(rows) * 0 + 1
_ = Path(made).write_text(line("a" * times) * count + "\\n")
"""
HELPER = '''"""A helper."""


def line(text):
    return text + "0"


def other():
    return 0
'''
SETTINGS = '[project]\nname = "quick"\n[tool.stagebook]\ncode = ["code"]\nthreads = 1\n'
FILES = {
    "dvc.yaml": DVC_YAML,
    "notebooks/make.py": NOTEBOOK,
    "code/helper.py": HELPER,
    "code/y.txt": "y 0\n",
    "code/script.sh": "#!/bin/sh\n",
    "params/make.yaml": "times: 1\n",
    "params.yaml": "limit: 0\nunused: 0\n",
    "extra.yaml": "size: 0\n",
    "raw.csv": "x\n0\n",
    "pyproject.toml": SETTINGS,
    "data/pinned.txt": "pinned\n",
}
_ENDINGS = (
    (re.compile(r"Running stage '(.+)':"), "run"),
    (re.compile(r"Stage '(.+)' is cached - skipping run"), "restored"),
    (re.compile(r"Stage '(.+)' didn't change, skipping"), "skipped"),
)


@dataclass(frozen=True)
class QuickProject:
    """A project in a folder."""

    root: Path

    @classmethod
    def create(cls, root: Path, *, with_notebook: bool = True) -> "QuickProject":
        """The project, never built.

        Args:
            root: Its folder, which exists.
            with_notebook: Whether a notebook writes ``data/made.txt``; otherwise it is a file.
        """
        files = FILES if with_notebook else {**FILES, "data/made.txt": "a0\n"}
        for path, text in files.items():
            if with_notebook or not path.startswith("notebooks/"):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text)
        (root / "code/script.sh").chmod(0o755)
        commands = [["git", "init", "-q"], ["dvc", "init", "-q"], ["stagebook", "sync"]]
        for command in commands if with_notebook else commands[:2]:
            subprocess.run(command, cwd=root, check=True, capture_output=True)
        return cls(root)

    @classmethod
    def of_stages(cls, root: Path, stages: str, files: Mapping[str, str]) -> "QuickProject":
        """A project of other stages, never built.

        Args:
            root: Its folder, which exists.
            stages: The text of its ``dvc.yaml``.
            files: The texts of other files, by path.
        """
        for path, text in {"pyproject.toml": SETTINGS, "dvc.yaml": stages, **files}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        for command in (["git", "init", "-q"], ["dvc", "init", "-q"]):
            subprocess.run(command, cwd=root, check=True, capture_output=True)
        return cls(root)

    def copy(self, folder: Path) -> "QuickProject":
        """A copy of it, with its cache."""
        shutil.copytree(self.root, folder, symlinks=True)
        return QuickProject(folder)

    def write(self, path: str, text: str) -> None:
        (self.root / path).write_text(text)

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text()
        assert old in text
        self.write(path, text.replace(old, new))

    def planning(self, *targets: str) -> Planning:
        return planning.plan(Project.find(self.root), targets)

    def plan(self, *targets: str) -> Plan:
        return self.planning(*targets).plan

    def states(self, *targets: str) -> dict[str, str]:
        """The state of each stage in the plan."""
        return {stage.name: stage.state.value for stage in self.plan(*targets).stages}

    def reasons(self, name: str) -> list[str]:
        """The words of the reasons for which a stage is stale."""
        return [
            reason.words
            for stage in self.plan().stages
            if stage.name == name
            for reason in stage.reasons
        ]

    def repro(self, *targets: str) -> dict[str, str]:
        """Builds with DVC; what it did with each stage."""
        from dvc.repo import Repo

        with (
            warnings.catch_warnings(action="ignore"),  # of DVC's own libraries
            _messages() as messages,
            Repo(str(self.root)) as repo,
        ):
            repo.reproduce(list(targets) or None)
        return {
            match[1]: ending
            for message in messages
            for pattern, ending in _ENDINGS
            if (match := pattern.match(message))
        }


@contextmanager
def _messages() -> Iterator[list[str]]:
    messages: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    logger, keeper = logging.getLogger("dvc"), Keeper()
    level = logger.level
    logger.addHandler(keeper)
    logger.setLevel(logging.INFO)
    try:
        yield messages
    finally:
        logger.removeHandler(keeper)
        logger.setLevel(level)
