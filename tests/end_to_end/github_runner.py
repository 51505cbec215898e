"""Runs the jobs of a GitHub workflow here: the scripts are those of the file.

Real are git with a bare repository, DVC with its remote, MLflow, and every command of a step.
What GitHub itself does is done with copies: it checks out the commit into an empty folder, keeps
caches and artifacts, and passes outputs on. Expressions that this does not know are errors. Steps
that install something are left out, since this environment is used.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import github_double
from checkout import BIN, Checkout
from ruamel.yaml import YAML

_EXPRESSION = re.compile(r"\$\{\{ (.*?) \}\}")
_OUTPUT = re.compile(r"(?:needs|steps)\.([\w-]+)\.outputs\.(\w+)")
_EQUAL = re.compile(r"(.+) == '([^']*)'")


@dataclass
class Ran:
    """A job that was run.

    Attributes:
        code: The exit code of its last step.
        output: What its steps printed.
        outputs: Its outputs.
        summary: What it wrote to the summary of the run.
    """

    code: int = 0
    output: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""


@dataclass
class GitHub:
    """A repository on GitHub, as far as its workflows see it.

    Attributes:
        folder: Where it works.
        origin: The bare repository.
        facts: Values of expressions, such as secrets.
        environment: Variables of every step.
        runs: How many runs there were.
        workflow: The workflow that was run last.
        ran: Its jobs.
    """

    folder: Path
    origin: Path
    facts: Mapping[str, str]
    environment: Mapping[str, str] = field(default_factory=dict)
    runs: int = 0
    workflow: Path | None = None
    ran: dict[str, Ran] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        """The file of the double of ``gh``."""
        return self.folder / "github.json"

    @property
    def issues(self) -> list[dict[str, Any]]:
        """All issues, oldest first."""
        return github_double.read(self.state)["issues"]

    @property
    def pulls(self) -> list[dict[str, Any]]:
        """All pull requests, oldest first."""
        return github_double.read(self.state)["pulls"]

    def run(self, workflow: Path) -> dict[str, Ran]:
        """Runs a workflow on the main branch; the jobs that were run, by name."""
        self.runs += 1
        self.workflow, self.ran = workflow, {}
        github_double.install(self.folder / "bin")
        (self.folder / "home").mkdir(exist_ok=True)
        shutil.rmtree(self.folder / "artifacts", ignore_errors=True)
        for name in YAML(typ="safe").load(workflow)["jobs"]:
            if self.due(name):
                self.ran[name] = self.run_again(name)
        return dict(self.ran)

    def run_again(self, name: str) -> Ran:
        """Runs one job of the last run, with the outputs and artifacts that it had."""
        text = YAML(typ="safe").load(self.workflow)
        job = text["jobs"][name]
        rights = {**text["permissions"], **job.get("permissions", {})}
        outputs = {other: self.ran[other].outputs for other in _needs(job)}
        return _Job(self, outputs, rights).run(job)

    def due(self, name: str) -> bool:
        """Whether all jobs that a job needs were good, and its condition holds."""
        job = YAML(typ="safe").load(self.workflow)["jobs"][name]
        needed = {other: self.ran.get(other) for other in _needs(job)}
        if any(other is None or other.code for other in needed.values()):
            return False
        outputs = {other: ran.outputs for other, ran in needed.items() if ran}
        return bool(self._value(job.get("if", "${{ 'yes' }}"), outputs))

    def _value(self, text: str, outputs: Mapping[str, Mapping[str, str]]) -> str:
        return _EXPRESSION.sub(lambda match: self._evaluate(match[1], outputs), text)

    def _evaluate(self, expression: str, outputs: Mapping[str, Mapping[str, str]]) -> str:
        if equal := _EQUAL.fullmatch(expression):
            return "yes" if self._evaluate(equal[1], outputs) == equal[2] else ""
        if output := _OUTPUT.fullmatch(expression):
            return outputs.get(output[1], {}).get(output[2], "")
        if expression.startswith("'"):
            return expression.strip("'")
        return {"github.run_id": str(self.runs), **self.facts}[expression]


def _needs(job: Mapping[str, Any]) -> list[str]:
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else list(needs)


class _Job:
    """One job on a new machine, whose folder has the same name each time."""

    def __init__(
        self, github: GitHub, outputs: Mapping[str, Mapping[str, str]], rights: Mapping[str, str]
    ) -> None:
        self.github = github
        self.outputs: dict[str, Mapping[str, str]] = dict(outputs)
        self.rights = [name for name, right in rights.items() if right == "write"]
        self.work = github.folder / "work"
        self.kept: list[str] = []
        self.ran = Ran()

    def run(self, job: Mapping[str, Any]) -> Ran:
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        for step in job["steps"]:
            if not self._value(step.get("if", "${{ 'yes' }}")):
                continue
            options = {key: self._value(str(value)) for key, value in step.get("with", {}).items()}
            if "uses" in step:
                self._use(step["uses"].partition("@")[0], options)
            elif step["name"] != "Install":
                self._script(step)
            if self.ran.code:
                break
        else:
            self._keep()
        outputs = job.get("outputs", {}).items()
        self.ran.outputs = {name: self._value(value) for name, value in outputs}
        return self.ran

    def _value(self, text: str) -> str:
        return self.github._value(text, self.outputs)

    def _use(self, action: str, options: Mapping[str, str]) -> None:
        folder = self.github.folder
        match action:
            case "actions/checkout":
                assert options["persist-credentials"] == "False"
                depth = [] if options.get("fetch-depth") == "0" else ["--depth", "1"]
                address = f"file://{self.github.origin}"
                self._checkout().ok("git", "clone", "-q", *depth, address, ".")
            case "actions/setup-python":
                pass
            case "actions/cache" | "actions/cache/restore":
                paths = options["path"].split()
                self.kept += paths if action == "actions/cache" else []
                for path in paths:
                    _copy(folder / "cache" / path, self.work / path)
            case "actions/upload-artifact":
                files = [self.work / path for path in options["path"].split()]
                for path, name in _named(files):
                    _copy(path, folder / "artifacts" / options["name"] / name)
            case "actions/download-artifact":
                there = folder / "artifacts" / options["name"]
                assert there.is_dir(), options
                _copy(there, self.work / options.get("path", "."))
            case _:
                raise AssertionError(action)

    def _checkout(self, **environment: str) -> Checkout:
        own = {
            "PATH": f"{self.github.folder / 'bin'}:{BIN}:/usr/bin:/bin",
            github_double.STATE: str(self.github.state),
            github_double.RIGHTS: ",".join(self.rights),
            "HOME": str(self.github.folder / "home"),
        }
        return Checkout(self.work, {**self.github.environment, **own, **environment})

    def _script(self, step: Mapping[str, Any]) -> None:
        own = {name: self._value(str(value)) for name, value in step.get("env", {}).items()}
        output, summary = self.github.folder / "output", self.github.folder / "summary"
        for file in (output, summary):
            file.write_text("")
        files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
        assert "${{" not in step["run"]
        done = self._checkout(**own, **files).run("bash", "-e", "-c", step["run"])
        lines = [line.partition("=") for line in output.read_text().splitlines()]
        if "id" in step:
            self.outputs[step["id"]] = {name: value for name, _, value in lines}
        self.ran.output += f"# {step['name']}\n{done.output}"
        self.ran.summary += summary.read_text()
        self.ran.code = done.code

    def _keep(self) -> None:
        for path in self.kept:
            shutil.rmtree(self.github.folder / "cache" / path, ignore_errors=True)
            _copy(self.work / path, self.github.folder / "cache" / path)


def _named(paths: list[Path]) -> Iterator[tuple[Path, str]]:
    """Files as an artifact names them: below the folder that they share."""
    if len(paths) == 1 and paths[0].is_dir():
        yield paths[0], "."
        return
    (parent,) = {path.parent for path in paths}
    yield from ((path, path.relative_to(parent).as_posix()) for path in paths)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    elif source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
