"""A fork of a warm process is like a new process: streams, signals, ends, environment."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from warm_folders import Warm, warm_project

from stagebook.execution.warm.client import NotWarmError

WAITS = "import signal\nprint('ready', flush=True)\nsignal.pause()"


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    with warm_project(tmp_path_factory.mktemp("warm")) as project:
        yield project


def started(warm: Warm, code: str, **changes: object) -> tuple[object, int]:
    """A fork that has printed its first line, and the reading end of its output."""
    reads, writes = os.pipe()
    nothing = os.open(os.devnull, os.O_RDWR)
    fork = warm.fork(code, descriptors=(nothing, writes, writes), **changes)  # type: ignore[arg-type]
    os.close(writes)
    os.close(nothing)
    assert os.read(reads, 6) == b"ready\n"
    return fork, reads


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        ("import sys\nsys.exit(7)", 7),
        ("import sys\nsys.exit('text')", 1),
        ("pass", 0),
        ("raise ValueError", 1),
        ("import os\nos._exit(3)", 3),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
    ],
)
def test_a_forks_end_is_reported_as_that_of_a_new_process(
    warm: Warm, code: str, ending: int
) -> None:
    assert warm.fork(code).wait() == ending


def test_two_forks_come_from_one_zygote(warm: Warm) -> None:
    first, second = (warm.output("import os\nprint(os.getpid())") for _ in range(2))
    assert first != second
    assert len(warm.zygotes()) == 1


def test_output_on_both_streams_keeps_its_order(warm: Warm) -> None:
    code = (
        "import os, sys\nprint('a', flush=True)\nprint('b', file=sys.stderr)\n"
        "os.write(1, b'c\\n')\nprint('d')"
    )
    assert warm.output(code) == "a\nb\nc\nd\n"


def test_input_comes_from_the_clients_descriptor(warm: Warm) -> None:
    reads, writes = os.pipe()
    answer, out = os.pipe()
    fork = warm.fork("print(input().upper())", descriptors=(reads, out, out))
    for descriptor in (reads, out):
        os.close(descriptor)
    os.write(writes, b"hello\n")
    os.close(writes)
    assert fork.wait() == 0
    assert os.read(answer, 100) == b"HELLO\n"
    os.close(answer)


def test_a_fork_has_the_width_of_the_clients_terminal(warm: Warm) -> None:
    import fcntl
    import struct
    import termios

    master, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
    code = "import os\nprint(os.get_terminal_size().columns, os.isatty(0))"
    assert warm.fork(code, descriptors=(terminal, terminal, terminal)).wait() == 0
    assert os.read(master, 100).split() == [b"77", b"True"]
    os.close(master)
    os.close(terminal)


def test_environment_folder_umask_and_search_path_are_the_clients(
    warm: Warm, tmp_path: Path
) -> None:
    code = (
        "import json, os, sys\n"
        "print(json.dumps([os.environ['COLOUR'], 'PWD' in os.environ, os.getcwd(),"
        " os.umask(0), sys.argv, sys.path[:2], os.listdir('/proc/self/fd')]))"
    )
    environment = {"COLOUR": "grün", "STAGEBOOK_X": "1"}
    answer = warm.output(
        code,
        recipe=warm.recipe(),
        environment={**environment, "PYTHONPATH": f"{tmp_path}:{warm.modules}"},
        folder=str(tmp_path),
        first="/first",
        umask=0o027,
    )
    colour, _, folder, umask, arguments, path, descriptors = json.loads(answer)
    assert (colour, folder, umask, arguments) == ("grün", str(tmp_path), 0o027, ["task"])
    assert path == ["/first", str(tmp_path)]
    assert sorted(map(int, descriptors))[:3] == [0, 1, 2]
    assert len(descriptors) == 4  # and the one that lists the folder


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_reaches_the_fork(warm: Warm, number: signal.Signals) -> None:
    code = f"import signal\nsignal.signal({number.value}, lambda *_: exit(9))\n{WAITS}"
    fork, reads = started(warm, code)
    fork.send_signal(number)  # type: ignore[attr-defined]
    assert fork.wait() == 9  # type: ignore[attr-defined]
    os.close(reads)


def test_an_ignored_signal_stays_ignored(warm: Warm) -> None:
    code = "import signal\nprint(signal.getsignal(signal.SIGHUP), signal.getsignal(signal.SIGTERM))"
    text = warm.output(code, ignored=(signal.SIGHUP.value,))
    assert text.split() == ["1", "0"] or text.split() == ["Handlers.SIG_IGN", "Handlers.SIG_DFL"]


def test_a_fork_ends_with_its_client(warm: Warm) -> None:
    fork, reads = started(warm, WAITS)
    process = psutil.Process(fork.pid)  # type: ignore[attr-defined]
    fork.connection.close()  # type: ignore[attr-defined]  # as the system does for a client that ends
    assert os.read(reads, 1) == b""
    process.wait(20)


def test_a_fork_that_outlives_its_client_goes_on(warm: Warm) -> None:
    code = "import signal\nsignal.signal(15, lambda *_: exit(0))\n" + WAITS
    fork, reads = started(warm, code, ending=0)
    process = psutil.Process(fork.pid)  # type: ignore[attr-defined]
    fork.connection.close()  # type: ignore[attr-defined]
    assert warm.output("print(1)") == "1\n"  # the zygote has seen more since then
    assert process.is_running()
    process.terminate()
    assert os.read(reads, 1) == b""
    os.close(reads)


def test_what_a_fork_leaves_is_ended_where_that_is_asked_for(warm: Warm) -> None:
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'],"
        " start_new_session=True)\n"
        "print(child.pid)"
    )
    left = int(warm.output(code, reaps=True, ending=signal.SIGTERM.value))
    assert not psutil.pid_exists(left)


def test_a_fork_goes_on_without_its_zygote_and_its_end_is_reported(tmp_path: Path) -> None:
    with warm_project(tmp_path) as own:
        code = "import signal\nsignal.signal(10, lambda *_: exit(5))\n" + WAITS
        fork, reads = started(own, code)
        ((_, zygote),) = own.zygotes().items()
        os.kill(zygote, signal.SIGKILL)
        fork.send_signal(signal.SIGUSR1)  # type: ignore[attr-defined]
        assert fork.wait() == 5  # type: ignore[attr-defined]
        os.close(reads)
        assert own.output("print(1)") == "1\n"  # from another zygote
        assert set(own.zygotes().values()).isdisjoint({zygote})


def test_a_killed_supervisor_takes_the_fork_along(warm: Warm) -> None:
    fork, reads = started(warm, WAITS)
    process = psutil.Process(fork.pid)  # type: ignore[attr-defined]
    supervisor = process.parent()
    assert supervisor is not None
    supervisor.kill()
    assert fork.wait() == -signal.SIGKILL  # type: ignore[attr-defined]
    assert os.read(reads, 1) == b""
    os.close(reads)


def test_clients_that_start_together_start_one_zygote(tmp_path: Path) -> None:
    with warm_project(tmp_path) as own:
        recipe = own.recipe("json")
        values = [list(recipe.imports), dict(recipe.environment), recipe.root]
        code = (
            "import json, sys\n"
            "from stagebook.execution.warm import client\n"
            "from stagebook.execution.warm.key import Recipe\n"
            "from stagebook.execution.warm.request import Request\n"
            "imports, environment, root = json.loads(sys.argv[1])\n"
            "recipe = Recipe('bare', tuple(imports), environment, root, 'test')\n"
            "request = Request.here('platform:uname', ('x',))\n"
            "print(client.fork(recipe, request, (0, 1, 2)).wait())"
        )
        words = [sys.executable, "-c", code, json.dumps(values)]
        clients = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(4)]
        assert [client.communicate()[0] for client in clients] == ["0\n"] * 4
        assert [own.place.state(key)["forks"] for key in own.zygotes()] == [4]


def test_random_numbers_differ_between_forks(warm: Warm) -> None:
    code = "import random\nprint(random.random())"
    assert warm.output(code, "random") != warm.output(code, "random")


def test_a_fork_that_cannot_begin_ends_and_says_why(warm: Warm) -> None:
    reads, writes = os.pipe()
    fork = warm.fork("pass", descriptors=(writes, writes, writes), folder="/not/there")
    os.close(writes)
    assert fork.wait() == 1
    with open(reads, encoding="utf-8") as stream:
        assert "/not/there" in stream.read()
    assert warm.output("print(1)") == "1\n"


def test_the_key_depends_on_variables_that_imports_read(warm: Warm) -> None:
    key = warm.recipe().key
    assert warm.recipe(OMP_NUM_THREADS="3").key != key
    assert warm.recipe("json").key != key
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0 if soft else 4096, hard))
    try:
        assert warm.recipe().key != key
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    assert warm.recipe(DVC_STAGE="other", COLUMNS="9", STAGEBOOK_X="y").key == key


def test_others_may_not_enter_the_folder(tmp_path: Path) -> None:
    with warm_project(tmp_path) as own:
        folder = Path(own.place.folder)
        folder.mkdir(parents=True, mode=0o755)
        folder.chmod(0o755)
        with pytest.raises(NotWarmError):
            own.fork("pass")


def test_a_process_without_new_privileges_gets_no_fork(warm: Warm, tmp_path: Path) -> None:
    """A process in a sandbox cannot have a process outside of it."""
    code = (
        "import ctypes, sys\n"
        "assert ctypes.CDLL(None).prctl(38, 1, 0, 0, 0) == 0\n"
        "from stagebook.execution.warm.place import Place\n"
        f"place = Place({warm.place.folder!r})\n"
        "from stagebook.execution.warm import wire\n"
        "for key in place.all_keys():\n"
        "    connection = place.connect(key)\n"
        "    if connection:\n"
        "        try:\n"
        "            wire.send(connection, {})\n"
        "            print(wire.receive(connection)[0])\n"
        "        except OSError:\n"
        "            print(None)\n"
    )
    answers = warm.output(code).split()
    assert answers
    assert set(answers) == {"None"}


def test_a_zygote_that_ends_during_its_imports_is_not_started_again(tmp_path: Path) -> None:
    with warm_project(tmp_path) as own:
        own.module("crashes", "import os\nos._exit(1)")
        with pytest.raises(NotWarmError):
            own.fork("pass", "crashes")
        with pytest.raises(NotWarmError, match="during its imports"):
            own.fork("pass", "crashes")


def test_an_import_that_does_more_than_define_is_left_out(tmp_path: Path) -> None:
    with warm_project(tmp_path) as own:
        thread = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True)"
        own.module("starts", f"{thread}.start()")
        own.module("warns", "import warnings\nwarnings.warn('old')")
        own.module("prints", "print('hello')")
        own.module("fails", "import not_installed_at_all")
        own.module("good", "value = 1")
        imports = ("starts", "warns", "prints", "fails", "good")
        assert own.output("import sys\nprint(*sys.modules)", *imports).count(" good ") == 1
        (key,) = own.zygotes()
        left_out = own.place.state(key)["left_out"]
        assert set(left_out) == {"starts", "warns", "prints", "fails"}


def test_a_module_of_the_project_is_never_imported(tmp_path: Path) -> None:
    with warm_project(tmp_path) as own:
        (own.root / "local.py").write_text("value = 1")
        own.module("brings", f"import sys\nsys.path.append({str(own.root)!r})\nimport local")
        text = own.output("import sys\nprint('local' in sys.modules)", "brings")
        assert text == "False\n"
        (key,) = own.zygotes()
        assert set(own.place.state(key)["left_out"]) == {"brings"}
