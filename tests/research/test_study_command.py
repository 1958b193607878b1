"""`sweeps data study` as a trader meets it: a page that stands alone, figures that agree with it, a sentence for a mistake."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from simcore.tapes.store import TapeStore
from sweeps import cli
from sweeps.app.importing import import_files
from sweeps.app.research import DriftTrade, Request, Study, study
from sweeps.app.research_charts import half_matched_s, steps
from sweeps.app.research_page import facts, page
from sweeps.app.synth import SynthRequest, make_markets

DRIFT_TICKS_PER_MINUTE = 8.0
TRADE = DriftTrade(entry_times_s=(270.0, 150.0, 60.0), pick_s=300.0)


def quietly(done: int, total: int) -> None:
    assert done <= total


@pytest.fixture(scope="session")
def drifting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve greyhound markets whose favourite drifts out by eight ticks a minute from 300 s before the start."""
    store = tmp_path_factory.mktemp("drifting") / "store"
    request = SynthRequest("greyhounds", 12, 2, 3, store, drift_ticks_per_minute=DRIFT_TICKS_PER_MINUTE)
    make_markets(request, 1, quietly)
    return store


@pytest.fixture(scope="session")
def studied(drifting: Path) -> Study:
    return study(Request(drifting, drift=TRADE, bots=("daf:short",)), 1, quietly)


