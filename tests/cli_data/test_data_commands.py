"""`sweeps data import`, `list` and `show` as a trader meets them."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from simcore import TapeStore
from tests.commands import Sweeps

FEW = (
    "betfair-down-under__autoHubTutorials__1.195453609.bz2",
    "betfair-down-under__autoHubTutorials__1.195453749.bz2",
    "betcode-org__betfair__RECORDED-1.173718164",
    "limx0__betfair_parser__1.242971311.bz2",
    "mzaja__betfair-database__1.211006011.bz2",
    "mzaja__betfair-database__1.214870442.zip",
    "mzaja__betfair-database__08d42f67__1.214870442.zip",
    "nautechsystems__nautilus_trader__badly_formatted.txt",
    "nautechsystems__nautilus_trader__streaming_market_updates.json",
    "nautechsystems__nautilus_trader__streaming_market_updates.log",
)


@pytest.fixture(scope="module")
def few(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of few recordings: good, damaged, twice, BASIC, on another price ladder, and no stream file."""
    folder = tmp_path_factory.mktemp("few")
    for name in FEW:
        shutil.copy(recordings / "recordings" / name, folder / name)
    (folder / "README.md").write_text("# Notes\n")
    return folder


@pytest.fixture(scope="module")
def imported(few: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Those recordings imported by two processes, with the report as JSON."""
    store = tmp_path_factory.mktemp("imported") / "store"
    command = [
        Path(sys.executable).with_name("sweeps"),
        "data",
        "import",
        few,
        "--store",
        store,
        "--workers",
        "2",
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    report: dict[str, Any] = json.loads(done.stdout)
    return store, report


def test_import_reports_every_file_that_is_not_in_the_store(imported: tuple[Path, dict[str, Any]], few: Path) -> None:
    store, report = imported
    assert report["sources"] == report["done"] == len(FEW) + 1
    refused = {file: reason for file, market, reason in report["refused"] if not market}
    assert set(refused) == {"README.md", "nautechsystems__nautilus_trader__badly_formatted.txt"}
    basic = [reason for file, _, reason in report["refused"] if file == "mzaja__betfair-database__1.211006011.bz2"]
    assert basic == ["BASIC: its stream holds no ladder (atb/atl or batb/batl)"]
    finest = [reason for file, _, reason in report["refused"] if "1.242971311" in file]
    assert len(finest) > 50
    assert set(finest) == {"its price ladder is FINEST, only CLASSIC is supported"}
    ((file, count, lines),) = report["damaged"]
    assert (file, count, lines[0][0]) == ("betcode-org__betfair__RECORDED-1.173718164", 1, 4)
    kept = TapeStore.open(store).markets()
    named = set(kept["source"]) | {name for names in kept["other_copies"] for name in names.split("; ")}
    for path in few.iterdir():
        explained = path.name in {file for file, _, _ in report["refused"]}
        assert explained or any(name.startswith(path.name) for name in named), path.name


def test_copies_of_a_market_are_kept_once_and_the_other_is_named(imported: tuple[Path, dict[str, Any]]) -> None:
    store, report = imported
    duplicates = {market: (file, kept) for market, file, kept in report["duplicates"]}
    assert set(duplicates) == {"1.214870442", "1.180770798"}
    file, kept = duplicates["1.214870442"]
    assert (file, kept) == (
        "mzaja__betfair-database__1.214870442.zip!1.214870442",
        "mzaja__betfair-database__08d42f67__1.214870442.zip!1.214870442",
    )
    assert TapeStore.open(store).row("1.214870442")["messages"] == 421


def test_every_source_has_a_report_in_the_store(imported: tuple[Path, dict[str, Any]]) -> None:
    store, _ = imported
    reports = [json.loads(file.read_text()) for file in (store / "imports").glob("*.json")]
    assert len(reports) == len(FEW) + 1
    outcomes = {market["outcome"].split(":")[0] for report in reports for market in report["markets"]}
    assert outcomes == {"imported", "duplicate"}
    assert all(
        report["markets"] or report["files"][0]["refused"] or report["files"][0]["refused_markets"]
        for report in reports
    )


def test_importing_again_reads_only_what_is_new(
    imported: tuple[Path, dict[str, Any]], few: Path, sweeps: Sweeps
) -> None:
    store, first = imported
    manifest = TapeStore.open(store).manifest(first["imported"])
    stamps = {file.name: file.stat().st_mtime_ns for file in (store / "tapes").iterdir()}
    code, out, _ = sweeps("data", "import", few, "--store", store, "--workers", 1, "--json")
    again = json.loads(out)
    assert code == 0
    assert again["imported"] == []
    assert len(again["known"]) == len(FEW) - 2  # all but the BASIC and the badly formatted file
    assert {file.name: file.stat().st_mtime_ns for file in (store / "tapes").iterdir()} == stamps
    assert TapeStore.open(store).manifest(first["imported"]) == manifest


def test_one_process_or_several_any_order_any_name_give_the_same_store(
    imported: tuple[Path, dict[str, Any]], few: Path, tmp_path: Path, sweeps: Sweeps
) -> None:
    store, report = imported
    renamed = tmp_path / "renamed"
    renamed.mkdir()
    for number, name in enumerate(sorted(FEW, reverse=True)):
        shutil.copy(few / name, renamed / f"{number:02}")
    code, _, _ = sweeps("data", "import", renamed, "--store", tmp_path / "other", "--workers", 1)
    assert code == 0
    one, other = TapeStore.open(store), TapeStore.open(tmp_path / "other")
    assert list(one.markets()["market_id"]) == list(other.markets()["market_id"]) == report["imported"]
    assert one.manifest(report["imported"]) == other.manifest(report["imported"])


def test_the_table_names_what_was_refused_and_where_the_reports_are(few: Path, tmp_path: Path, sweeps: Sweeps) -> None:
    code, out, _ = sweeps("data", "import", few, "--store", tmp_path / "s", "--workers", 1)
    assert code == 0
    assert "refused: README.md: no stream file" in out
    assert "60 markets: its price ladder is FINEST" in out
    assert "duplicate: 1.180770798 of" in out
    assert f"Every file's report is in {tmp_path / 's'}/imports" in out


def test_an_import_killed_half_way_goes_on_where_it_was(recordings: Path, tmp_path: Path) -> None:
    names = sorted(file.name for file in (recordings / "recordings").glob("betfair-down-under*1.19545361*"))
    files = [str(recordings / "recordings" / name) for name in names]
    store = tmp_path / "store"
    command = [
        str(Path(sys.executable).with_name("sweeps")),
        "data",
        "import",
        *files,
        "--store",
        str(store),
        "--workers",
        "1",
    ]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while len(list(store.glob("imports/*.json"))) < 2 and child.poll() is None:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL, "the import ended before it could be killed"
    finished = {file.name: file.stat().st_mtime_ns for file in (store / "imports").glob("*.json")}
    assert len(TapeStore.open(store)) == 0
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    assert len(report["known"]) >= len(finished) >= 2
    assert len(report["known"]) + len(report["imported"]) == len(files)
    assert len(TapeStore.open(store)) == len(files)
    after = {file.name: file.stat().st_mtime_ns for file in (store / "imports").glob("*.json")}
    assert all(after[name] == stamp for name, stamp in finished.items())


def test_ctrl_c_keeps_what_was_finished_and_says_how_to_go_on(recordings: Path, tmp_path: Path) -> None:
    files = [str(file) for file in sorted((recordings / "recordings").glob("betfair-down-under*1.19545361*"))]
    store = tmp_path / "store"
    command = [
        str(Path(sys.executable).with_name("sweeps")),
        "data",
        "import",
        *files,
        "--store",
        str(store),
        "--workers",
        "2",
    ]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while not list(store.glob("imports/*.json")) and child.poll() is None:
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "run it again to go on" in err
    assert "Traceback" not in err
    assert 1 <= len(TapeStore.open(store)) < len(files)


MISTAKES: dict[str, tuple[list[str], str]] = {
    "a source that is not there": (["import", "nowhere", "--store", "S"], "must be a file or folder that exists"),
    "a folder without a stream file": (
        ["import", "notes", "--store", "S"],
        "nothing in notes could be imported: notes.md",
    ),
    "a store that is something else": (["import", "notes", "--store", "notes"], "neither a store nor an empty folder"),
    "no workers": (["import", "notes", "--store", "S", "--workers", "0"], "--workers"),
    "no store": (["import", "notes"], "--store"),
    "a list of no store": (["list", "--store", "S"], "there is no store at 'S'"),
    "a story of no store": (["show", "1.1", "--store", "S"], "there is no store at 'S'"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence_and_nothing_is_written(
    mistake: str, sweeps: Sweeps, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes").mkdir()
    Path("notes/notes.md").write_text("# nothing here\n")
    arguments, sentence = MISTAKES[mistake]
    code, _, err = sweeps("data", *arguments)
    assert code == 2
    assert sentence in err
    assert "Traceback" not in err
    assert not Path("S").exists()


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        (["--where", "colour=red"], "filter 'colour' is unknown"),
        (["--where", "colour"], "`--where` must be KEY=VALUE"),
        (["--hour", "noon"], "filter on 'hour' cannot be 'noon'"),
        (["--date", ".."], "`--date` must be"),
    ],
)
def test_a_filter_that_makes_no_sense_is_named(
    option: list[str], sentence: str, imported: tuple[Path, dict[str, Any]], sweeps: Sweeps
) -> None:
    code, _, err = sweeps("data", "list", "--store", imported[0], *option)
    assert code == 2
    assert sentence in err


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--sport", "greyhounds", "--type", "WIN", "--replayable"], ["1.195453609"]),
        (["--sport", "horses"], ["1.173718164"]),
        (["--country", "AU", "--type", "WIN", "--hour", "8..8"], ["1.195453609"]),
        (["--venue", "Traralgon", "--date", "2022-03-02"], ["1.195453609", "1.195453749"]),
        (["--date", "2022-03-01..2022-03-31", "--min-volume", "1000"], ["1.195453609"]),
        (["--tier", "PRO", "--where", "max_unattributed_share=0.001"], ["1.195453749"]),
        (["--date", "2020-01-01..2020-12-31", "--not-replayable"], ["1.173718164"]),
    ],
)
def test_list_filters_the_catalogue(
    options: list[str], expected: list[str], imported: tuple[Path, dict[str, Any]], sweeps: Sweeps
) -> None:
    code, out, _ = sweeps("data", "list", "--store", imported[0], *options, "--json")
    assert code == 0
    assert [row["market_id"] for row in json.loads(out)] == expected


def test_list_prints_a_table_that_counts(imported: tuple[Path, dict[str, Any]], sweeps: Sweeps) -> None:
    code, out, _ = sweeps("data", "list", "--store", imported[0], "--sport", "greyhounds", "--limit", 1)
    assert code == 0
    assert "1.195453609" in out
    assert "2022-03-02 08:31" in out
    assert out.rstrip().endswith("3 markets, 1 shown")


def test_show_tells_the_story_of_a_market(imported: tuple[Path, dict[str, Any]], sweeps: Sweeps) -> None:
    """Facts read off the recording by eye: Gotham Prince won at a BSP of 1.62, suspended 28.5 s after the advertised start."""
    code, out, _ = sweeps("data", "show", "1.195453609", "--store", imported[0], "--json")
    story = json.loads(out)
    assert code == 0
    winner = next(runner for runner in story["runners"] if runner["result"] == "WINNER")
    assert (winner["name"], winner["starting_price"]) == ("1. Gotham Prince", 1.62)
    suspended = next(event for event in story["events"] if event["event"] == "status SUSPENDED")
    assert suspended["seconds_to_start"] == pytest.approx(-28.5, abs=0.05)
    assert story["market"]["matched_pounds"] == 10192.2
    by_class = story["volume"]["pounds_by_class"]
    assert by_class["reconciled"] == 1054.25
    assert sum(pounds for name, pounds in by_class.items() if name != "fallen") == pytest.approx(
        by_class["fallen"], abs=0.03
    )
    before = list(story["volume"]["matched_pounds_before_start"].values())
    assert before == sorted(before)
    assert before[-1] > 0


def test_show_prints_the_story_as_tables(imported: tuple[Path, dict[str, Any]], sweeps: Sweeps) -> None:
    code, out, _ = sweeps("data", "show", "1.195453609", "--store", imported[0])
    assert code == 0
    for text in (
        "1. Gotham Prince",
        "WINNER",
        "advertised start is 2022-03-02 08:31:00 UTC",
        "reconciled",
        "replayable",
    ):
        assert text in out


def test_show_names_a_market_that_is_not_there(imported: tuple[Path, dict[str, Any]], sweeps: Sweeps) -> None:
    code, _, err = sweeps("data", "show", "1.1", "--store", imported[0])
    assert code == 2
    assert "market '1.1' is not in store" in err
