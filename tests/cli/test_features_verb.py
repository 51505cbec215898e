"""`stagebook features`: the listing, its JSON, and the online store that it writes."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import feature_projects
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from feature_projects import put_weather
from folders import write

from stagebook.cli.main import main
from stagebook.features.catalogue import Catalogue
from stagebook.project.errors import Exit
from stagebook.project.project import Project

CLI = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
ROWS = (("north", "04:00", 1.0), ("north", "05:00", 2.0), ("south", "05:00", 3.0))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project without a build, that one stands in."""
    feature_projects.project(tmp_path)
    monkeypatch.chdir(tmp_path)
    with feature_projects.forgotten(tmp_path):
        yield tmp_path


def call(*words: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["features", *words])
    assert result.exit_code == code, result.output
    return result


def values(*words: str, code: int = 0) -> Any:
    return json.loads(call(*words, "--json", code=code).output)


def looked_up(folder: Path, store: str) -> list[float | None]:
    """The rain that a store gives for both stations, late on the day."""
    service = Catalogue.load(Project.find(folder)).service("rides")
    start = pd.Series(pd.to_datetime(["2026-05-01 07:00"] * 2, utc=True)).dt.as_unit("us")
    with service.open_online(folder / store) as opened:
        found = opened.online(pd.DataFrame({"station": ["north", "south"], "start": start}))
    return [None if pd.isna(value) else value for value in found["rain_mm"]]


def fact(output: str, label: str) -> str:
    """What the first definition in a listing has under a label."""
    match = re.search(rf"^  {label} +(.+)$", output, re.MULTILINE)
    assert match, output
    return match[1]


def test_the_listing_shows_each_definition_and_where_it_is(folder: Path) -> None:
    put_weather(folder, *ROWS)
    output = call().output
    titles = [line for line in output.splitlines() if line and not line.startswith(" ")]
    assert [title.split()[0] for title in titles] == ["weather", "start_hour", "rides"]
    assert fact(output, "rows") == "3"
    assert "2026-05-01 06:00:00 UTC" in fact(output, "known")
    assert fact(output, "defined") == f"src/ride_features.py, line {feature_projects.VIEW_LINE}"


def test_a_table_that_is_not_built_is_no_failure() -> None:
    assert fact(call().output, "rows") == "not built yet"
    (view,) = values()["views"]
    assert (view["built"], view["rows"], view["newest_known_time"]) == (False, None, None)


def test_json_has_the_values_of_the_listing(folder: Path) -> None:
    put_weather(folder, *ROWS)
    printed = values()
    (view,), (service,) = printed["views"], printed["services"]
    assert (view["entity"], view["keys"]) == ("station", ["station"])
    assert (view["rows"], view["ttl_seconds"]) == (3, 10_800.0)
    assert service["features"] == ["station", "rain_mm", "start_hour"]
    assert service["request"] == ["station", "start"]
    assert printed["warnings"] == []


@pytest.mark.parametrize("words", [(), ("materialize", "rides", "online.sqlite")])
def test_json_has_the_keys_of_the_reference(folder: Path, words: tuple[str, ...]) -> None:
    put_weather(folder, *ROWS)
    notebook = '# %% tags=["parameters"]\nfrom stagebook import Out\nout: Out = "models/rides"\n'
    online = "stagebook features materialize rides online/rides.sqlite"
    pipeline = {
        "train": {"cmd": "stagebook run train", "outs": ["models/rides"]},
        "online": {"cmd": online, "outs": ["online/rides.sqlite"]},
    }
    write(
        folder,
        {
            "notebooks/train.py": f"{notebook}# %%\nfrom ride_features import service\n",
            "models/rides/package.json": "{}",
            "dvc.yaml": json.dumps({"stages": pipeline}),
        },
    )
    heading = " ".join(("stagebook features", *words[:1]))
    section = CLI.read_text(encoding="utf-8").partition(f"### `{heading}`\n")[2]
    shown = re.search(r"```json\n(.*?)```", section, re.DOTALL)
    assert shown
    assert _keys(json.loads(shown[1])) == _keys(values(*words))


