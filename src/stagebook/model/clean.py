"""A package checked in a fresh environment, made from nothing but the package."""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from stagebook.execution import landlock
from stagebook.execution.landlock import Grant
from stagebook.execution.sandbox_policy import can_confine
from stagebook.model import attestation, requirements, signing
from stagebook.model import environment as environments
from stagebook.model.contents import Contents
from stagebook.model.environment import Environment
from stagebook.model.policy import Policy
from stagebook.model.verification import Check, CheckState
from stagebook.project import typed_json
from stagebook.project.errors import Exit, Problem, StagebookError, Where
from stagebook.project.masks import Masks

Say = Callable[[str], None]
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class CleanCheck:
    """The results of the checks in a fresh environment.

    Attributes:
        name: The model's name.
        digest: The package's digest.
        checks: The checks, as that environment's own Stagebook reported them.
        environment: How the environment was made, in words.
    """

    name: str
    digest: str
    checks: tuple[Check, ...]
    environment: str

    @property
    def holds(self) -> bool:
        """Whether it can be loaded there."""
        return not any(item.state is CheckState.REFUSED for item in self.checks)


@dataclass(frozen=True, slots=True)
class _Fresh:
    """An environment of its own.

    Attributes:
        folder: Where it is; deleted after the check.
        python_home: Where the Python that it is made of lies, if not this one.
    """

    folder: Path
    python_home: Path | None = None

    @property
    def home(self) -> Path:
        """The folder of the environment itself."""
        return self.folder / "environment"

    @property
    def python(self) -> str:
        """Its Python."""
        return str(self.home / ("Scripts" if os.name == "nt" else "bin") / "python")

    def run(self, *command: str, confined: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a command that sees nothing of the present environment; logs what it prints.

        Args:
            command: Program and arguments.
            confined: Whether it may write only below this folder, and read only what belongs to
                the system, to Python and to pip.
        """
        limit = partial(landlock.restrict, self._grants()) if confined and can_confine() else None
        process = subprocess.run(
            command,
            cwd=self.folder,
            env={**_kept_variables(), "TMPDIR": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=limit,
        )
        with (self.folder / "log").open("a", encoding="utf-8") as log:
            text = f"$ {' '.join(command)}\n{process.stdout}{process.stderr}\n"
            log.write(Masks.here().hide(text))
        return process

    def _grants(self) -> tuple[Grant, ...]:
        """What a command in this environment may touch."""
        readable = [*_SYSTEM, sys.prefix, sys.base_prefix, sys.base_exec_prefix]
        readable += [str(Path.home() / path) for path in _OF_PIP]
        readable += [os.environ[name] for name in _CERTIFICATES if name in os.environ]
        if self.python_home:
            readable.append(str(self.python_home))
        written = (Grant(path, landlock.EVERYTHING) for path in (str(self.folder), "/dev"))
        return (*(Grant(path, landlock.READ) for path in readable), *written)

    def must(self, step: str, *command: str) -> str:
        """Runs a command that has to succeed; returns what it printed."""
        process = self.run(*command)
        if process.returncode:
            lines = [
                line for line in (process.stderr or process.stdout).splitlines() if line.strip()
            ]
            message = f"{step} failed: {' / '.join(map(str.strip, lines[-_SHOWN:]))}"
            raise self.failed(message)
        return process.stdout

    def failed(self, message: str) -> StagebookError:
        """The error that the environment cannot be used; it names a file with the log."""
        descriptor, log_path = tempfile.mkstemp(prefix="stagebook-clean-", suffix=".log")
        os.close(descriptor)
        shutil.copyfile(self.folder / "log", log_path)
        hint = f"The full log: {log_path}"
        problem = Problem("no-environment", message, hint, Where(requirements.FILE))
        return StagebookError(problem, exit_code=Exit.ENVIRONMENT)


def check(package: Path, policy: Policy, say: Say) -> CleanCheck:
    """Makes an environment from a package's requirements, and checks the package in it.

    Args:
        package: The package.
        policy: The requirements that it must meet.
        say: Called with each step.

    Raises:
        StagebookError: It is not a package, or no environment can be made for it.
    """
    contents = Contents.read(package)
    _require_unchanged(contents, policy)
    lock = environments.parse(contents.text(environments.FILE))
    requirement_lines = requirements.parse(contents.text(requirements.FILE))
    with tempfile.TemporaryDirectory(prefix="stagebook-clean-") as name:
        fresh = _Fresh(Path(name).resolve())
        place = contents.write(fresh.folder / "package")
        _copy_beside(package, place)
        environment = _make(fresh, requirement_lines, lock, policy, say)
        say("running the checks in this environment")
        command = ("-I", "-m", "stagebook", "model", "check", str(place), "--json")
        answer = _parsed(fresh, fresh.run(fresh.python, *command, *_options(policy)))
    checks = typed_json.convert(answer["checks"], tuple[Check, ...])
    return CleanCheck(answer["name"], answer["digest"], checks, environment)


def _require_unchanged(contents: Contents, policy: Policy) -> None:
    """Raises where a file is not as it was packaged, or signed: before anything is installed."""
    signed = signing.verify(contents, policy.public_key) if policy.public_key else ()
    if problems := signed or contents.problems:
        raise StagebookError(*problems, exit_code=Exit.UNFIT)


def _copy_beside(package: Path, place: Path) -> None:
    """Copies what lies beside a package, so that the checks find it."""
    for path_of in (*signing.SIGNATURES, attestation.path_of):
        if path_of(package.resolve()).is_file():
            shutil.copyfile(path_of(package.resolve()), path_of(place))


def _kept_variables() -> dict[str, str]:
    """The variables that pip needs; no others, as any of them may hold a secret."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in _VARIABLES or name.lower() in _PROXIES or name.startswith(("PIP_", "LC_"))
    }


