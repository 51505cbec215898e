"""The index of the records: what it answers, and that it can be lost at any time."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from spooled import names, put, record, recorded

from stagebook.history.history import History

MD5 = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder with an older and a newer execution of ``make``, and one of ``use``."""
    put(tmp_path, record("1-make", outputs={"a.csv": MD5}, repro="build"))
    put(tmp_path, record("2-make", outputs={"a.csv": MD5}, repro="other"))
    put(tmp_path, record("3-use", "use", inputs={"a.csv": MD5}, repro="build"))
    return tmp_path


def database(state: Path) -> Path:
    return state / "cache" / "history.db"


def last(state: Path) -> list[str]:
    with History.open(state) as history:
        return names(history.last(None, 10))


def test_it_names_who_wrote_and_who_read_a_file_newest_first(state: Path) -> None:
    with History.open(state) as history:
        assert history.makers("a.csv", MD5) == ("2-make", "1-make")
        assert history.readers("a.csv", MD5) == ("3-use",)
        assert history.makers("a.csv", "f" * 32) == ()
        assert history.makers("b.csv", MD5) == ()


def test_a_failed_execution_made_nothing(state: Path) -> None:
    put(state, record("4-make", outputs={"a.csv": MD5}, outcome="failed"))
    with History.open(state) as history:
        assert history.makers("a.csv", MD5) == ("2-make", "1-make")


def test_it_gives_the_records_of_a_build_in_order_and_the_last_ones_backwards(state: Path) -> None:
    with History.open(state) as history:
        assert names(history.of_repro("build")) == ["1-make", "3-use"]
        assert names(history.last("make", 1)) == ["2-make"]
        assert names(history.last(None, 2)) == ["3-use", "2-make"]
        assert history.record("1-make") == recorded("1-make", outputs={"a.csv": MD5}, repro="build")
        assert history.record("none") is None


def test_the_last_build_is_neither_a_trial_nor_a_failure(state: Path) -> None:
    put(state, record("4-make", build=False))
    put(state, record("5-make", outcome="killed"))
    with History.open(state) as history:
        build = history.last_build("make")
        assert build is not None
        assert names((build,)) == ["2-make"]
        assert history.last_build("none") is None


def test_what_comes_and_goes_is_noticed(state: Path) -> None:
    assert last(state) == ["3-use", "2-make", "1-make"]
    put(state, record("4-make"))
    (state / "records" / "2-make.json").unlink()
    assert last(state) == ["4-make", "3-use", "1-make"]
    with History.open(state) as history:
        assert history.makers("a.csv", MD5) == ("1-make",)


def test_only_records_that_are_new_are_read(state: Path) -> None:
    last(state)
    (state / "records" / "1-make.json").write_text("{")
    put(state, record("4-make"))
    with History.open(state) as history:
        assert history.damaged == ()
        assert history.makers("a.csv", MD5) == ("2-make", "1-make")


@pytest.mark.parametrize(
    "text", ["", '{"format": 2, "stage": "ma', "[]", '{"volatile": {}}', '{"stage": 1}', "\xff"]
)
def test_a_damaged_record_is_passed_over_and_told_until_it_is_mended(
    state: Path, text: str
) -> None:
    file = state / "records" / "4-make.json"
    file.write_text(text, encoding="latin-1")
    for _ in range(2):
        with History.open(state) as history:
            assert [name for name, _ in history.damaged] == ["4-make"]
            assert names(history.last(None, 10)) == ["3-use", "2-make", "1-make"]
    put(state, record("4-make"))
    assert last(state)[0] == "4-make"


def test_a_record_of_the_first_format_is_read(state: Path) -> None:
    old = record("0-make", outputs={"a.csv": MD5})
    for later in ("title", "code", "format"):
        del old[later]
    del old["volatile"]["repro"]
    put(state, {**old, "format": 1})
    with History.open(state) as history:
        assert history.makers("a.csv", MD5)[-1] == "0-make"


def test_without_records_it_is_empty(tmp_path: Path) -> None:
    assert last(tmp_path / "none") == []


