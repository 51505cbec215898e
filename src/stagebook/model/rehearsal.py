"""A model opened, and asked about its golden rows, in a process of its own that may do little.

What a damaged file does to compiled code (a crash, memory without end) happens there. The process
reads what Python needs, writes nothing, and has limits of time and memory. On Linux it has no
network and starts no program.
"""

import contextlib
import hashlib
import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO

from stagebook.execution import landlock, system_calls
from stagebook.execution.landlock import EVERYTHING, READ, Grant
from stagebook.model.formats.model_file import ModelFile
from stagebook.model.golden import FILE as GOLDEN
from stagebook.model.golden import Golden
from stagebook.model.manifest import GET_ANOTHER, PredictionInterface
from stagebook.model.prediction import predict, type_of
from stagebook.project import typed_json
from stagebook.project.errors import Problem, StagebookError, Where
from stagebook.project.typed_json import ShapeError

_SECONDS = 30  # of processor time
_SECONDS_PER_GIGABYTE = 60
_WAITING = 20  # times as long, for a machine with other work
_MEMORY = 300_000_000  # bytes, beyond what the libraries take
_MEMORY_PER_BYTE = 4  # of the model's file
_SYSTEM = ("/usr", "/bin", "/lib", "/lib32", "/lib64", "/etc", "/opt", "/proc", "/sys")
_DISTRIBUTIONS = ("numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "skops", "stagebook")
_MOST = 1000
_SINGLE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "MALLOC_ARENA_MAX")


@dataclass(frozen=True, slots=True)
class RehearsalResult:
    """The result of opening a model and comparing its predictions.

    Attributes:
        type: The model's class; empty if it was not opened.
        rows: How many golden rows it was asked about, and within which tolerance, in words.
        opening: Why it cannot be opened.
        asking: Why its predictions are not those that were packaged.
    """

    type: str
    rows: str = ""
    opening: tuple[Problem, ...] = ()
    asking: tuple[Problem, ...] = ()