def _keys(value: Any) -> Any:
    """What keys a value has, to any depth; of a list, its first item's."""
    if isinstance(value, dict):
        return {key: None if key == "where" else _keys(item) for key, item in value.items()}
    return [_keys(item) for item in value[:1]] if isinstance(value, list) else None


def test_a_project_without_the_setting_is_told_what_to_write(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.stagebook]\n")
    (refused,) = values(code=Exit.INVALID)["problems"]
    assert refused["code"] == "no-features"


def test_a_store_is_written_from_any_folder_of_the_project(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_weather(folder, *ROWS)
    monkeypatch.chdir(folder / "src")
    printed = values("materialize", "rides", "../online/r.sqlite")
    assert [(view["name"], view["keys"]) for view in printed["views"]] == [("weather", 2)]
    assert printed["views"][0]["newest_known_time"] == "2026-05-01T06:00:00Z"
    assert looked_up(folder, "online/r.sqlite") == [2.0, 3.0]


def test_incremental_adds_what_became_known_since(folder: Path) -> None:
    put_weather(folder, *ROWS)
    call("materialize", "rides", "r.sqlite")
    put_weather(folder, ("north", "06:00", 5.0))
    call("materialize", "rides", "r.sqlite", "--incremental")
    assert looked_up(folder, "r.sqlite") == [5.0, 3.0]
    call("materialize", "rides", "r.sqlite")
    assert looked_up(folder, "r.sqlite") == [5.0, None]


@pytest.mark.parametrize(
    ("words", "code"),
    [(("ride", "r.sqlite"), "no-feature-service"), (("rides", "r.sqlite"), "no-table")],
)
def test_a_store_that_cannot_be_written_is_refused_and_leaves_no_file(
    folder: Path, words: tuple[str, ...], code: str
) -> None:
    (refused,) = values("materialize", *words, code=Exit.INVALID)["problems"]
    assert refused["code"] == code
    assert list(folder.glob("*.sqlite")) == []


def test_a_file_that_is_no_store_is_not_replaced(folder: Path) -> None:
    put_weather(folder, *ROWS)
    before = (folder / "pyproject.toml").read_bytes()
    printed = values("materialize", "rides", "pyproject.toml", code=Exit.INVALID)
    assert [problem["code"] for problem in printed["problems"]] == ["file-there"]
    assert (folder / "pyproject.toml").read_bytes() == before


def test_the_listing_reads_no_values_of_the_table(folder: Path) -> None:
    """Rows and newest time come from the footer: damage in the data is not met."""
    path = put_weather(folder, *ROWS)
    data = bytearray(path.read_bytes())
    data[4:200] = bytes(196)
    path.write_bytes(data)
    (view,) = values()["views"]
    assert (view["rows"], view["trouble"]) == (3, None)


def test_a_view_whose_table_serves_it_has_no_line_of_trouble(folder: Path) -> None:
    put_weather(folder, *ROWS)
    lines = call().output.splitlines()
    assert "  rows      3" in lines
    assert [line for line in lines if line.split()[:1] == ["trouble"]] == []


def test_help_imports_no_feature() -> None:
    code = (
        "import sys\nfrom stagebook.cli.main import main\n"
        "try:\n    main(['features', '--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'pandas', 'pyarrow', 'pandera', 'stagebook.features', 'stagebook.history'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "[]"


def test_a_table_of_other_types_than_its_schema_is_trouble_in_the_listing(folder: Path) -> None:
    path = put_weather(folder, *ROWS)
    pd.read_parquet(path).assign(rain_mm="wet").to_parquet(path)
    (view,) = values()["views"]
    assert (view["rows"], view["built"]) == (3, True)
    assert "rain_mm" in view["trouble"]
    printed = call().output
    assert fact(printed, "rows") == "3"
    assert "rain_mm" in fact(printed, "trouble")
