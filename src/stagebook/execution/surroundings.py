"""What lies outside a project: the environment that every stage may use, and everything else."""

import contextlib
import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from stagebook.execution import network
from stagebook.project.settings import StageSettings

_SYSTEM = (
    *("/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin", "/etc", "/run", "/sys"),
    *("/nix/store", "/gnu/store", "/snap", "/var/cache/fontconfig", "/var/lib/texmf"),
    *("/System", "/Library", "/Applications", "/private/etc", "/private/var/db", "/opt/homebrew"),
    *("/var/db/timezone", "/opt/nvidia", "/opt/intel", "/opt/rocm", "/opt/cuda"),
)
"""Programs, libraries, settings, certificates, fonts and time zones of the system."""

_DEVICES = ("/dev", "/proc")

_OF_USER = (
    *(".config", ".local/lib", ".local/share/fonts", ".local/share/jupyter", ".fonts"),
    *(".jupyter", ".ipython", ".gitconfig", ".fonts.conf", ".matplotlib"),
)
"""Settings and packages in the home folder."""

_CACHES = (".cache/matplotlib", ".cache/fontconfig", ".config/matplotlib", ".matplotlib")
"""Folders in the home folder in which libraries keep what they compute from the environment."""

_READABLE_BY_VARIABLE = (
    *("XDG_CONFIG_HOME", "FONTCONFIG_PATH", "FONTCONFIG_FILE", "JAVA_HOME", "CUDA_HOME"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "TZDIR"),
    *("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONTZPATH", "MATPLOTLIBRC"),
    *("CONDA_PREFIX", "LOCPATH", "NLSPATH", "GIT_CONFIG_GLOBAL", "XDG_DATA_DIRS", "R_HOME"),
)
"""Variables that name files or folders of the environment, with colons between several."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a stage may use outside its project, and what follows if it uses more.

    Attributes:
        readable: Files and folders of the environment; they may be read.
        writable: Devices, and caches of what is computed from the environment.
        proxies: Ports of this machine on which a proxy passes connections on.
        network: Whether the stage declares that it uses the network.
        strict: Whether anything more is refused, and not only recorded.
    """

    readable: tuple[str, ...]
    writable: tuple[str, ...]
    proxies: tuple[int, ...] = ()
    network: bool = False
    strict: bool = False

    @property
    def refuses_network(self) -> bool:
        """Whether connections that leave this machine are refused."""
        return self.strict and not self.network

    @classmethod
    def of(cls, settings: StageSettings, root: Path, code: Iterable[Path] = ()) -> Self:
        """The surroundings of a stage.

        Args:
            settings: The stage's settings.
            root: The project's root, which does not become readable by this.
            code: Folders outside the project that its local modules are in.
        """
        home = Path.home()
        caches = [str(home / name) for name in _CACHES]
        if folder := os.environ.get("MPLCONFIGDIR"):
            caches.append(folder)
        readable = (
            *_SYSTEM,
            *_of_python(),
            *(str(home / name) for name in _OF_USER),
            *_of_variables(os.environ),
            *map(str, code),
            *_repository(root),
        )
        return cls(
            tuple(_spellings(readable, root)),
            tuple(_spellings((*_DEVICES, *caches), root)),
            network.local_proxies(os.environ),
            settings.network,
            settings.strict,
        )

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The surroundings from the values of ``dataclasses.asdict``."""
        lists = ("readable", "writable", "proxies")
        return cls(**{**values, **{name: tuple(values[name]) for name in lists}})


def _of_python() -> Iterator[str]:
    """Python, its packages, and folders of packages that are installed in editable form."""
    yield from (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)
    yield from sysconfig.get_paths().values()
    yield str(Path(__file__).resolve().parents[2])
    for entry in filter(os.path.isabs, sys.path):
        yield entry
        if not Path(entry).is_relative_to(sys.prefix):
            yield from _repository(Path(entry))
    for name, module in list(sys.modules.items()):
        if name.startswith("__editable__"):  # https://setuptools.pypa.io, "editable installs"
            yield from map(str, getattr(module, "MAPPING", {}).values())


def _repository(folder: Path) -> Iterator[str]:
    """The folder of git above a folder, which MLflow reads for the commit of the code.

    In a worktree, the folder is elsewhere, and ``.git`` is a file that names it:
    https://git-scm.com/docs/gitrepository-layout
    """
    for path in (parent / ".git" for parent in (folder, *folder.parents)):
        if path.is_file():
            with contextlib.suppress(OSError, UnicodeDecodeError):
                named = path.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
                yield str(Path(folder, named).parents[1])
        if path.exists():
            yield str(path)
            return


def _of_variables(environment: Mapping[str, str]) -> Iterator[str]:
    for name in _READABLE_BY_VARIABLE:
        yield from environment.get(name, "").split(os.pathsep)


def _spellings(paths: Iterable[str], root: Path) -> Iterator[str]:
    """Absolute paths, each once, and where they lead; none that holds the project or the home."""
    kept = {root, *root.parents, Path.home(), *Path.home().parents}
    for path in dict.fromkeys(paths):
        if path.startswith(os.sep):
            own = Path(os.path.normpath(path))
            for spelling in dict.fromkeys((own, own.resolve())):
                # the system's own folders may hold the project; the sandbox closes it anyway
                if spelling not in kept or path in _SYSTEM:
                    yield str(spelling)
