"""Real little projects, built with the real commands."""

import contextlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from stagebook.project.errors import Problem

PROJECTS = Path(__file__).parents[1] / "projects"
BIN = Path(sys.executable).parent
_RUNNING = re.compile(r"^Running stage '(.+)':$", re.MULTILINE)


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    code: int
    output: str

    @property
    def stages(self) -> set[str]:
        """The stages that DVC ran."""
        return set(_RUNNING.findall(self.output))

    @property
    def problems(self) -> list[Problem]:
        """The problems that a command with ``--json`` printed, on its last line."""
        return _problems(json.loads(self.output.splitlines()[-1]))


def _problems(values: Mapping[str, Any]) -> list[Problem]:
    return [Problem.from_json(problem) for problem in values["problems"]]


@dataclass
class Checkout:
    """A project on disk, with the commands that a person would type."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        inherited = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("MLFLOW", "DVC", "PYTHONDONTWRITE", "STAGEBOOK", "GIT_", "MAKE"))
            and key != "CI"
        }
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        quiet = {"DVC_NO_ANALYTICS": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "COLUMNS": "200"}
        own = {
            "STAGEBOOK_WARM": os.environ.get("STAGEBOOK_TESTS_WARM", "0"),
            "STAGEBOOK_DELIVER": os.environ.get("STAGEBOOK_TESTS_DELIVER", "1"),
        }
        found = {**inherited, "PATH": path, **quiet, **own, **self.env}
        if "PYTHONPATH" in self.env:  # besides what these tests were started with
            entries = [self.env["PYTHONPATH"], os.environ.get("PYTHONPATH")]
            found["PYTHONPATH"] = os.pathsep.join(filter(None, entries))
        return found

    def start(self, *command: str, own_session: bool = False) -> subprocess.Popen[str]:
        """Starts a command; with a session of its own, as a terminal would, for signals to it."""
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=own_session,
        )

    def run(self, *command: str) -> Done:
        process = self.start(*command)
        output, _ = process.communicate()
        return Done(process.returncode, output)

    def ok(self, *command: str) -> Done:
        done = self.run(*command)
        assert done.code == 0, done.output
        return done

    def copy(self, folder: Path) -> "Checkout":
        """A copy of the project, and of the packages beside it that it imports."""
        root = copied(self.root.parent, folder) / self.root.name
        return Checkout(root, {"PYTHONPATH": str(folder / "site")})

    def build(self) -> set[str]:
        """Plain `dvc repro`; the stages that ran."""
        return self.ok("dvc", "repro").stages

    def commit(self) -> None:
        self.ok("git", "add", "-A")
        self.ok("git", "commit", "-q", "-m", "a state")

    def initialise(self) -> None:
        """A repository of git, by somebody, and of DVC."""
        self.ok("git", "init", "-q")
        self.ok("git", "config", "user.email", "someone@example.org")
        self.ok("git", "config", "user.name", "Someone")
        self.ok("dvc", "init", "-q")

    def begin(self) -> "Checkout":
        """What a person does once: git, DVC, the first sync."""
        self.initialise()
        self.ok("stagebook", "sync")
        self.commit()
        return self

    def write(self, path: str, text: str) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def notebook(self, name: str, parameters: str, *cells: str) -> None:
        """Writes a py:percent notebook with a parameters cell and code cells."""
        parts = [f'# %% tags=["parameters"]\nfrom stagebook import In, Metrics, Out\n{parameters}']
        self.write(f"notebooks/{name}.py", "\n\n".join([*parts, *(f"# %%\n{c}" for c in cells)]))

    def records(self) -> list[dict[str, Any]]:
        """The records, oldest first."""
        folder = self.root / ".stagebook" / "records"
        return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]

    def recorded_problems(self) -> list[Problem]:
        """The problems in the newest record."""
        return _problems(self.records()[-1])

    def recorded_problem(self, code: str) -> Problem:
        """The first problem with this code in the newest record."""
        problems = self.recorded_problems()
        found = [problem for problem in problems if problem.code == code]
        assert found, problems
        return found[0]

    def left_in_executions(self) -> list[str]:
        folder = self.root / ".stagebook" / "executions"
        return sorted(path.name for path in folder.glob("*")) if folder.exists() else []

    def assert_no_kernels(self) -> None:
        """Whatever a test did, it leaves no kernel behind."""
        left = self.kernels()
        for process in left:
            process.send_signal(signal.SIGKILL)
        assert left == []

    def kernels(self) -> list[psutil.Process]:
        """Living kernels and guards of this project."""
        found = []
        for process in psutil.process_iter(["cmdline", "status"]):
            line = " ".join(process.info["cmdline"] or [])
            if str(self.root) in line and "launcher" in line and process.info["status"] != "zombie":
                found.append(process)
        return found


def copied(original: Path, folder: Path) -> Path:
    """A folder's copy; MLflow in it writes into the copy, where it would write into the original.

    MLflow keeps whole paths: a test that changes its files would change them for later tests.
    """
    shutil.copytree(original, folder, symlinks=True, dirs_exist_ok=True)
    for path in folder.rglob("mlflow.db"):
        with contextlib.closing(sqlite3.connect(path)) as store, store:
            columns = store.execute(
                "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c"
                " WHERE t.type = 'table' AND c.type LIKE '%CHAR%'"
            )
            for table, column in columns.fetchall():
                store.execute(
                    f'UPDATE "{table}" SET "{column}" = replace("{column}", ?, ?)'
                    f' WHERE instr("{column}", ?)',
                    (f"{original}/", f"{folder}/", f"{original}/"),
                )
    return folder


def distribution(folder: Path, version: str, code: str) -> None:
    """Installs a distribution of one module into a folder, as pip would lay it out."""
    shutil.rmtree(folder, ignore_errors=True)
    info = folder / f"tinydist-{version}.dist-info"
    info.mkdir(parents=True)
    (folder / "tinydist.py").write_text(code)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: tinydist\nVersion: {version}\n")
    (info / "RECORD").write_text("tinydist.py,,\n")
    (info / "top_level.txt").write_text("tinydist\n")


TIMES = "def times(value, factor):\n    return value * factor\n"
