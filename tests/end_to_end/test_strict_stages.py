"""What a stage touches outside its project is in its record, and fails it if it is strict."""

import textwrap
from pathlib import Path

import pytest
from checkout import Checkout

pytestmark = [pytest.mark.slow, pytest.mark.undelivered]

OUT = 'result: Out = "data/result.txt"'
DONE = 'open(result, "w").write("done")'

# Addresses of RFC 5737, which no host has.
USES = {
    "network 192.0.2.1:81": "import socket\nsocket.create_connection(('192.0.2.1', 81), 0.1)",
    "network 192.0.2.2:82": (
        "import ctypes, socket, struct\n"
        "libc = ctypes.CDLL(None)\n"
        "place = struct.pack('=H', 2) + struct.pack('!H', 82) + socket.inet_aton('192.0.2.2')\n"
        "libc.fcntl(number := libc.socket(2, 1, 0), 4, 2048)  # without waiting\n"
        "libc.connect(number, place + bytes(8), 16)"
    ),
    "network 192.0.2.3:83": (
        "import threading, socket\n"
        "thread = threading.Thread(target=lambda: socket.socket(type=socket.SOCK_DGRAM)"
        ".sendto(b'x', ('192.0.2.3', 83)))\n"
        "thread.start(); thread.join()"
    ),
    "network 192.0.2.4:84": (
        "import subprocess\n"
        "code = 'import socket; socket.create_connection((\"192.0.2.4\", 84), 0.1)'\n"
        "subprocess.run(['python', '-c', code])"
    ),
    "network name.invalid": "import socket\nsocket.getaddrinfo('name.invalid', 80)",
    "read FOLDER/in.csv": "open('FOLDER/in.csv').read()",
    "read FOLDER/linked.csv": (
        "import os\nos.symlink('FOLDER/linked.csv', 'link.csv')\n"
        "try:\n    open('link.csv').read()\nfinally:\n    os.remove('link.csv')"
    ),
    "read FOLDER": "import os\nos.listdir('FOLDER')",
    "read FOLDER/shell.csv": "import subprocess\nsubprocess.run(['cat', 'FOLDER/shell.csv'])",
    "read FOLDER/base.sqlite": "import sqlite3\nsqlite3.connect('FOLDER/base.sqlite')",
    "write FOLDER/out.csv": "open('FOLDER/out.csv', 'w').write('x')",
    "write FOLDER/forked.csv": (
        "import multiprocessing\n"
        "child = multiprocessing.get_context('fork').Process("
        "target=lambda: open('FOLDER/forked.csv', 'w'))\n"
        "child.start(); child.join()"
    ),
    "write FOLDER/made": "import os\nos.mkdir('FOLDER/made')",
}
ALLOWED = (
    "import socket\n"
    "server = socket.create_server(('127.0.0.1', 0))\n"
    "socket.create_connection(server.getsockname())\n"
    "socket.getaddrinfo('localhost', 80)",
    "import tempfile\nwith tempfile.NamedTemporaryFile() as file:\n    file.write(b'x')",
    "import zoneinfo, ssl, locale, multiprocessing.shared_memory\n"
    "zoneinfo.ZoneInfo('America/New_York'); ssl.create_default_context()\n"
    "shared = multiprocessing.shared_memory.SharedMemory(create=True, size=10)\n"
    "shared.close(); shared.unlink()",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.title('é'); plt.show()",
    "import mlflow\nwith mlflow.start_run():\n    mlflow.log_metric('m', 1)",
    "import subprocess\nsubprocess.run(['python', '-c', 'import pandas'], check=True)\n"
    "subprocess.run(['git', 'rev-parse', '--is-inside-work-tree'], check=True)",
)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the project, with files."""
    folder = tmp_path / "outside"
    folder.mkdir()
    for name in ("in.csv", "linked.csv", "shell.csv", "base.sqlite"):
        (folder / name).touch()
    return folder


def tolerant(code: str) -> str:
    """A cell that goes on after its errors."""
    body = textwrap.indent(code, "    ")
    return f"import os\ntry:\n{body}\nexcept (OSError, ValueError) as error:\n    print(error)"


def uses(outside: Path) -> tuple[list[str], dict[tuple[str, str], int]]:
    """Cells that each use something outside, and the expected contacts with their cells."""
    cells = [tolerant(code.replace("FOLDER", str(outside))) for code in USES.values()]
    keys = (key.replace("FOLDER", str(outside)).split(maxsplit=1) for key in USES)
    return cells, {(kind, target): cell for cell, (kind, target) in enumerate(keys, start=2)}


def contacts(project: Checkout) -> dict[tuple[str, str], int]:
    """The contacts of the newest record, without a machine's name server."""
    found = project.records()[-1]["volatile"]["contacts"]
    return {
        (item["kind"], item["target"]): item["cell"]
        for item in found
        if not item["target"].endswith(":53")
    }


