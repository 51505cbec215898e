"""What a zygote is made of: two processes with the same key may be forks of the same zygote."""

import hashlib
import os
import resource
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from stagebook.notebook import environment_scan

OWN = "own"
"""The zygote of Stagebook's own processes: runners, inspectors and couriers."""

KERNEL = "kernel"
"""The zygotes of kernels."""

_NAMESPACES = ("mnt", "net", "pid", "user", "ipc", "uts", "cgroup", "time")
_LOCKS = (
    "requirements.lock",
    "requirements.txt",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "pylock.toml",
)
_VOLATILE_PREFIXES = (
    *("DVC_", "JPY_", "STAGEBOOK_", "TMUX", "SSH_", "PYTEST_", "VSCODE_", "TERM_"),
    *("GITHUB_", "RUNNER_", "CI_", "SYSTEMD_", "DBUS_"),
)
_VOLATILE = frozenset(
    (
        *("_", "PWD", "OLDPWD", "SHLVL", "COLUMNS", "LINES", "TERM", "COLORTERM", "STY"),
        *("DISPLAY", "WINDOWID", "WAYLAND_DISPLAY", "XDG_SESSION_ID", "INVOCATION_ID"),
        *("IPYTHONDIR", "TMPDIR", "NO_COLOR", "FORCE_COLOR", "PS1", "MAKEFLAGS", "MAKELEVEL"),
        *("MFLAGS", "MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID"),
        *("MLFLOW_EXPERIMENT_NAME", "_MLFLOW_SERVER_ARTIFACT_ROOT", "PYTHONPATH"),
    )
)
"""Variables that no import reads, or whose value a fork gets anew."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a zygote is made of.

    Attributes:
        kind: ``OWN`` or ``KERNEL``.
        imports: What it imports, each as ``module`` or ``module:name,name``.
        environment: The environment that it starts with.
        root: The project's root.
        label: What its forks are for, in words, for ``stagebook warm status``.
    """

    kind: str
    imports: tuple[str, ...]
    environment: Mapping[str, str]
    root: str
    label: str

    @classmethod
    def of_own_processes(cls, root: str) -> "Recipe":
        """The recipe for Stagebook's own processes of a project.

        Args:
            root: The project's root.
        """
        return cls(OWN, (), dict(os.environ), root, "stagebook")

    @property
    def key(self) -> str:
        """Names the zygote: another interpreter, package, setting or variable gives another."""
        lines = (
            *(self.kind, *self.imports, "", sys.executable, sys.prefix, repr(sys.flags)),
            *(repr(sys.warnoptions), repr(sorted(sys._xoptions)), environment_scan.fingerprint()),
            *_stamps_of_own_code(),
            *_stamps(os.path.join(self.root, name) for name in _LOCKS),
            *(
                f"{name}={value}"
                for name, value in sorted(self.environment.items())
                if not is_volatile(name)
            ),
            self.environment.get("PYTHONPATH", ""),
            *_inherited(),
        )
        text = "\n".join(lines)
        return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:20]


def is_volatile(name: str) -> bool:
    """Whether a variable may differ between a zygote and its forks."""
    return name in _VOLATILE or name.startswith(_VOLATILE_PREFIXES)


def _inherited() -> Iterator[str]:
    """What a child process has from its parent besides its environment, and cannot get later."""
    limits = sorted(name for name in dir(resource) if name.startswith("RLIMIT_"))
    yield from (f"{name} {resource.getrlimit(getattr(resource, name))}" for name in limits)
    yield f"nice {os.getpriority(os.PRIO_PROCESS, 0)} on {sorted(os.sched_getaffinity(0))}"
    yield from _links(f"/proc/self/ns/{name}" for name in _NAMESPACES)
    try:
        with open("/proc/self/cgroup", encoding="utf-8", errors="replace") as file:
            yield file.read()
    except OSError:
        yield ""


def _links(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        try:
            yield os.readlink(path)
        except OSError:
            yield ""


def _stamps_of_own_code() -> Iterator[str]:
    package = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    folders = [package]
    while folders:
        for entry in os.scandir(folders.pop()):
            if entry.is_dir():
                folders.append(entry.path)
            elif entry.name.endswith(".py"):
                status = entry.stat()
                yield f"{entry.path} {status.st_mtime_ns} {status.st_size}"


def _stamps(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            continue
        yield f"{path} {status.st_mtime_ns} {status.st_size} {status.st_ino}"
