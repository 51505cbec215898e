"""A project whose model is deployed: its remotes, its registry, its servers, and what is asked."""

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from checkout import BIN, PROJECTS, Checkout
from mlflow import MlflowClient
from replayed_logs import LogOfServer, opened

TEMPLATES = PROJECTS.parents[1] / "docs" / "workflows"
NAME, ALIAS = "people", "models:/people@champion"
FIRST = date(2026, 1, 5)
ROWS = 100
"""Rows of a day."""

USUAL, CHANGED = False, True


def people(day: date, changed: bool) -> pd.DataFrame:
    """People of a day. Who is tall shows in the height; after the change in the weight."""
    random = np.random.default_rng(day.toordinal())
    height, weight = random.normal(size=ROWS), random.normal(size=ROWS)
    height = height * (0.3 if changed else 1.0)
    seen = weight if changed else height
    return pd.DataFrame(
        {
            "id": [f"{day} {number}" for number in range(ROWS)],
            "at": pd.Timestamp(day) + pd.to_timedelta(np.arange(ROWS) * 10, "min"),
            "height": height,
            "weight": weight,
            "tall": seen + 0.5 * random.normal(size=ROWS) > 0,
        }
    )


@dataclass
class WatchedProject:
    """A project, and all that is outside of its folder.

    Attributes:
        folder: Where everything is.
        uri: The address of MLflow.
        days: How many days there were.
    """

    folder: Path
    uri: str
    days: int = 0
    labels: list[pd.DataFrame] = field(default_factory=list)

    @property
    def store(self) -> Path:
        """The folder that stands for a bucket: the log, the labels, and what was seen."""
        return self.folder / "store"

    @property
    def origin(self) -> Path:
        """The bare repository."""
        return self.folder / "origin.git"

    @property
    def client(self) -> MlflowClient:
        return MlflowClient(self.uri)

    @property
    def environment(self) -> dict[str, str]:
        return {"MLFLOW_TRACKING_URI": self.uri}

    @property
    def champion(self) -> int:
        """The version that the alias points to."""
        return int(self.client.get_model_version_by_alias(NAME, "champion").version)

    def digest(self, version: int) -> str:
        """The digest of a version's package."""
        return str(self.client.get_model_version(NAME, str(version)).tags["stagebook.package"])

    def clone(self, name: str) -> Checkout:
        """A clone of a person."""
        checkout = Checkout(self.folder / name, dict(self.environment))
        checkout.root.mkdir()
        checkout.ok("git", "clone", "-q", str(self.origin), ".")
        checkout.ok("git", "config", "user.email", "someone@example.org")
        checkout.ok("git", "config", "user.name", "Someone")
        return checkout

    def live(self, count: int, changed: bool, *, served: bool = True) -> None:
        """Some days pass, of which the store gets the rows; and the log, if a champion answers."""
        first = FIRST + timedelta(days=self.days)
        tables = [people(first + timedelta(days=number), changed) for number in range(count)]
        self.days += count
        file = self.store / "people.parquet"
        before = [pd.read_parquet(file)] if file.exists() else []
        self.store.mkdir(exist_ok=True)
        pd.concat([*before, *tables], ignore_index=True).to_parquet(file, index=False)
        if served:
            self._serve(tables)

    def _serve(self, tables: list[pd.DataFrame]) -> None:
        uri = self.client.get_model_version_download_uri(NAME, str(self.champion))
        place = self.folder / "served"
        shutil.rmtree(place, ignore_errors=True)
        import mlflow

        mlflow.set_tracking_uri(self.uri)
        package = mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(place))
        log = LogOfServer(self.folder / "log", opened(Path(package)))
        for table in tables:
            names = log.serve(table, f"{table['at'].iloc[0]:%Y-%m-%d}")
            self.labels.append(pd.DataFrame({"prediction": names, "tall": table["tall"]}))
        log.close()
        requests = self.store / "requests"
        shutil.copytree(self.folder / "log" / "days", requests / "days", dirs_exist_ok=True)
        pd.concat(self.labels).to_parquet(requests / "labels.parquet", index=False)

    def develop(self) -> Checkout:
        """What a person does until the model is deployed, and the main branch has it."""
        self.origin.mkdir()
        project = Checkout(self.folder / "developer", dict(self.environment))
        shutil.copytree(PROJECTS / "watched", project.root)
        for script in ("model.sh", "model-cron.sh"):
            shutil.copy2(TEMPLATES / "ci" / script, project.root / "ci")
        project.initialise()
        project.ok("git", "branch", "-M", "main")
        project.ok("git", "init", "-q", "--bare", "-b", "main", str(self.origin))
        project.ok("git", "remote", "add", "origin", str(self.origin))
        project.ok("dvc", "remote", "add", "-q", "-d", "cache", str(self.folder / "remote"))
        project.ok("dvc", "remote", "add", "-q", "store", str(self.store))
        project.write(".gitignore", "/report/\n")
        for name, shown in {
            "data": "/*.dvc",
            "requests": "/*.dvc",
            "models": "/.gitignore",
        }.items():
            project.write(f"{name}/.gitignore", f"/*\n!/.gitignore\n!{shown}\n")
        project.ok(*_imported("people.parquet", "data/people.parquet"))
        project.ok("stagebook", "sync")
        project.commit()
        assert project.ok("dvc", "repro", "package").stages >= {"prepare", "train", "package"}
        project.commit()
        rows = ("--data", "data/test.parquet")
        project.ok("stagebook", "model", "promote", "models/people", *rows)
        return project


def _imported(source: str, target: str) -> tuple[str, ...]:
    return ("dvc", "import-url", "-q", f"remote://store/{source}", target)


def git_config(repository: Path, name: str, value: str) -> None:
    """Sets a setting of a repository."""
    subprocess.run(["git", "-C", str(repository), "config", name, value], check=True)


def import_log(project: Checkout) -> None:
    """The log and the labels are data that DVC imports."""
    project.ok(*_imported("requests/days", "requests/days"))
    project.ok(*_imported("requests/labels.parquet", "requests/labels.parquet"))


def publish(project: Checkout) -> None:
    """Commits, and pushes data and code."""
    project.commit()
    project.ok("dvc", "push", "-q")
    project.ok("git", "push", "-q", "origin", "HEAD:main")


@contextmanager
def following(uri: str, count: int) -> Iterator[list[str]]:
    """Server processes that follow the champion; their addresses."""
    command = [str(BIN / "stagebook"), "serve", ALIAS, "--follow", ALIAS]
    options = ["--port", "0", "--attestation", "ignore", "--json"]
    environment = Checkout(Path.cwd(), {"MLFLOW_TRACKING_URI": uri}).environment()
    with ExitStack() as stack:
        started = [
            stack.enter_context(
                subprocess.Popen(
                    [*command, *options], stdout=subprocess.PIPE, text=True, env=environment
                )
            )
            for _ in range(count)
        ]
        try:
            yield [json.loads(_first_line(process))["address"] for process in started]
        finally:
            for process in started:
                process.terminate()


def _first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline()


def answering(address: str) -> str:
    """The digest of the package that answers requests."""
    with urllib.request.urlopen(f"{address}/health", timeout=60) as answer:
        values: dict[str, Any] = json.load(answer)
        return str(values["package"]["digest"])
