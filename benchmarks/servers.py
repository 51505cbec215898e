"""Servers in processes of their own, for the benchmark of serving."""

import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from ratio import BIN, environment

CHECKS = ["--materials", "ignore", "--attestation", "ignore"]
_OWN = {"OMP_NUM_THREADS": "1", "STAGEBOOK_LOAD_MATERIALS": "ignore"}
"""Variables of every server: for one row, a second thread of the model costs more than it gives."""
_PATIENCE = 120.0  # seconds until a server answers


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers.

    Attributes:
        port: Its port on 127.0.0.1.
        process: Its process.
    """

    port: int
    process: psutil.Process

    @property
    def processor_seconds(self) -> float:
        """The processor time of the server so far, with its child processes."""
        processes = (self.process, *self.process.children(recursive=True))
        times = [process.cpu_times() for process in processes]
        return sum(each.user + each.system for each in times)


@contextlib.contextmanager
def stagebook(package: Path, *options: str, predictions: Path | None = None) -> Iterator[Server]:
    """`stagebook serve`.

    Args:
        package: The package.
        options: Further options.
        predictions: A file that gets the times of predictions when the server ends.
    """
    first = [__file__, str(predictions)] if predictions else ["-m", "stagebook"]
    arguments = ["serve", str(package), *CHECKS, *options, "--port", "0", "--json"]
    with _process([sys.executable, *first, *arguments], subprocess.PIPE) as process:
        assert process.stdout, "it is a pipe"
        line = process.stdout.readline()
        if "address" not in line:
            sys.exit(f"stagebook serve failed: {line}")
        port = int(json.loads(line)["address"].rpartition(":")[2])
        yield Server(port, psutil.Process(process.pid))


@contextlib.contextmanager
def mlflow(package: Path) -> Iterator[Server]:
    """`mlflow models serve`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [str(BIN / "mlflow"), "models", "serve", "-m", str(package)]
    command += ["--env-manager", "local", "--port", str(port)]
    with _process(command, subprocess.DEVNULL) as process:
        end = time.monotonic() + _PATIENCE
        while True:
            if process.poll() is not None:
                sys.exit(f"mlflow models serve ended with exit code {process.returncode}")
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=10)
                break
            if time.monotonic() > end:
                sys.exit("mlflow models serve does not answer")
            time.sleep(0.2)
        yield Server(port, psutil.Process(process.pid))


@contextlib.contextmanager
def _process(command: list[str], output: int) -> Iterator["subprocess.Popen[str]"]:
    """A process in a group of its own, which is stopped at the end."""
    with subprocess.Popen(
        command,
        stdout=output,
        stderr=None if "--json" in command else subprocess.DEVNULL,
        text=True,
        env=environment() | _OWN,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def _serve_with_times(file: Path, arguments: list[str]) -> None:
    """Serves, and writes the medians of a prediction's wall and processor times at the end."""
    from stagebook.cli.main import main
    from stagebook.serving.served_model import ServedModel

    times: list[tuple[float, float]] = []
    predict = ServedModel.predict

    def timed(self: ServedModel, rows: object) -> object:
        wall, processor = time.perf_counter(), time.thread_time()
        answer = predict(self, rows)  # type: ignore[arg-type]
        times.append((time.perf_counter() - wall, time.thread_time() - processor))
        return answer

    ServedModel.predict = timed  # type: ignore[method-assign,assignment]
    sys.argv[1:] = arguments
    try:
        main()
    finally:
        medians = [statistics.median(column) * 1000 for column in zip(*times, strict=True)]
        file.write_text(json.dumps(medians))


if __name__ == "__main__":
    _serve_with_times(Path(sys.argv[1]), sys.argv[2:])
