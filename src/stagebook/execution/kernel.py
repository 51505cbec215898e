"""The kernel of a stage: its kernelspec, its limits and its environment."""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from stagebook.execution import sandbox_policy as limits
from stagebook.execution import variables
from stagebook.execution.sandbox import Sandbox
from stagebook.execution.sandbox_policy import SandboxPolicy
from stagebook.execution.surroundings import Surroundings
from stagebook.notebook import imports
from stagebook.notebook.cells import Cell, Notebook
from stagebook.notebook.code import normalise_cell
from stagebook.notebook.search import OWN
from stagebook.project.errors import Exit, Problem, StagebookError, Where, did_you_mean
from stagebook.project.project import artifact_root, sqlite_uri
from stagebook.project.settings import StageSettings

if TYPE_CHECKING:
    from stagebook.execution.probe.conditions import RunConditions

NATIVE = "python3"
# They name runs of the shell's tracker, which do not exist in the kernel's own store.
_OTHERS_RUNS = ("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", variables.SESSION)
# They change what Python does, and the source does not contain them.
_OTHERS_PYTHON = (
    *("PYTHONSTARTUP", "PYTHONOPTIMIZE", "PYTHONBREAKPOINT", "PYTHONINSPECT"),
    "PYTHONEXECUTABLE",
)

# They change which kernelspecs Jupyter finds first.
_JUPYTER_PATHS = ("JUPYTER_PATH", "JUPYTER_PREFER_ENV_PATH", "JUPYTER_NO_CONFIG")


