"""Compares `stagebook serve` with `mlflow models serve` of the same package.

All servers run at the same time, and are measured in turn, with one row in each request. Clients
run in a process of their own, in a closed loop. One server of Stagebook also notes how long the
model predicts; the rest of a request is the server's own share.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import served_flights
import servers
from ratio import environment
from servers import Server

from stagebook.model.golden import FILE as GOLDEN
from stagebook.model.golden import Golden
from stagebook.serving import requests

MLFLOW = "mlflow models serve"
STAGEBOOK = "stagebook serve"
NO_LOG = "stagebook serve, no log"
CLIENTS = (1, 4, 16)

Figures = dict[str, float]


def bodies(package: Path) -> list[str]:
    """Bodies of requests with one golden row each."""
    rows = Golden.parse((package / GOLDEN).read_bytes()).inputs
    parts = (rows.iloc[place : place + 1] for place in range(min(len(rows), 50)))
    return [requests.records(part).content.decode() for part in parts]


def load(server: Server, clients: int, seconds: float, sent: Sequence[str]) -> Figures:
    """Requests per second, p50, p99 and processor time of a request, in milliseconds."""
    before = server.processor_seconds
    options = {"port": server.port, "clients": clients, "seconds": seconds, "bodies": sent}
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("closed_loop.py")],
        input=json.dumps(options | {"path": "/invocations"}),
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    figures: Figures = json.loads(done.stdout)
    used = (server.processor_seconds - before) * 1000
    return figures | {"processor": used / figures.pop("requests")}


def in_turn(
    ports: Mapping[str, Server], clients: int, rounds: int, seconds: float, sent: Sequence[str]
) -> dict[str, Figures]:
    """The medians of each server; prints them."""
    results: dict[str, list[Figures]] = {name: [] for name in ports}
    for _ in range(rounds):
        for name, server in ports.items():
            results[name].append(load(server, clients, seconds, sent))
    medians = {
        name: {kind: statistics.median(each[kind] for each in figures) for kind in figures[0]}
        for name, figures in results.items()
    }
    first = next(iter(medians.values()))
    for name, median in medians.items():
        columns = [
            f"{kind} {median[kind]:8.2f} {unit} ({median[kind] / first[kind]:5.2f} x)"
            for kind, unit in (("rate", "/s"), ("p50", "ms"), ("p99", "ms"), ("processor", "ms"))
        ]
        print(f"{clients:2} clients  {name:24} {'  '.join(columns)}", flush=True)
    return medians


def own_share(package: Path, folder: Path, given: argparse.Namespace, sent: Sequence[str]) -> None:
    """Prints the medians of a request and of its prediction, and their difference."""
    totals, predictions = [], []
    for number in range(given.rounds):
        file = folder / f"predictions{number}.json"
        log = str(folder / f"share{number}")
        with servers.stagebook(package, "--log", log, predictions=file) as server:
            figures = load(server, 1, given.seconds, sent)
        totals.append((figures["p50"], figures["processor"]))
        predictions.append(json.loads(file.read_text()))
    for place, kind in enumerate(("wall", "processor")):
        total, predict = (
            statistics.median(each[place] for each in values) for values in (totals, predictions)
        )
        print(
            f"{kind:9}  one request {total:.2f} ms, its prediction {predict:.2f} ms; "
            f"the server's own share {total - predict:.2f} ms"
        )


def main() -> None:
    """Compares with MLflow, with and without a log, and with the prediction alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, help="a package [default: made with a seed]")
    parser.add_argument("--trees", type=int, default=100, help="of the default package")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of one measurement")
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS)
    parser.add_argument("--without-mlflow", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as running:
        folder = Path(name)
        package = given.package or served_flights.write(folder, given.trees)
        sent = bodies(package)
        ports: dict[str, Server] = {}
        if not given.without_mlflow:
            ports[MLFLOW] = running.enter_context(servers.mlflow(package))
        with_log = servers.stagebook(package, "--log", str(folder / "log"))
        ports[STAGEBOOK] = running.enter_context(with_log)
        for clients in given.clients:
            in_turn(ports, clients, given.rounds, given.seconds, sent)
        pair = {NO_LOG: running.enter_context(servers.stagebook(package))}
        in_turn(pair | {STAGEBOOK: ports[STAGEBOOK]}, 1, given.rounds, given.seconds, sent)
        running.close()
        own_share(package, folder, given, sent)


if __name__ == "__main__":
    main()