def run(arguments: list[object], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["sweeps", "data", "study", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return int(stopped.value.code or 0)


def test_a_planted_drift_shows_in_the_entry_time_chart(studied: Study) -> None:
    [group] = studied.groups
    long, short = (np.nan_to_num(group.drift[:, direction, 0]) for direction in (0, 1))  # crossing
    gain = (short - long)[:, 0]
    assert gain.mean() > 3 * gain.std(ddof=1) / np.sqrt(len(gain)), "who lays first earns what the drift moves"
    assert np.all(np.diff(short.mean(axis=0)) < 0), "the later the entry, the less of the drift is left"
    assert short[:, 0].mean() > 0 > long[:, 0].mean()


def test_joining_the_queue_is_matched_in_fewer_markets_than_crossing(studied: Study) -> None:
    [group] = studied.groups
    crossed, joined = ((~np.isnan(group.drift[:, :, entry])).mean() for entry in (0, 1))
    assert joined < crossed


def test_what_crossing_earned_is_split_by_whether_joining_was_matched(studied: Study) -> None:
    [group] = studied.groups
    crossed, joined = np.nan_to_num(group.drift[:, :, 0]), ~np.isnan(group.drift[:, :, 1])
    known = {fact.name: fact.values[0] for fact in facts(studied)}
    matched = known["crossing, where joining the queue was matched (% of the stake)"]
    missed = known["crossing, where joining the queue was not (% of the stake)"]
    assert 0 < joined.sum() < joined.size
    assert joined.mean() * matched + (1 - joined.mean()) * missed == pytest.approx(100 * crossed.mean())
    assert missed > matched, (
        "a favourite that drifts out fills the long trade's queue and leaves the short one's behind"
    )


def test_groups_and_their_markets_are_the_stores(studied: Study, drifting: Path) -> None:
    [group] = studied.groups
    assert (group.name, len(group), group.in_store) == ("greyhounds WIN GB", 12, 12)
    assert [one.measures.market_id for one in group.studied] == group.known["market_id"].tolist()
    assert sorted(group.known["market_id"]) == TapeStore.open(drifting).markets()["market_id"].tolist()


def test_two_processes_find_what_one_finds(studied: Study, drifting: Path) -> None:
    request = Request(drifting, most=4, drift=TRADE, bots=("daf:short",))
    [few] = study(request, 2, quietly).groups
    [all_of_them] = studied.groups
    assert len(few) == 4
    np.testing.assert_array_equal(few.drift, all_of_them.drift[:4])
    np.testing.assert_array_equal(few.bots, all_of_them.bots[:4])


def test_interrupted_it_shows_what_was_studied_and_says_so(drifting: Path) -> None:
    def stop_after_two(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    found = study(Request(drifting, drift=TRADE, bots=("daf:short",)), 1, stop_after_two)
    assert (found.interrupted, found.done, found.wanted) == (True, 2, 12)
    assert "Interrupted: 2 of 12 markets were studied." in page(found, "store")


def test_the_page_stands_alone_and_marks_hindsight(studied: Study) -> None:
    text = page(studied, "my <store>")
    outside = re.sub(r"<script\b[^>]*>.*?</script>", "", text, flags=re.DOTALL)
    assert not re.search(r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=", text[:2000] + outside)
    assert "http" not in outside
    assert "my &lt;store&gt;" in outside
    for name in ("volume", "spread", "next-move", "correlation", "entry-0", "hour-0", "liquidity-0"):
        assert f'id="{name}"' in outside
    assert outside.count("What it does not tell") == 7
    assert "hindsight" in outside


def test_the_printed_figures_are_those_of_the_page(
    drifting: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report.html"
    given = ["--store", drifting, "--out", out, "--sport", "greyhounds", "--entries", "270,60", "--bot", "caf:v2"]
    assert run([*given, "--most", 3, "--workers", 1, "--json"], monkeypatch) == 0
    printed = json.loads(capsys.readouterr().out)
    assert list(printed) == ["greyhounds WIN GB"]
    matched = printed["greyhounds WIN GB"]["matched before the off, median (£)"]
    catalogue = TapeStore.open(drifting).markets(hindsight=True)
    assert catalogue["matched_pounds"].min() <= matched <= catalogue["matched_pounds"].max()
    assert f"<td>{matched:,.0f}</td>" in out.read_text()


def test_every_figure_of_a_group_is_there(studied: Study) -> None:
    known = {fact.name: fact.values[0] for fact in facts(studied)}
    assert known["markets"] == 12
    assert known["matched in the last minute (%)"] < known["matched in the last 10 minutes (%)"]
    missing = [name for name, value in known.items() if np.isnan(value)]
    assert missing == ["spread 50 to 40 minutes before the off (ticks)"], "synthetic recordings begin 30 minutes before"


def test_real_recordings_are_studied_from_import_to_page(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = (
        "betfair-down-under__autoHubTutorials__1.195453609.bz2",
        "betfair-down-under__autoHubTutorials__1.195453613.bz2",
    )
    files = [recordings / "recordings" / name for name in names]
    import_files(files, tmp_path / "store", workers=1)
    given = ["--store", tmp_path / "store", "--out", tmp_path / "report.html", "--least", 1, "--entries", "120,60"]
    assert run([*given, "--by", "sport", "--bot", "daf:long", "--workers", 1, "--json"], monkeypatch) == 0
    [found] = json.loads(capsys.readouterr().out).values()
    assert found["markets"] == 2
    assert found["next message's move, imbalance 0.5 and above (ticks)"] > 0
    assert found["next message's move, imbalance −0.5 and below (ticks)"] < 0
    assert found["matched in the last minute (%)"] == pytest.approx(50, abs=25), "the articles' greyhounds: half of it"


def test_half_of_the_money_is_read_off_between_two_edges() -> None:
    share = np.array([0.0] * 16 + [0.4, 0.6] + [1.0] * 6)  # 40 % by 90 s, 60 % by 60 s before the off
    assert half_matched_s(share) == 75.0


def test_parts_by_liquidity_are_of_equal_size_and_in_order() -> None:
    pounds = np.random.default_rng(1).permutation(np.arange(100.0, 117.0))
    names, masks = steps(pounds)
    assert sorted(int(mask.sum()) for mask in masks) == [3, 3, 3, 4, 4]
    assert np.all(np.sum(masks, axis=0) == 1)
    tops = [pounds[mask].max() for mask in masks]
    assert tops == sorted(tops)
    assert names[0] == "100 – 103<br>(4)"


MISTAKES: dict[str, tuple[list[str], str]] = {
    "a store that is not there": (["--store", "nowhere"], "there is no store at"),
    "no market passes": (["--sport", "golf"], "no replayable market in .* passes the filter"),
    "a filter that looks ahead": (["--min-volume", "100"], r"'matched_pounds' looks ahead: .*`--hindsight`"),
    "a group that looks ahead": (["--by", "traded"], r"'traded' looks ahead"),
    "a column that is not there": (["--by", "colour"], "`--by` must name columns of the catalogue"),
    "groups too small": (["--least", "50"], "no group by sport, market_type, country has 50 replayable markets"),
    "rising entry times": (["--entries", "60,120"], "`--entries` must be falling seconds"),
    "an entry after the exit": (["--entries", "60,10"], "entry_start_s > entry_end_s"),
    "a pick after the entry": (["--pick", "30"], "pick_s >= entry_start_s"),
    "a bot that is not there": (["--bot", "caf:v9"], "preset 'v9' of core 'caf' is unknown"),
    "a simulation that is not there": (["--simulation", "rosy"], "simulation preset 'rosy' is unknown"),
    "a folder that is not there": (["--out", "nowhere/report.html"], "name a file in a folder that exists"),
}


@pytest.mark.parametrize(("arguments", "said"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_ends_in_one_sentence_and_nothing_is_written(
    arguments: list[str],
    said: str,
    drifting: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    given = ["--store", drifting, "--out", "report.html", "--workers", 1, *arguments]
    assert run(given, monkeypatch) == 2
    error = capsys.readouterr().err.strip()
    assert re.fullmatch(rf"sweeps: .*{said}.*", error), error
    assert list(tmp_path.iterdir()) == []
