"""What a build would refuse is noticed in an interactive kernel; refused is nothing."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from lab_kernels import SIGNATURE, Little, Shell

from stagebook.lab import spelled_paths

pytestmark = pytest.mark.slow  # a kernel for each test


@pytest.fixture
def ready(loaded: Shell, little: Little) -> Iterator[Shell]:
    """A shell in which the parameters cell has run, in a project with data."""
    table = pd.DataFrame({"a": [1]})
    for path in ("data/raw.csv", "data/other.csv", "extra/more.csv"):
        (little.root / path).parent.mkdir(exist_ok=True)
        table.to_csv(little.root / path)
    table.to_parquet(little.root / "extra/native.parquet")
    loaded.run(SIGNATURE)
    loaded.run("import os, pandas as pd; from pathlib import Path; NAME = 'native'")
    return loaded


@pytest.mark.parametrize(
    "reading",
    [
        "open('extra/more.csv').close()",
        "table = pd.read_csv(Path('extra') / 'more.csv')",
        "text = (Path.cwd() / 'extra/more.csv').read_text()",
        "os.close(os.open('extra/more.csv', os.O_RDONLY))",
    ],
)
def test_a_read_is_noticed_once_with_the_line_to_add(
    ready: Shell, little: Little, reading: str
) -> None:
    shown = ready.run(reading)
    (problem,) = shown.problems
    assert (problem.code, "`extra/more.csv`" in problem.message) == ("undeclared-read", True)
    assert 'more: In = "extra/more.csv"' in problem.hint
    assert not shown.failed
    assert ready.run(reading).codes == []


@pytest.mark.parametrize(
    "reading",
    [
        "table = pd.read_parquet('extra/native.parquet')",
        "table = pd.read_parquet(Path('extra') / f'{NAME}.parquet')",
        "import pyarrow.parquet as pq; table = pq.ParquetFile('extra/native.parquet')",
        "import duckdb; found = duckdb.sql(\"from 'extra/native.parquet'\").fetchall()",
    ],
)
def test_a_reader_in_native_code_is_noticed_by_the_path_it_is_given(
    ready: Shell, reading: str
) -> None:
    shown = ready.run(reading)
    assert 'native: In = "extra/native.parquet"' in shown.plain
    assert not shown.failed


def test_a_write_is_noticed_with_the_line_to_add(ready: Shell, little: Little) -> None:
    assert 'new: Out = "data/new.txt"' in ready.run("Path('data/new.txt').write_text('a')").plain
    native = ready.run("pd.DataFrame({'a': [1]}).to_parquet('data/table.parquet')")
    assert 'table: Out = "data/table.parquet"' in native.plain
    changed = ready.run("open(raw, 'a').close()")
    (problem,) = changed.problems
    assert (problem.code, "`data/raw.csv`" in problem.message) == ("input-changed", True)


@pytest.mark.parametrize(
    "cell",
    [
        "Path('metrics/train.json').write_text('{}')",
        "with open('metrics/train.json', 'r+') as file: file.write('{}'); file.truncate()",
        "Path('own').write_text('{}'); os.replace('own', 'metrics/train.json')",
        "Path(os.path.abspath('metrics/train.json')).write_text('{}'); 1 / 0",
        "!echo -n '{}' > metrics/train.json",
        "Path('own').write_text('{}')\n!mv -f own metrics/train.json",
    ],
)
def test_a_build_output_that_is_written_by_its_path_stays(
    ready: Shell, little: Little, cell: str
) -> None:
    file = little.root / "metrics/train.json"
    own = little.root / "runs/interactive/train/metrics/train.json"
    file.parent.mkdir()
    file.write_text('{"auc": 1}')
    for _ in range(2):
        shown = ready.run(cell)
        (problem,) = shown.problems
        assert (problem.code, "`metrics/train.json`" in problem.message) == ("put-aside", True)
        assert "`runs/interactive/train/" in problem.message
        assert "`scores`" in problem.hint
        assert file.read_text() == '{"auc": 1}'
        assert own.read_text() == "{}"
        own.unlink()
    kept = little.root / ".stagebook/interactive/kept"
    assert not [one for one in kept.rglob("*") if one.is_file()]


def test_what_dvc_writes_in_a_shell_line_stays(ready: Shell, little: Little) -> None:
    file = little.root / "metrics/train.json"
    file.parent.mkdir()
    file.write_text("old")
    ready.run("!echo -n new > metrics/train.json; true dvc checkout metrics/train.json")
    assert file.read_text() == "new"
    assert ready.run("!cat metrics/train.json").plain == ""


def test_a_build_output_that_a_cell_removes_is_back(ready: Shell, little: Little) -> None:
    file = little.root / "models/model.pkl"
    file.parent.mkdir()
    file.write_bytes(b"built")
    assert ready.run("os.remove('models/model.pkl')").codes == ["put-aside"]
    assert file.read_bytes() == b"built"
    ready.run("%stagebook in-place")
    ready.run("os.remove('models/model.pkl')")
    assert not file.exists()


def test_a_build_output_that_native_code_writes_comes_back_from_the_cache(
    ready: Shell, little: Little
) -> None:
    md5 = hashlib.md5(b"built").hexdigest()
    cached = little.root / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
    for file in (cached, little.root / "models/model.pkl"):
        file.parent.mkdir(parents=True)
        file.write_bytes(b"built")
    outs = f"outs: [{{path: models/model.pkl, md5: {md5}}}]"
    (little.root / "dvc.lock").write_text(f"schema: '2.0'\nstages: {{train: {{cmd: x, {outs}}}}}\n")
    cell = "import pyarrow as pa, pyarrow.parquet as pq\n"
    cell += "pq.write_table(pa.table({'a': [1]}), 'models/model.pkl')"
    (problem,) = ready.run(cell).problems
    assert problem.code == "put-aside"
    assert "`runs/interactive/train/models/model.pkl`" in problem.message
    assert (little.root / "models/model.pkl").read_bytes() == b"built"
    assert (little.root / "runs/interactive/train/models/model.pkl").read_bytes()[:4] == b"PAR1"


def test_an_output_that_no_build_made_yet_is_noticed(ready: Shell, little: Little) -> None:
    (little.root / "metrics").mkdir()
    shown = ready.run("Path('metrics/train.json').write_text('{}')")
    (problem,) = shown.problems
    assert (problem.code, "`metrics/train.json`" in problem.message) == ("wrote-in-place", True)
    assert (little.root / "metrics/train.json").read_text() == "{}"
    ready.run("%stagebook in-place")
    assert "wrote" not in ready.run("Path(scores).write_text('{}')").all


def test_a_folder_is_noticed_where_a_build_would_list_other_files(
    ready: Shell, little: Little
) -> None:
    assert ready.run("os.listdir('data')").codes == ["undeclared-read"]
    (little.root / "only").mkdir()
    assert ready.run("os.listdir('only')").codes == []


@pytest.mark.parametrize(
    "cell",
    [
        "table = pd.read_csv(raw)",
        "Path(scores).write_text('{}'); Path(scores).read_text()",
        "from near import WHO",
        "import near, inspect; inspect.getsource(near)",
        "%stagebook",
        "%stagebook defaults",
        "open('missing.csv')",
        "open('data/raw.csv.gone')",
        "1 / 0",
        "def (",
        "!ls",
        "Path('scratch').mkdir(exist_ok=True)",
        "open('/etc/hostname').close()",
        "import json.decoder, pandas.api",
    ],
)
def test_what_a_build_allows_is_not_noticed(ready: Shell, cell: str) -> None:
    assert ready.run(cell).codes == []


def test_nothing_is_noticed_after_unloading(ready: Shell) -> None:
    ready.run("%unload_ext stagebook")
    assert ready.run("open('extra/more.csv').close()").all == ""


def test_a_line_that_is_added_ends_the_notice(ready: Shell) -> None:
    ready.run(SIGNATURE + 'more: In = "extra/more.csv"\n')
    assert ready.run("open(more).close()").codes == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("read('a.csv')", ["a.csv"]),
        ("read(path=FOLDER / 'a.csv')", ["data/a.csv"]),
        ("read(f'{NAME}.csv')", ["raw.csv"]),
        ("read(Path(NAME))", ["raw"]),
        ("Path('a.csv').read_text()", ["a.csv"]),
        ("sql(\"from 'a.csv' join 'b.csv'\")", ["from 'a.csv' join 'b.csv'", "a.csv", "b.csv"]),
        ("print('a.csv')", []),
        ("x = 'a.csv'", []),
        ("read(f'{unknown}.csv')", []),
        ("read(1, *more, **less)", []),
        ("def (", []),
    ],
)
def test_paths_are_found_as_they_are_spelt(text: str, expected: list[str]) -> None:
    names = {"FOLDER": Path("data"), "NAME": "raw", "more": [], "less": {}}
    assert list(spelled_paths.find(text, names)) == expected
