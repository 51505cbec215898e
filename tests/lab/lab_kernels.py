"""A little project, and the shells and kernels that the tests speak to."""

import queue
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from jupyter_client.manager import KernelManager

from stagebook.notebook.lean import lean_import
from stagebook.project.errors import Problem

SIGNATURE = """\
from stagebook import In, Metrics, Out

raw: In = "data/raw.csv"  # what came in
model: Out = "models/model.pkl"
scores: Metrics = "metrics/train.json"
rate: float = 0.5  # how fast
depth: int | None = 3
names: list[str] = ["a"]
"""
INGEST = """\
# %% tags=["parameters"]
from stagebook import Out

raw: Out = "data/raw.csv"
rows: int = 10
"""


@dataclass(frozen=True)
class Little:
    """A project of two stages: `ingest`, a py:percent notebook, and `train`."""

    root: Path

    def notebook(
        self, name: str, text: str, *, cell_id: str = "signature", tagged: bool = True
    ) -> Path:
        """Writes a notebook with one cell of code."""
        nbformat = lean_import("nbformat")
        tags = {"tags": ["parameters"]} if tagged else {}
        cell = nbformat.v4.new_code_cell(text, id=cell_id, metadata=tags)
        path = self.root / "notebooks" / f"{name}.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
        return path

    def params(self, name: str, text: str) -> None:
        (self.root / "params" / f"{name}.yaml").write_text(text, encoding="utf-8")

    def files(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes() if path.is_file() else b""
            for path in sorted(self.root.rglob("*"))
        }


@dataclass(frozen=True)
class Shown:
    """What running a cell showed."""

    plain: str
    html: str
    printed: str
    failed: bool
    problems: tuple[Problem, ...] = ()

    @property
    def all(self) -> str:
        return self.plain + self.printed

    @property
    def codes(self) -> list[str]:
        return [problem.code for problem in self.problems]


def _problems(metadata: Iterable[Mapping[str, Any]]) -> tuple[Problem, ...]:
    """The problems in the metadata of outputs."""
    found = [each.get("stagebook", {}).get("problems", []) for each in metadata]
    return tuple(Problem.from_json(values) for problems in found for values in problems)


class Shell:
    """A real IPython shell in this process."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self.names = shell.user_ns

    def run(self, text: str, cell_id: str | None = None) -> Shown:
        with capture_output() as captured:
            result = self.shell.run_cell(text, cell_id=cell_id)
        data = [one.data for one in captured.outputs]
        return Shown(
            "\n".join(one["text/plain"] for one in data),
            "\n".join(one.get("text/html", "") for one in data),
            captured.stdout + captured.stderr,
            not result.success,
            _problems(output.metadata or {} for output in captured.outputs),
        )


class Kernel:
    """A real kernel in a process of its own, and what a frontend says to it."""

    def __init__(self, manager: KernelManager) -> None:
        self.manager = manager
        self.client = manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, text: str, *, person: bool = True, **metadata: Any) -> Shown:
        """Sends a cell as JupyterLab does: its id and its metadata beside its code.

        Without a person, it is sent as papermill does.
        """
        content = {
            "code": text,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": person,
            "stop_on_error": True,
        }
        message = self.client.session.msg("execute_request", content, metadata=metadata)
        self.client.shell_channel.send(message)
        reply = self._reply(message)
        outputs = list(self._outputs(message))
        data = [one["data"] for one in outputs if "data" in one]
        return Shown(
            "\n".join(one["text/plain"] for one in data),
            "\n".join(one.get("text/html", "") for one in data),
            "".join(one.get("text", "") for one in outputs)
            + "".join("\n".join(one.get("traceback", ())) for one in outputs),
            reply["content"]["status"] != "ok",
            _problems(output.get("metadata", {}) for output in outputs),
        )

    def complete(self, text: str) -> list[str]:
        self.client.complete(text)
        return list(self.client.get_shell_msg(timeout=60)["content"]["matches"])

    def _reply(self, message: dict[str, Any]) -> dict[str, Any]:
        while True:
            reply = self.client.get_shell_msg(timeout=60)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                return dict(reply)

    def _outputs(self, message: dict[str, Any]) -> Iterator[dict[str, Any]]:
        while True:
            try:
                one = self.client.get_iopub_msg(timeout=60)
            except queue.Empty:
                raise AssertionError("the kernel did not become idle") from None
            if one["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                yield one["content"]
                if one["content"].get("execution_state") == "idle":
                    return