@dataclass(frozen=True, slots=True)
class KernelSpec:
    """A kernel that Jupyter knows, as far as a stage needs it.

    Attributes:
        argv: Its command.
        env: Variables that it adds to the environment.
        language: The language that it runs.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    language: str = "python"


def choose(notebook: Notebook, settings: StageSettings, where: Where) -> tuple[KernelSpec, str]:
    """The kernelspec of a stage: the setting's, or the notebook's, or plain ``python3``.

    Where no setting names a kernel and the notebook names one of Python that is not installed,
    such as one of somebody else's conda environment, this Python runs the notebook.

    Args:
        notebook: The notebook, whose metadata may name a kernel and a language.
        settings: The stage's settings.
        where: The notebook's parameters cell.

    Returns:
        The kernelspec, and a note for the person, which may be empty.

    Raises:
        StagebookError: The kernel is not installed, or it runs another Python, whose packages
            the stage's source would not describe.
    """
    name = settings.kernel or notebook.kernel or NATIVE
    if name == NATIVE and (spec := _of_environment()):
        return spec, ""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    manager = KernelSpecManager()
    try:
        known = manager.get_kernel_spec(name)
        spec = KernelSpec(tuple(known.argv), dict(known.env), known.language)
    except NoSuchKernel:
        if settings.kernel is None and _is_python(notebook):
            note = f"The kernel `{name}` is not installed; {sys.executable} runs the notebook."
            return _native(), note
        installed = sorted(manager.find_kernel_specs())
        raise StagebookError(
            Problem(
                "no-kernel",
                f"The kernel `{name}` is not installed; available: {', '.join(installed)}.",
                f"{did_you_mean(name, installed)} "
                f'Set kernel = "{NATIVE}" under [tool.stagebook] in pyproject.toml, or install it: '
                f"python -m ipykernel install --sys-prefix --name {name}",
                where,
            ),
            exit_code=Exit.ENVIRONMENT,
        ) from None
    if name == NATIVE and not _runs_this_python(spec):
        return _native(), ""
    _require_this_python(name, spec, where)
    return spec, ""


def _is_python(notebook: Notebook) -> bool:
    """Whether a notebook is in Python, by its language, or else by its kernel or its code.

    Tools that strip a notebook leave the kernel's name alone, which may be any, such as `venv`.
    """
    named = notebook.language or notebook.kernel or NATIVE
    if re.search(r"python|\bpy\d*\b", named, re.IGNORECASE):
        return True
    return notebook.language is None and any(map(_imports_stagebook, notebook.code_cells))


def _imports_stagebook(cell: Cell) -> bool:
    tree = normalise_cell(cell.text).tree
    return tree is not None and any(import_.module == OWN for import_ in imports.find(tree).static)


def _of_environment() -> KernelSpec | None:
    """The kernelspec ``python3`` of a virtual environment, in which Jupyter looks first.

    It is read without Jupyter's own code, which would take longer than all else before the
    kernel's start. None if Jupyter may find another one, or if it does not run this Python.
    """
    if sys.prefix == sys.base_prefix or any(name in os.environ for name in _JUPYTER_PATHS):
        return None
    file = Path(sys.prefix, "share", "jupyter", "kernels", NATIVE, "kernel.json")
    try:
        values = json.loads(file.read_bytes())
        spec = KernelSpec(tuple(values["argv"]), dict(values.get("env", {})), values["language"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return spec if spec.argv and _runs_this_python(spec) else None


def _native() -> KernelSpec:
    """The kernel of this Python.

    Notebooks name it ``python3`` everywhere; a kernelspec of that name in a person's home may be
    that of another environment, and Jupyter looks there first.
    """
    return KernelSpec((sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"))


def _runs_this_python(spec: KernelSpec) -> bool:
    python = Path(spec.argv[0])
    same = spec.argv[0] in ("python", NATIVE) or (
        python.exists() and python.parent.resolve() == Path(sys.executable).parent.resolve()
    )
    return same and any("ipykernel" in word for word in spec.argv)


def _require_this_python(name: str, spec: KernelSpec, where: Where) -> None:
    if not _runs_this_python(spec):
        raise StagebookError(
            Problem(
                "other-python",
                f"The kernel `{name}` runs {' '.join(spec.argv[:3])}, but Stagebook runs in "
                f"{sys.executable}.",
                f'Set kernel = "{NATIVE}" under [tool.stagebook], or run Stagebook in that '
                "environment: a stage's source records the packages of one environment.",
                where,
            ),
            exit_code=Exit.ENVIRONMENT,
        )


def build_policy(
    sandbox: Sandbox,
    sockets: Path,
    modules: tuple[str, ...],
    code: tuple[Path, ...],
    home: str,
    settings: StageSettings,
    conditions: "RunConditions | None" = None,
) -> SandboxPolicy:
    """What the kernel of a sandbox may touch.

    Args:
        sandbox: The sandbox.
        sockets: The folder of the connection file.
        modules: Local modules that the stage's source counts, relative to the root: no other
            local code can be imported.
        code: Folders that modules are found in.
        home: The notebook's own folder, relative to the root.
        settings: The stage's settings.
        conditions: The conditions of a run that is observed; None for any other run.
    """
    root = sandbox.root
    return SandboxPolicy(
        root=str(root),
        files=str(sandbox.files),
        writable=(
            str(sandbox.files),
            str(sandbox.kernel),
            str(sockets),
            *limits.temporary_paths(root),
            *limits.user_paths(root),
        ),
        readable=(
            *(str(sandbox.declared.input_file(path)) for path in sandbox.inputs),
            *sandbox.link_targets(),
            *(str(root / path) for path in modules),
            *limits.environment_paths(root),
        ),
        listed=tuple(dict.fromkeys(_folders_of(modules, root, code))),
        inputs=sandbox.inputs,
        outputs=sandbox.outputs,
        home=home,
        journal=str(sandbox.journal),
        memory_limit=settings.memory_limit,
        lock=str(sandbox.lock),
        ending=str(sandbox.folder / "ending"),
        conditions=conditions.as_text() if conditions else "",
        surroundings=Surroundings.of(
            settings, root, (folder for folder in code if not folder.is_relative_to(root))
        ),
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
    spec: KernelSpec,
    sandbox: Sandbox,
    execution: str,
    threads: int,
    code: tuple[Path, ...],
    experiment: str,
) -> dict[str, str]:
    """The kernel's environment: the runner's, with what a result could depend on fixed."""
    folder = sandbox.kernel
    fixed = {
        **lasting_environment(threads),
        "PYTHONPATH": os.pathsep.join([*map(str, code), *_own_python_path()]),
        "IPYTHONDIR": str(folder / "ipython"),  # without the person's own startup files
        "TMPDIR": str(folder / "tmp"),
        "MLFLOW_TRACKING_URI": sqlite_uri(sandbox.tracker_store),
        **artifact_root(sandbox.tracker_files.parent),
        **variables.of_mlflow(experiment),
        variables.INSIDE: execution,
        variables.MATERIALS: str(sandbox.materials),
        variables.NOTES: str(sandbox.kernel),
    }
    added = {name: Template(text).safe_substitute(fixed) for name, text in spec.env.items()}
    return {**fixed, **added}


def lasting_environment(threads: int) -> dict[str, str]:
    """The part of a kernel's environment that two executions have in common.

    Args:
        threads: How many threads numerical libraries may use.
    """
    left_out = {*_OTHERS_RUNS, *_OTHERS_PYTHON}
    own = {key: value for key, value in os.environ.items() if key not in left_out}
    return {
        **own,
        **variables.of_threads(threads),
        **variables.of_mlflow(""),
        "PYTHONHASHSEED": "0",
    }


def _own_python_path() -> list[str]:
    return [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
