"""``stagebook monitor``: exit codes, files that it writes, settings that it uses, and alerts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import watched_logs
from click.testing import CliRunner, Result
from prometheus_client.parser import text_string_to_metric_families
from test_alerts import address, receiver
from watched_models import START, Watched, days_from

from stagebook.cli.main import main

Verb = Callable[..., Result]


def heavier(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(weight=frame["weight"] + 4.0)


@pytest.fixture
def verb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Verb:
    """Runs the verb in a folder below a project; settings replace those of the project."""
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")

    def run(*words: str, webhook: str = "", **settings: str | float) -> Result:
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        alerts = ["[tool.stagebook.monitor.alerts]", f'webhook = "{webhook}"'] if webhook else []
        text = ["[tool.stagebook]", "[tool.stagebook.monitor]", *lines, *alerts, ""]
        (tmp_path / "pyproject.toml").write_text("\n".join(text))
        return CliRunner().invoke(main, ["monitor", *words])

    return run


@pytest.fixture
def usual(tall: Watched, tmp_path: Path) -> Path:
    """A log of two days like the reference, in the project."""
    return watched_logs.write(tmp_path / "usual", *tall.answers(days_from(START, 2)))


@pytest.fixture
def drifted(tall: Watched, tmp_path: Path) -> Path:
    """A log of a day with another weight."""
    return watched_logs.write(tmp_path / "drifted", *tall.answers(["2026-04-08"], heavier))


def values(result: Result) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return parsed


def codes(result: Result) -> list[str]:
    return [problem["code"] for problem in values(result)["problems"]]


def test_a_model_that_holds_ends_with_0_and_another_with_11(
    verb: Verb, tall: Watched, usual: Path, drifted: Path
) -> None:
    holds = verb(str(usual), "--package", str(tall.folder), "--json")
    assert (holds.exit_code, values(holds)["state"]) == (0, "ok")
    assert (values(holds)["first"], values(holds)["remarks"]) == ("2026-04-06", [])
    looks = verb(str(drifted), "--package", str(tall.folder), "--json")
    assert (looks.exit_code, values(looks)["state"]) == (11, "look")
    (signal,) = values(looks)["signals"]
    assert (signal["kind"], signal["subject"]) == ("input drift", "weight")


def test_closed_days_of_two_logs_are_kept_apart(
    verb: Verb, tall: Watched, drifted: Path, tmp_path: Path
) -> None:
    log = watched_logs.closed(tmp_path / "log", *tall.answers(["2026-04-07"]))
    package = ("--package", str(tall.folder), "--json")
    assert values(verb(str(log), *package))["first"] == "2026-04-07"
    assert values(verb(str(drifted), *package))["first"] == "2026-04-08"


def test_the_screen_names_the_column(verb: Verb, tall: Watched, drifted: Path) -> None:
    shown = verb(str(drifted), "--package", str(tall.folder))
    assert shown.exit_code == 11
    assert "weight" in shown.stdout
    assert "2026-04-08" in shown.stdout


def test_settings_are_relative_to_the_project_and_options_to_the_folder(
    verb: Verb, tall: Watched, tmp_path: Path, usual: Path
) -> None:
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "tall").symlink_to(tall.folder)
    settings = {"log": "usual", "package": "packages/tall", "textfile": "out/monitor.prom"}
    run = verb("--json", **settings)
    assert (run.exit_code, values(run)["package"]) == (0, tall.digest)
    assert (tmp_path / "out" / "monitor.prom").is_file()
    assert (tmp_path / ".stagebook" / "monitor").is_dir()
    words = ("../usual", "--package", "../packages/tall", "--textfile", "own.prom", "--json")
    run = verb(*words, "--state", "kept", log="nothing", package="nothing", textfile="unused.prom")
    assert (run.exit_code, values(run)["last"]) == (0, "2026-04-07")
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["kept", "own.prom"]
    assert not (tmp_path / "unused.prom").exists()


def test_the_tolerance_and_the_false_alarms_of_the_settings_are_used(
    verb: Verb, tall: Watched, drifted: Path
) -> None:
    words = (str(drifted), "--package", str(tall.folder), "--json")
    exact, tolerant = (
        [loss["limit"] for loss in values(verb(*words, tolerance=tolerance))["losses"]]
        for tolerance in (0.0, 0.1)
    )
    assert tolerant == pytest.approx([limit + 0.1 for limit in exact])
    few, many = (
        values(verb(*words, false_alarms=often))["signals"][0]["limit"] for often in (0.1, 100)
    )
    assert few > many


def test_the_textfile_has_the_state(
    verb: Verb, tall: Watched, drifted: Path, tmp_path: Path
) -> None:
    file = tmp_path / "monitor.prom"
    verb(str(drifted), "--package", str(tall.folder), "--textfile", str(file))
    states = {
        sample.labels["state"]: sample.value
        for family in text_string_to_metric_families(file.read_text())
        for sample in family.samples
        if sample.name == "stagebook_monitor_state"
    }
    assert states == {"ok": 0, "look": 1, "act": 0}


def test_closed_days_are_kept_in_the_state_folder(
    verb: Verb, tall: Watched, tmp_path: Path
) -> None:
    log = watched_logs.closed(tmp_path / "log", *tall.answers(days_from(START, 2)))
    words = (str(log), "--package", str(tall.folder), "--state", "kept", "--json")
    first = verb(*words)
    kept = sorted(path.name for path in Path("kept").rglob("2026*.json"))
    assert kept == ["2026-04-06.json", "2026-04-07.json"]
    assert values(verb(*words)) == values(first)


def test_a_change_of_state_is_sent_once(
    verb: Verb, tall: Watched, usual: Path, drifted: Path
) -> None:
    words = ("--package", str(tall.folder), "--state", "kept")
    with receiver() as server:
        hook = address(server)

        def states() -> list[tuple[str, str]]:
            bodies = [json.loads(body) for _, _, body in server.received]  # type: ignore[attr-defined]
            return [(body["before"], body["after"]) for body in bodies]

        verb(str(drifted), *words, "--no-alerts", webhook=hook)
        assert states() == []
        for _ in range(2):
            assert verb(str(drifted), *words, webhook=hook).exit_code == 11
        assert states() == [("ok", "look")]
        for _ in range(2):
            assert verb(str(usual), *words, webhook=hook).exit_code == 0
        assert states() == [("ok", "look"), ("look", "ok")]


def test_an_alert_that_nobody_takes_is_a_remark_and_waits(
    verb: Verb, tall: Watched, drifted: Path
) -> None:
    words = (str(drifted), "--package", str(tall.folder), "--json")
    with receiver(500) as server:
        hook = address(server)
        run = verb(*words, webhook=hook)
        assert run.exit_code == 11
        assert [remark["code"] for remark in values(run)["remarks"]] == ["alert-undelivered"]
        server.status = 204  # type: ignore[attr-defined]
        assert values(verb(*words, webhook=hook))["remarks"] == []
        assert values(verb(*words, webhook=hook))["remarks"] == []
        assert len(server.received) == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("words", [[], ["log"], ["--package", "models"]])
def test_without_a_log_or_a_package_nothing_is_watched(verb: Verb, words: list[str]) -> None:
    run = verb(*words, "--json")
    assert run.exit_code != 0
    assert codes(run) == ["nothing-to-monitor"]


def test_a_log_that_does_not_exist_is_refused(verb: Verb, tall: Watched) -> None:
    run = verb("nowhere", "--package", str(tall.folder), "--json")
    assert run.exit_code not in (0, 11)
    assert codes(run) == ["no-request-log"]


def test_a_folder_that_is_no_package_is_refused(verb: Verb, usual: Path) -> None:
    run = verb(str(usual), "--package", str(usual), "--json")
    assert run.exit_code not in (0, 11)
    assert len(codes(run)) == 1


def test_a_damaged_day_is_a_problem_and_ends_with_11(
    verb: Verb, tall: Watched, tmp_path: Path
) -> None:
    log = watched_logs.closed(tmp_path / "log", *tall.answers(days_from(START, 2)))
    (file,) = (log / "days").glob("2026-04-07*.parquet")
    file.write_bytes(b"PAR1")
    run = verb(str(log), "--package", str(tall.folder), "--json")
    assert (run.exit_code, codes(run)) == (11, ["bad-request-log"])
    assert values(run)["last"] == "2026-04-06"


def test_a_state_folder_that_cannot_be_written_changes_no_status(
    verb: Verb, tall: Watched, tmp_path: Path
) -> None:
    log = watched_logs.closed(tmp_path / "log", *tall.answers(days_from(START, 2)))
    Path("kept").write_text("not a folder")
    run = verb(str(log), "--package", str(tall.folder), "--state", "kept", "--json")
    assert (run.exit_code, values(run)["state"], values(run)["signals"]) == (0, "ok", [])
    assert (values(run)["first"], values(run)["last"]) == ("2026-04-06", "2026-04-07")
    assert codes(run) == ["summary-not-kept"]
    remarks = [remark["code"] for remark in values(run)["remarks"]]
    assert remarks == ["bad-monitor-state", "monitor-state-not-kept"]


def test_two_packages_with_one_state_folder_repeat_no_alert(
    verb: Verb, tall: Watched, packaged: Callable[[str], Watched], drifted: Path
) -> None:
    with receiver() as server:
        hook = address(server)
        for watched in (tall, packaged("unlabelled")) * 2:
            words = ("--package", str(watched.folder), "--state", "kept")
            verb(str(drifted), *words, webhook=hook)
        bodies = [json.loads(body) for _, _, body in server.received]  # type: ignore[attr-defined]
    assert [(body["package"], body["after"]) for body in bodies] == [(tall.digest, "look")]


def test_a_past_day_is_shown_without_an_alert(
    verb: Verb, tall: Watched, tmp_path: Path, drifted: Path
) -> None:
    watched_logs.write(drifted, *tall.answers(["2026-04-10"]))
    words = (str(drifted), "--package", str(tall.folder), "--json")
    with receiver() as server:
        run = verb(*words, "--at", "2026-04-08", "--state", "kept", webhook=address(server))
        assert server.received == []  # type: ignore[attr-defined]
    assert (run.exit_code, values(run)["last"]) == (11, "2026-04-08")
    assert not (tmp_path / "below" / "kept" / "state.json").exists()
    assert verb(*words, "--at", "soon").exit_code == 3