_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_VARIABLES = frozenset({*_CERTIFICATES, "PATH", "HOME", "LANG", "TZ", "SYSTEMROOT", "USERPROFILE"})
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy"})
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/opt", "/proc", "/sys")
_OF_PIP = (".config/pip", ".pip", ".netrc")


def _make(
    fresh: _Fresh, requirement_lines: Sequence[str], lock: Environment, policy: Policy, say: Say
) -> str:
    """Makes the environment; returns how, in words."""
    interpreter = _interpreter(fresh, lock.python)
    fresh = replace(fresh, python_home=Path(interpreter).resolve().parents[1])
    say(f"creating an environment with Python {lock.python}")
    fresh.must("Making the environment", interpreter, "-m", "venv", str(fresh.home))
    own = requirements.pinned("stagebook", lock.distributions["stagebook"])
    wheels = fresh.folder / "wheels"
    wheels.mkdir()
    pip = [fresh.python, "-m", "pip", "--disable-pip-version-check"]
    download = [*pip, "download", *_WHEELS, "--no-deps", "--dest", str(wheels), own]
    downloaded = fresh.run(*download)
    whose = f"stagebook {own.partition('==')[2]} from the index"
    if downloaded.returncode:
        requirements.write_running_wheel(wheels)
        whose = "the running stagebook, which no package index has"
    say(f"installing {requirements.FILE}, with {whose} (minutes)")
    more = [own.replace("==", "[signing]==")] if policy.public_key else []
    lines = ["--find-links", str(wheels), "--no-cache-dir", *requirement_lines, *more]
    fresh.must("pip", *pip, "install", *_WHEELS, *lines)
    listed = json.loads(fresh.must("pip", *pip, "list", "--format", "json"))
    return f"Python {lock.python}, {len(listed)} distributions, {whose}"


# Making a wheel of a source archive runs its code. DVC needs one distribution that has no wheel.
_WHEELS = ("--quiet", "--only-binary", ":all:", "--no-binary", "antlr4-python3-runtime")


def _interpreter(fresh: _Fresh, version: str) -> str:
    """A Python of the package's version: this one, or one that uv has or gets."""
    here = platform.python_version()
    version = requirements.version(version, environments.FILE)
    uv = shutil.which("uv")
    if version == here or (not uv and _minor(version) == _minor(here)):
        return sys.executable
    if uv:
        fresh.run(uv, "python", "install", version, confined=False)
        process = fresh.run(uv, "python", "find", "--no-project", version, confined=False)
        if not process.returncode:
            return process.stdout.strip()
    if _minor(version) == _minor(here):
        return sys.executable
    message = f"The package needs Python {version}, which was not found; this is Python {here}."
    needed = ".".join(_minor(version))
    hint = f"Use Python {needed}, or install uv, which can download it: pip install uv"
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


def _parsed(fresh: _Fresh, process: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    """The answer of the environment's own Stagebook."""
    try:
        answer: dict[str, Any] = json.loads(process.stdout)
    except ValueError:
        answer = {}
    if "checks" in answer:
        return answer
    if problems := answer.get("problems"):
        reported = typed_json.convert(problems, tuple[Problem, ...])
        raise StagebookError(*reported, exit_code=Exit.ENVIRONMENT)
    last = (process.stderr.strip().splitlines() or ["it printed nothing"])[-1]
    raise fresh.failed(f"Stagebook cannot check the package in the new environment: {last}")


def as_json(cleaned: CleanCheck) -> dict[str, Any]:
    """What was checked, as plain values."""
    return {
        "name": cleaned.name,
        "digest": cleaned.digest,
        "holds": cleaned.holds,
        "environment": cleaned.environment,
        "checks": [item.as_json() for item in cleaned.checks],
    }