def test_a_damaged_index_is_made_anew(state: Path) -> None:
    expected = last(state)
    size = database(state).stat().st_size
    for text in (b"no database", b"", os.urandom(size)):
        database(state).write_bytes(text)
        assert last(state) == expected
    with sqlite3.connect(database(state)) as connection:
        assert connection.execute("SELECT count(*) FROM records").fetchone() == (3,)


def test_an_index_that_breaks_while_it_is_asked_is_made_anew(state: Path) -> None:
    for number in range(300):
        put(state, record(f"0-{number:03}", outputs={f"{number}.csv": f"{number:032}"}))
    last(state)
    whole = database(state).read_bytes()
    page = 4096
    for place in range(page, len(whole), page):  # the head stays, so that it opens
        database(state).write_bytes(whole[:place] + os.urandom(page) + whole[place + page :])
        with History.open(state) as history:
            assert history.makers("a.csv", MD5) == ("2-make", "1-make")
            assert history.makers("7.csv", f"{7:032}") == ("0-007",)


@pytest.mark.parametrize("statement", ["PRAGMA user_version = 999", "DROP TABLE files"])
def test_an_index_of_another_version_is_made_anew(state: Path, statement: str) -> None:
    last(state)
    connection = sqlite3.connect(database(state))
    connection.execute(statement)
    connection.commit()
    connection.close()
    with History.open(state) as history:
        assert history.makers("a.csv", MD5) == ("2-make", "1-make")


def test_where_no_index_can_be_written_there_is_one_in_memory(state: Path) -> None:
    (state / "cache").write_text("a file where the folder should be")
    assert last(state) == ["3-use", "2-make", "1-make"]
    (state / "cache").unlink()
    database(state).mkdir(parents=True)
    assert last(state) == ["3-use", "2-make", "1-make"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
def test_a_full_disk_means_an_index_in_memory(state: Path) -> None:
    last(state)
    for number in range(200):
        put(state, record(f"4-{number:03}"))
    # A limit on the size of files fails writes as a full disk does.
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from stagebook.history.history import History\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))\n"
        "with History.open(Path(sys.argv[1])) as history:\n"
        "    print(len(history.last(None, 1000)))"
    )
    command = [sys.executable, "-c", code, str(state)]
    assert subprocess.check_output(command, text=True) == "203\n"
    assert len(last(state)) == 10


def test_processes_that_fill_it_at_once_agree(state: Path) -> None:
    for number in range(500):
        put(state, record(f"4-{number:03}", outputs={"b.csv": MD5}))
    code = (
        "import sys; from pathlib import Path; from stagebook.history.history import History\n"
        "sys.stdin.readline()\n"
        "with History.open(Path(sys.argv[1])) as history:\n"
        f"    print(len(history.makers('b.csv', '{MD5}')))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(state)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.communicate()[0] for process in processes] == ["500\n"] * 3
    with sqlite3.connect(database(state)) as connection:
        assert connection.execute("SELECT count(*) FROM records").fetchone() == (503,)


def before(state: Path, name: str) -> str | None:
    with History.open(state) as history:
        asked = history.record(name)
        assert asked is not None
        found = history.before(asked)
    return found.id if found else None


def test_a_build_is_compared_with_the_build_before_and_never_with_a_trial(tmp_path: Path) -> None:
    put(tmp_path, record("1-make"))
    put(tmp_path, record("2-make", outcome="failed"))
    put(tmp_path, record("3-make", build=False))
    put(tmp_path, record("4-make"))
    assert before(tmp_path, "4-make") == "2-make"
    assert before(tmp_path, "1-make") is None


def test_a_trial_is_compared_with_the_build_whose_values_it_departs_from(tmp_path: Path) -> None:
    put(tmp_path, record("1-make", build=False))
    put(tmp_path, record("2-make", build=False))
    put(tmp_path, record("3-make"))
    put(tmp_path, record("4-make", outcome="failed"))
    put(tmp_path, record("5-make", build=False))
    put(tmp_path, record("6-make", build=False))
    assert before(tmp_path, "6-make") == "3-make"
    assert before(tmp_path, "2-make") == "1-make"
    assert before(tmp_path, "3-make") is None
