"""A package checked in a fresh environment, made from nothing but the package."""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagebook.errors import Exit, Problem, StagebookError, Where
from stagebook.model import environment as environments
from stagebook.model import manifest, running_wheel
from stagebook.model.environment import Environment
from stagebook.model.gate import Check, Policy, State
from stagebook.model.mlmodel import REQUIREMENTS

Say = Callable[[str], None]
_OWN = frozenset({"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX"})
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What the checks said in a fresh environment.

    Attributes:
        name: The model's name.
        digest: The package's digest.
        checks: The checks, as that environment's own Stagebook told them.
        made: How the environment was made, in words.
    """

    name: str
    digest: str
    checks: tuple[Check, ...]
    made: str

    @property
    def holds(self) -> bool:
        """Whether it can be loaded there."""
        return not any(one.state is State.REFUSED for one in self.checks)


@dataclass(frozen=True, slots=True)
class _Fresh:
    """An environment of its own.

    Attributes:
        folder: Where it is; gone when the check is done.
    """

    folder: Path

    @property
    def home(self) -> Path:
        """The folder of the environment itself."""
        return self.folder / "environment"

    @property
    def python(self) -> str:
        """Its Python."""
        return str(self.home / ("Scripts" if os.name == "nt" else "bin") / "python")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs a command that sees nothing of the present environment, and notes what it says."""
        kept = {key: value for key, value in os.environ.items() if key not in _OWN}
        done = subprocess.run(
            command, cwd=self.folder, env=kept, capture_output=True, text=True, check=False
        )
        with (self.folder / "log").open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(command)}\n{done.stdout}{done.stderr}\n")
        return done

    def must(self, what: str, *command: str) -> str:
        """The same of one that has to succeed; returns what it printed."""
        done = self.run(*command)
        if done.returncode:
            said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
            message = f"{what} failed: {' / '.join(map(str.strip, said[-_SHOWN:]))}"
            raise self.failed(message)
        return done.stdout

    def failed(self, message: str) -> StagebookError:
        """The error that it is no use; what was said is kept in a file that it names."""
        descriptor, kept = tempfile.mkstemp(prefix="stagebook-clean-", suffix=".log")
        os.close(descriptor)
        shutil.copyfile(self.folder / "log", kept)
        hint = f"The whole of it: {kept}"
        problem = Problem("no-environment", message, hint, Where(REQUIREMENTS))
        return StagebookError(problem, exit_code=Exit.ENVIRONMENT)


def check(package: Path, policy: Policy, say: Say) -> Cleaned:
    """Makes an environment from a package's requirements, and checks the package in it.

    Args:
        package: The package.
        policy: What is asked of it.
        say: Is told of each step.

    Raises:
        StagebookError: There is no package, or no environment can be made for it.
    """
    manifest.read(package)
    lock = environments.parse((package / environments.FILE).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="stagebook-clean-") as name:
        fresh = _Fresh(Path(name))
        made = _make(fresh, package, lock, policy, say)
        say("the checks, there")
        command = ("-I", "-m", "stagebook", "model", "check", str(package.resolve()), "--json")
        found = _parsed(fresh, fresh.run(fresh.python, *command, *_options(policy)))
    checks = tuple(Check.from_json(one) for one in found["checks"])
    return Cleaned(found["name"], found["digest"], checks, made)


def _make(fresh: _Fresh, package: Path, lock: Environment, policy: Policy, say: Say) -> str:
    """Makes the environment; returns how, in words."""
    interpreter = _interpreter(fresh, lock.python)
    say(f"an environment with Python {lock.python}")
    fresh.must("Making the environment", interpreter, "-m", "venv", str(fresh.home))
    wanted = f"stagebook=={lock.distributions['stagebook']}"
    wheels = fresh.folder / "wheels"
    wheels.mkdir()
    pip = [fresh.python, "-m", "pip", "--disable-pip-version-check"]
    downloaded = fresh.run(*pip, "download", "--quiet", "--no-deps", "--dest", str(wheels), wanted)
    whose = f"stagebook {wanted.partition('==')[2]} from the index"
    if downloaded.returncode:
        running_wheel.write(wheels)
        whose = "the stagebook that is running, as no index has it"
    say(f"{REQUIREMENTS}, with {whose} (minutes)")
    more = [wanted.replace("==", "[signing]==")] if policy.public_key else []
    lines = ["--find-links", str(wheels), "--requirement", str(package.resolve() / REQUIREMENTS)]
    fresh.must("pip", *pip, "install", "--quiet", *lines, *more)
    listed = json.loads(fresh.must("pip", *pip, "list", "--format", "json"))
    return f"Python {lock.python}, {len(listed)} distributions, {whose}"


def _interpreter(fresh: _Fresh, wanted: str) -> str:
    """A Python of the package's version: this one, or one that uv has or gets."""
    here = platform.python_version()
    uv = shutil.which("uv")
    if wanted == here or (not uv and _minor(wanted) == _minor(here)):
        return sys.executable
    if uv:
        fresh.run(uv, "python", "install", wanted)
        found = fresh.run(uv, "python", "find", "--no-project", wanted)
        if not found.returncode:
            return found.stdout.strip()
    if _minor(wanted) == _minor(here):
        return sys.executable
    message = f"The package was made with Python {wanted}; this is {here}, and no other is at hand."
    hint = f"Say it with Python {'.'.join(_minor(wanted))}, or let uv get one: pip install uv"
    problem = Problem("other-python-version", message, hint, Where(environments.FILE))
    raise StagebookError(problem, exit_code=Exit.ENVIRONMENT)


def _minor(version: str) -> list[str]:
    return version.split(".")[:2]


def _options(policy: Policy) -> Sequence[str]:
    """The same policy on a command line."""
    options = ["--attestation", policy.attestation]
    if policy.public_key:
        options += ["--key", str(policy.public_key.resolve())]
    if policy.environment:
        options += ["--environment", policy.environment]
    return [*options, *(word for name in policy.trusted for word in ("--trusted", name))]


def _parsed(fresh: _Fresh, said: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    """The answer of the environment's own Stagebook."""
    try:
        found: dict[str, Any] = json.loads(said.stdout)
    except ValueError:
        found = {}
    if "checks" in found:
        return found
    if problems := found.get("problems"):
        raise StagebookError(*map(Problem.from_json, problems), exit_code=Exit.ENVIRONMENT)
    last = (said.stderr.strip().splitlines() or ["it said nothing"])[-1]
    raise fresh.failed(f"Stagebook cannot check the package there: {last}")


def as_json(cleaned: Cleaned) -> dict[str, Any]:
    """What was checked, as plain values."""
    return {
        "name": cleaned.name,
        "digest": cleaned.digest,
        "holds": cleaned.holds,
        "environment": cleaned.made,
        "checks": [one.as_json() for one in cleaned.checks],
    }
