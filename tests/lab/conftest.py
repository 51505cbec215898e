import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from jupyter_client.manager import KernelManager
from lab_kernels import INGEST, SIGNATURE, Kernel, Little, Shell
from traitlets.config import Config

from stagebook.execution import variables
from stagebook.execution.variables import INSIDE


@pytest.fixture
def little(tmp_path: Path) -> Little:
    little = Little(tmp_path / "little")
    for folder in ("notebooks", "params", "src/near"):
        (little.root / folder).mkdir(parents=True)
    (little.root / "pyproject.toml").write_text('[project]\nname = "tiny"\n[tool.stagebook]\n')
    (little.root / "src/near/__init__.py").write_text("WHO = 'near'\n")
    (little.root / "notebooks/ingest.py").write_text(INGEST)
    little.notebook("train", SIGNATURE)
    little.params("train", "rate: 1\ndepth: null\n")
    return little


@pytest.fixture(autouse=True)
def _no_frontend(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables with which a frontend or a build around the tests would be mistaken."""
    for name in (INSIDE, "JPY_SESSION_NAME"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def shell(little: Little, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell in the notebooks' folder, as Jupyter starts one there."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.chdir(little.root / "notebooks")
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name, value in variables.of_threads(1).items():
        monkeypatch.setenv(name, value)  # the tests have loaded numpy
    before = dict(os.environ)
    hook = sys.excepthook
    config = Config({"HistoryManager": {"enabled": False}})
    yield Shell(InteractiveShell.instance(config=config))
    InteractiveShell.clear_instance()
    sys.excepthook = hook
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def loaded(shell: Shell) -> Shell:
    shell.run("%load_ext stagebook")
    return shell


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Kernel]]:
    """Starts a kernel in a folder, with these variables in its environment."""
    running: list[Kernel] = []

    def start_one(folder: Path, **environment: str) -> Kernel:
        own = {"IPYTHONDIR": str(tmp_path / "ipython"), **environment}
        manager = KernelManager(
            kernel_name="python3",
            transport="ipc",
            ip=str(tmp_path / "k"),
            connection_file=str(tmp_path / "kernel.json"),
        )
        manager.start_kernel(cwd=str(folder), env={**os.environ, **own})
        running.append(Kernel(manager))
        return running[-1]

    yield start_one
    for kernel in running:
        kernel.client.stop_channels()
        kernel.manager.shutdown_kernel(now=True)
        kernel.manager.cleanup_resources()
