"""The kernel that a stage gets: which one, confined how, with which environment."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager

from stagebook.errors import Exit, Problem, StagebookError, Where, did_you_mean
from stagebook.execution import walls as limits
from stagebook.execution.sandbox import Sandbox
from stagebook.execution.walls import Walls
from stagebook.settings import StageSettings

NATIVE = "python3"
INSIDE = "STAGEBOOK_EXECUTION"
"""Environment variable that holds the execution's id, in the kernel of an execution."""

MATERIALS = "STAGEBOOK_MATERIALS"
"""Environment variable that names a file: what the stage is made of, back to raw data."""

# They name runs of the shell's tracker, which the kernel's own store does not know.
_OTHERS_RUNS = ("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID")
# They change what Python does, and no source tells of them.
_OTHERS_PYTHON = ("PYTHONSTARTUP", "PYTHONOPTIMIZE", "PYTHONBREAKPOINT", "PYTHONINSPECT")

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)


def choose(named: str | None, settings: StageSettings, where: Where) -> KernelSpec:
    """The kernelspec of a stage: the setting's, or the notebook's, or plain ``python3``.

    Args:
        named: What the notebook's metadata says.
        settings: The stage's settings.
        where: The notebook.

    Raises:
        StagebookError: There is no such kernel here, or it runs another Python than this one,
            whose packages the stage's source would not describe.
    """
    name = settings.kernel or named or NATIVE
    manager = KernelSpecManager()
    try:
        spec = manager.get_kernel_spec(name)
    except NoSuchKernel:
        known = sorted(manager.find_kernel_specs())
        raise StagebookError(
            Problem(
                "no-kernel",
                f"The kernel `{name}` is not installed here; there is: {', '.join(known)}.",
                f"{did_you_mean(name, known)} "
                f'Set kernel = "{NATIVE}" under [tool.stagebook] in pyproject.toml, or install it: '
                f"python -m ipykernel install --sys-prefix --name {name}",
                where,
            ),
            exit_code=Exit.ENVIRONMENT,
        ) from None
    _require_this_python(name, spec, where)
    return spec


def _require_this_python(name: str, spec: KernelSpec, where: Where) -> None:
    python = Path(spec.argv[0])
    same = spec.argv[0] in ("python", NATIVE) or (
        python.exists() and python.parent.resolve() == Path(sys.executable).parent.resolve()
    )
    if not same or not any("ipykernel" in word for word in spec.argv):
        raise StagebookError(
            Problem(
                "other-python",
                f"The kernel `{name}` runs {' '.join(spec.argv[:3])}; this is {sys.executable}.",
                f'Set kernel = "{NATIVE}" under [tool.stagebook], or run Stagebook in that '
                "environment: a stage's source describes the packages of one.",
                where,
            ),
            exit_code=Exit.ENVIRONMENT,
        )


def manager(spec: KernelSpec, walls: Path, sockets: Path) -> AsyncKernelManager:
    """A kernel manager that starts the kernel inside its walls and talks to it over IPC.

    Args:
        spec: Which kernel.
        walls: The file that holds the kernel's walls.
        sockets: A folder with a short name, for the connection file and the sockets.
    """
    confined = KernelSpec(
        argv=[
            sys.executable,
            "-m",
            "stagebook.execution.launcher",
            str(walls),
            "-f",
            "{connection_file}",
            "--HistoryManager.enabled=False",
        ],
        env=spec.env,
        display_name=spec.display_name,
        language=spec.language,
    )
    return AsyncKernelManager(
        kernel_name=NATIVE,
        kernel_spec_manager=_OneKernel(confined),
        transport="ipc",
        ip=str(sockets / "k"),
        connection_file=str(sockets / "kernel.json"),
    )


class _OneKernel(KernelSpecManager):
    """Knows one kernelspec, whatever it is asked for."""

    def __init__(self, spec: KernelSpec) -> None:
        super().__init__()
        self._spec = spec

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return self._spec


def build_walls(
    sandbox: Sandbox,
    sockets: Path,
    modules: tuple[str, ...],
    code: tuple[Path, ...],
    limit: int | None,
) -> Walls:
    """What the kernel of a sandbox may touch.

    Args:
        sandbox: The sandbox.
        sockets: The folder of the connection file.
        modules: Local modules that the stage's source counts, relative to the root: no other
            local code can be imported.
        code: Folders that modules are found in.
        limit: Bytes of data that the kernel may allocate.
    """
    root = sandbox.root
    linked = [str((root / path).resolve()) for path in sandbox.inputs]
    return Walls(
        root=str(root),
        files=str(sandbox.files),
        writable=(
            str(sandbox.files),
            str(sandbox.kernel),
            str(sockets),
            *limits.temporary_paths(root),
            *(str(root / path.parent / "__pycache__") for path in map(Path, modules)),
        ),
        readable=(
            *(str(root / path) for path in sandbox.inputs),
            *linked,
            *(str(root / path) for path in modules),
            *limits.environment_paths(root),
            str(root / ".dvc" / "cache"),
        ),
        listed=tuple(dict.fromkeys(_folders_of(modules, root, code))),
        inputs=sandbox.inputs,
        journal=str(sandbox.kernel / "journal.jsonl"),
        memory_limit=limit,
        lock=str(sandbox.lock),
        ending=str(sandbox.folder / "ending"),
    )


def _folders_of(modules: tuple[str, ...], root: Path, code: tuple[Path, ...]) -> Iterator[str]:
    """The folders that Python looks into to find these modules, and no others."""
    for module in modules:
        folder = (root / module).parent
        while folder.is_relative_to(root):
            yield str(folder)
            if folder in code:
                break
            folder = folder.parent


def environment(
    sandbox: Sandbox, execution: str, threads: int, code: tuple[Path, ...], experiment: str
) -> dict[str, str]:
    """The kernel's environment: the runner's, with what a result could depend on fixed."""
    folder = sandbox.kernel
    left_out = {*_OTHERS_RUNS, *_OTHERS_PYTHON}
    own = {key: value for key, value in os.environ.items() if key not in left_out}
    return {
        **own,
        **dict.fromkeys(_THREAD_VARIABLES, str(threads)),
        # Threads that wait for each other spin by default, which on a machine with other work made
        # gradient boosting two to five times slower and changes no result.
        "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "passive"),
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join([*map(str, code), *_own_python_path()]),
        "IPYTHONDIR": str(folder / "ipython"),  # a person's own startup files are no part of it
        "TMPDIR": str(folder / "tmp"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{sandbox.tracker_store}",
        "MLFLOW_EXPERIMENT_NAME": experiment,
        # else a new store tells of its tables, with times that no second run repeats
        "MLFLOW_LOGGING_LEVEL": os.environ.get("MLFLOW_LOGGING_LEVEL", "WARNING"),
        INSIDE: execution,
        MATERIALS: str(sandbox.materials),
    }


def _own_python_path() -> list[str]:
    return [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]


def sockets_folder() -> tempfile.TemporaryDirectory[str]:
    """A new folder whose name is short enough for a socket in it (107 bytes in all)."""
    short = Path("/tmp")
    return tempfile.TemporaryDirectory(prefix="sb-", dir=short if short.is_dir() else None)