def rehearse(
    file: ModelFile, served: PredictionInterface, golden: bytes, trusted: Sequence[str]
) -> RehearsalResult:
    """Opens a model in a process of its own, and asks it about its golden rows.

    Args:
        file: The model's file.
        served: What is needed to have predictions from it.
        golden: The file with the golden rows.
        trusted: Names that the person who loads trusts besides.
    """
    size = len(file.data) + len(golden)
    seconds = _SECONDS + _SECONDS_PER_GIGABYTE * size // 10**9
    header = {
        "path": [str(Path(item).absolute()) for item in sys.path],
        "format": file.format,
        "served": asdict(served),
        "trusted": list(trusted),
        "sizes": [len(file.data), len(golden)],
        "seconds": seconds,
    }
    command = [sys.executable, "-I", "-c", _START.format(path=header["path"])]
    try:
        process = subprocess.run(
            command,
            input=b"".join((json.dumps(header).encode(), b"\n", file.data, golden)),
            capture_output=True,
            env={**dict.fromkeys(_SINGLE, "1"), "LC_ALL": "C.UTF-8"},
            timeout=_WAITING * seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _failed(file, f"takes longer than {_WAITING * seconds} seconds")
    try:
        return typed_json.convert(typed_json.load(process.stdout), RehearsalResult)
    except ShapeError:
        return _failed(file, _ending(process.returncode, process.stderr))


_START = """import sys; sys.path[:] = {path!r}
from stagebook.model import rehearsal; rehearsal.main()"""


def _ending(code: int, stderr: bytes) -> str:
    if code < 0 and -code == getattr(signal, "SIGXCPU", 0):
        return "exceeds the limit of processor time"
    if code < 0:
        return f"ends the process with {signal.Signals(-code).name}"
    last = stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit code {code}"]
    return f"ends the process: {last[-1]:.300}"


def _failed(file: ModelFile, failure: str) -> RehearsalResult:
    message = f"Opening the model and predicting its golden rows {failure}."
    problem = Problem("model-fails", message, GET_ANOTHER, Where(file.name))
    return RehearsalResult("", "", (problem,))


def main() -> None:
    """Runs in the process of its own: reads a request, and prints what it saw as JSON."""
    # what a library prints must not be taken for the answer
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    request = json.loads(sys.stdin.buffer.readline())
    _import_libraries()
    _confine(request)
    model, golden = (_exactly(sys.stdin.buffer, size) for size in request["sizes"])
    file = ModelFile(request["format"], model)
    served = {**request["served"]}
    served |= {name: tuple(served[name]) for name in ("features", "outputs")}
    try:
        result = _rehearsed(file, PredictionInterface(**served), golden, request["trusted"])
    except MemoryError:
        result = _failed(file, "exceeds the limit of memory")
    answer.write(json.dumps(asdict(result)))
    answer.flush()
    os._exit(0)  # nothing that the model left behind runs


def _exactly(source: BinaryIO, size: int) -> bytes:
    data = source.read(size)
    if len(data) != size:
        raise EOFError("the request is cut off")
    return data


def _rehearsed(
    file: ModelFile, served: PredictionInterface, golden: bytes, trusted: Sequence[str]
) -> RehearsalResult:
    try:
        model = file.open(trusted)
    except StagebookError as error:
        return RehearsalResult("", "", error.problems)
    kind = type_of(model)
    try:
        words, problems = ask(model, served, Golden.parse(golden))
    except StagebookError as error:
        return RehearsalResult(kind, "", (), error.problems)
    except MemoryError:
        raise
    except Exception as error:  # whatever a model does when it is asked is a reason against it
        message = f"The model cannot predict its golden rows: {type(error).__name__}: {error}"
        return RehearsalResult(kind, "", (), (_damaged(message),))
    return RehearsalResult(kind, words, (), problems)


def ask(model: Any, served: PredictionInterface, golden: Golden) -> tuple[str, tuple[Problem, ...]]:
    """Asks a model about its golden rows; returns how many, in words, and how it is off."""
    rows = golden.inputs[list(served.features)]
    problems = golden.differences(predict(model, served.method, rows, served.outputs))
    return f"{len(rows)} rows within {golden.tolerance:g}", problems


def _damaged(message: str) -> Problem:
    return Problem("package-changed", message, GET_ANOTHER, Where(GOLDEN))


def _import_libraries() -> None:
    """Imports what nearly every model needs, before memory is counted."""
    import importlib

    import sklearn

    joblib = importlib.import_module("joblib")  # which has no types

    # no processes, no threads, and no blocks of a gigabyte
    joblib.parallel_config(backend="sequential")
    sklearn.set_config(working_memory=64)


def _confine(request: Mapping[str, Any]) -> None:
    """Takes from this process the rights that opening a model does not need."""
    if landlock.version():
        readable = (*_SYSTEM, sys.prefix, sys.base_prefix, *request["path"])
        null = Grant("/dev/null", EVERYTHING)
        devices = (Grant("/dev/urandom", READ), null)
        landlock.restrict((*(Grant(path, READ) for path in readable if path), *devices))
    system_calls.close_network_and_programs()
    if sys.platform != "win32":
        import resource

        allowed = _MEMORY + _MEMORY_PER_BYTE * sum(request["sizes"])
        limits = {
            resource.RLIMIT_CORE: 0,
            resource.RLIMIT_FSIZE: 0,
            resource.RLIMIT_CPU: request["seconds"],
            resource.RLIMIT_DATA: _data_in_use() + allowed,
        }
        for limit, value in limits.items():
            _, most = resource.getrlimit(limit)
            value = value if most == resource.RLIM_INFINITY else min(value, most)
            # a process that reaches the second one is killed, and cannot say why
            hard = most if limit == resource.RLIMIT_CPU else value
            resource.setrlimit(limit, (value, hard))


def _data_in_use() -> int:
    """Bytes of data that this process has allocated; 1 GB where the system does not report it."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            kilobytes = next((line.split()[1] for line in file if line.startswith("VmData")), "0")
    except OSError:
        return 10**9
    return int(kilobytes) * 1024


def is_known(digest: str, trusted: Sequence[str]) -> bool:
    """Whether a package has passed before: the same bytes, names that are trusted, and libraries.

    Args:
        digest: The package's digest.
        trusted: Names that the person who loads trusts besides.
    """
    with contextlib.suppress(OSError):
        return (_folder() / _key(digest, trusted)).is_file()
    return False


def remember(digest: str, trusted: Sequence[str]) -> None:
    """Notes that a package has passed, if the folder can be written."""
    with contextlib.suppress(OSError):
        folder = _folder()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / _key(digest, trusted)).touch()
        notes = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)
        for path in notes[:-_MOST]:
            path.unlink(missing_ok=True)


def _folder() -> Path:
    """A folder of the user's, which nobody else may write."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "stagebook" / "passed"


def _key(digest: str, trusted: Sequence[str]) -> str:
    versions = {name: _version(name) for name in _DISTRIBUTIONS}
    values = [digest, sorted(trusted), versions, sys.version, platform.machine()]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