def configure(project: Checkout, text: str) -> None:
    path = project.root / "pyproject.toml"
    project.write("pyproject.toml", f"{path.read_text()}{text}\n")


def test_a_record_names_each_host_and_file_outside_with_its_cell(
    project: Checkout, outside: Path
) -> None:
    cells, expected = uses(outside)
    project.notebook("use", OUT, *cells, DONE)
    project.ok("stagebook", "run", "use")
    assert contacts(project) == expected
    assert (outside / "out.csv").read_text() == "x"


def test_a_strict_stage_fails_and_is_refused_what_is_outside(
    project: Checkout, outside: Path
) -> None:
    configure(project, "strict = true")
    cells, expected = uses(outside)
    project.notebook("use", OUT, *cells, DONE)
    done = project.run("stagebook", "run", "use", "--json")
    assert done.code == 5, done.output
    assert contacts(project) == expected
    codes = {"network": "undeclared-network", "read": "outside-read", "write": "outside-write"}
    found = [(item.code, item.where.cell) for item in project.recorded_problems() if item.where]
    assert found == [(codes[kind], cell) for (kind, _), cell in expected.items()]
    assert not {"out.csv", "forked.csv", "made"} & {file.name for file in outside.iterdir()}
    assert not (project.root / "data/result.txt").exists()


def test_a_strict_stage_may_use_a_declared_network_and_nothing_else(
    project: Checkout, outside: Path
) -> None:
    configure(project, "strict = true\n[tool.stagebook.stages.use]\nnetwork = true")
    code = {key: tolerant(text) for key, text in USES.items() if key.startswith("network")}
    project.notebook("use", OUT, *code.values(), DONE)
    project.ok("stagebook", "run", "use")
    assert {f"{kind} {target}" for kind, target in contacts(project)} == set(code)
    read = f"open({str(outside / 'in.csv')!r})"
    project.notebook("use", OUT, tolerant(read), DONE)
    assert project.run("stagebook", "run", "use").code == 5
    assert [item.code for item in project.recorded_problems()] == ["outside-read"]


def test_a_strict_stage_may_use_its_environment_and_this_machine(project: Checkout) -> None:
    configure(project, "strict = true")
    project.notebook("use", OUT, *ALLOWED, DONE)
    done = project.run("stagebook", "run", "use")
    assert done.code == 0, done.output
    assert contacts(project) == {}


@pytest.mark.parametrize("reader", ["pyarrow", "duckdb"])
def test_a_file_that_native_code_reads_is_named_and_refused_to_a_strict_stage(
    project: Checkout, outside: Path, reader: str
) -> None:
    file = outside / "x.parquet"
    project.ok(
        "python", "-c", f"import pandas; pandas.DataFrame({{'a': [1]}}).to_parquet('{file}')"
    )
    code = {
        "pyarrow": f"import pyarrow.parquet as pq\npq.read_table({str(file)!r})",
        "duckdb": f"import duckdb\nduckdb.read_parquet({str(file)!r}).fetchall()",
    }[reader]
    project.notebook("use", OUT, code, DONE)
    project.ok("stagebook", "run", "use")
    assert contacts(project) == {("named", str(file)): 2}
    configure(project, "strict = true")
    assert project.run("stagebook", "run", "use").code == 5
    problem = project.recorded_problem("outside-read")
    assert problem.where is not None
    assert problem.where.cell == 2
    assert str(file) in problem.message


def test_a_proxy_on_this_machine_counts_as_the_network(project: Checkout) -> None:
    project.env["https_proxy"] = "http://127.0.0.1:9"
    configure(project, "strict = true")
    project.notebook("use", OUT, tolerant("import socket\nsocket.create_connection(('::1', 9))"))
    assert project.run("stagebook", "run", "use").code == 5
    assert ("network", "[::1]:9") in contacts(project)


def test_neither_setting_makes_a_stage_stale(project: Checkout) -> None:
    project.notebook("use", OUT, DONE)
    project.ok("stagebook", "sync")
    assert "use" in project.build()
    configure(project, "strict = true\nnetwork = true")
    assert project.build() <= {"sources"}
