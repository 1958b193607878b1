"""The tape reproduces the recorded ladders after every message of every recording, and loses no traded volume."""

from __future__ import annotations

import multiprocessing
import os
import random
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import betfairlightweight
import census as census_module
import numpy as np
import pytest
from census import FileCensus, MarketCensus, compare, raw_messages, unpacked

from simcore.dtypes import PLACE
from simcore.streams import StreamFile, compile_stream
from simcore.tapes.tape import Tape

pytestmark = pytest.mark.timeout(1500)  # a minute on two free cores; many on a machine that has other work
NO_LADDER = ("BASIC (ltp only)", "definition only")


@pytest.fixture(scope="session")
def census(recordings: Path) -> list[FileCensus]:
    """Every recording compared, largest first, one process a core."""
    files = sorted((recordings / "recordings").iterdir(), key=lambda file: -file.stat().st_size)
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        return list(pool.map(compare, files))


@pytest.fixture(scope="session")
def markets(census: list[FileCensus]) -> list[MarketCensus]:
    return [market for file in census for market in file.markets]


def test_ladders_equal_betfairlightweights_after_every_message(markets: list[MarketCensus]) -> None:
    assert [market for market in markets if market.mismatches] == []
    assert sum(market.levels_compared for market in markets) > sum(market.messages for market in markets)


def test_every_market_with_a_ladder_is_compared_or_named_with_its_price_ladder(
    census: list[FileCensus], recordings_catalogue: list[dict[str, Any]]
) -> None:
    by_file = {file.name: file for file in census}
    for entry in recordings_catalogue:
        file = by_file[Path(entry["file"]).name]
        compared = {market.market_id: market.messages for market in file.markets}
        for market in entry["markets"]:
            if market["market_id"] in compared:
                continue
            reason = file.refused[market["market_id"]]
            assert "FINEST" in reason or "no ladder" in reason
            assert market["tier"] in NO_LADDER or "FINEST" in reason


def test_rises_of_traded_volume_add_up_by_class_to_the_penny(markets: list[MarketCensus]) -> None:
    assert [m.market_id for m in markets if m.tape_rises_pence != m.rises_pence] == []
    assert sum(market.rises_pence for market in markets) > 0


def test_falls_of_traded_volume_are_clamped_and_counted_to_the_penny(markets: list[MarketCensus]) -> None:
    assert [m.market_id for m in markets if m.tape_falls_pence != m.falls_pence] == []


def test_no_level_is_ever_taken_below_nothing_even_within_a_message(markets: list[MarketCensus]) -> None:
    assert [market.market_id for market in markets if market.lowest_level_pence] == []


@pytest.fixture(scope="session")
def pairs(
    census: list[FileCensus], recordings_catalogue: list[dict[str, Any]]
) -> list[tuple[MarketCensus, dict[str, Any]]]:
    """Each imported market beside what the recordings' own catalogue, made by others, says of it."""
    said = {
        (Path(entry["file"]).name, market["market_id"]): market
        for entry in recordings_catalogue
        for market in entry["markets"]
    }
    return [(market, said[file.name, market.market_id]) for file in census for market in file.markets]


def test_hindsight_of_the_catalogue_equals_what_others_measured(
    pairs: list[tuple[MarketCensus, dict[str, Any]]],
) -> None:
    for market, said in pairs:
        row = market.row
        assert row["images"] == said["images_mid_stream"], market.market_id
        assert row["removed_runners"] == said["removed_runners"], market.market_id
        assert row["has_result"] == bool(said["winner"]), market.market_id
        off = said["actual_off"]
        expected = round(datetime.fromisoformat(off).timestamp() * 1000) if off else None
        assert row["actual_off_ms"] == expected, market.market_id
        if said["matched_at_off_gbp"] is not None:
            assert row["matched_pounds"] == pytest.approx(said["matched_at_off_gbp"], abs=0.02), market.market_id
        assert row["event_type_id"] == (said["event_type_id"] or ""), market.market_id
        assert row["market_type"] == (said["market_type"] or ""), market.market_id


def test_replayable_is_what_the_recordings_catalogue_calls_usable_but_for_markets_without_a_start(
    pairs: list[tuple[MarketCensus, dict[str, Any]]],
) -> None:
    """The one rule of ours: strategies time themselves by the advertised start, so a market without one is not replayed."""
    for market, said in pairs:
        if said["usable_for_replay"] and said["advertised_off"] is None:
            assert "no advertised start" in market.row["reason"]
        else:
            assert market.row["replayable"] == said["usable_for_replay"], market.row["reason"]
    assert sum(market.row["replayable"] for market, _ in pairs) == 124


def test_the_side_of_pre_race_trades_is_told_as_often_as_measured_elsewhere(
    pairs: list[tuple[MarketCensus, dict[str, Any]]],
) -> None:
    """Racing with a full ladder: 96-99 % of attributed volume by the side that fell, little unattributed."""
    racing = [
        m.row
        for m, _ in pairs
        if m.row["replayable"] and m.row["tier"] == "PRO" and m.row["market_type"] == "WIN"
        if m.row["sport"] in ("horses", "greyhounds") and not m.row["went_in_play"]
    ]
    by_fall = sum(row["by_fall_pence"] for row in racing)
    by_touch = sum(row["by_touch_pence"] for row in racing)
    assert len(racing) > 20
    assert 0.95 < by_fall / (by_fall + by_touch) < 1
    assert all(row["unattributed_share"] < 0.03 for row in racing)
    assert all(0 < row["both_sides_share"] < 0.15 for row in racing)
    assert all(row["reconciled_share"] < 0.15 for row in racing)
    assert sum(row["reconciled_share"] > 0.01 for row in racing) >= 5


def test_the_comparison_notices_a_single_missing_penny(recordings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = recordings / "recordings" / "betcode-org__flumine__1.197931750"
    honest = census_module.compile_lines

    def a_penny_short(name: str, lines: list[bytes]) -> StreamFile:
        file = honest(name, lines)
        for market in file.markets:
            market.tape = _without_a_penny(market.tape)
        return file

    monkeypatch.setattr(census_module, "compile_lines", a_penny_short)
    assert compare(path).markets[0].mismatches


def _without_a_penny(tape: Tape) -> Tape:
    arrays = {name: getattr(tape, name).copy() for name in tape.__dataclass_fields__ if name != "info"}
    arrays["size"][np.flatnonzero(arrays["kind"] == PLACE)[100]] -= 1
    return Tape(info=tape.info, **arrays)


@pytest.fixture(scope="module")
def greyhounds(recordings: Path) -> Path:
    return recordings / "recordings" / "betfair-down-under__autoHubTutorials__1.195453609.bz2"


def test_book_at_a_moment_is_the_book_betfairlightweight_serialises_then(greyhounds: Path) -> None:
    (tape,) = compile_stream(greyhounds)
    listener = betfairlightweight.StreamListener(max_latency=None, lightweight=True, update_clk=False)
    listener.register_stream(0, "marketSubscription")
    moments = set(random.Random(4).sample(range(tape.n_messages), 60))
    messages = list(raw_messages(unpacked(greyhounds)))
    for place, message in enumerate(messages):
        listener.stream.on_update({"pt": message["pt"], "mc": message["mc"]})
        last_of_its_time = place + 1 == len(messages) or messages[place + 1]["pt"] > message["pt"]
        if place not in moments or not last_of_its_time:
            continue
        (truth,) = listener.snap()
        books = tape.book_at(message["pt"])
        for runner in truth["runners"]:
            book = books[runner["selectionId"]]
            assert book.available_to_back == [(p["price"], p["size"]) for p in runner["ex"]["availableToBack"]]
            assert book.available_to_lay == [(p["price"], p["size"]) for p in runner["ex"]["availableToLay"]]


def test_books_step_by_step_are_the_books_at_each_moment(greyhounds: Path) -> None:
    (tape,) = compile_stream(greyhounds)
    for place, (published_ms, books) in enumerate(tape.books()):
        if place % 997 or (place + 1 < tape.n_messages and tape.message_ms[place + 1] == published_ms):
            continue
        at = tape.book_at(published_ms)
        for index, runner in enumerate(tape.info.runners):
            best_back = at[runner.selection_id].available_to_back
            assert len(best_back) == np.count_nonzero(books[index, 0])
            assert round(sum(pounds for _, pounds in best_back) * 100) == books[index, 0].sum()


def test_books_are_empty_before_the_first_message(greyhounds: Path) -> None:
    (tape,) = compile_stream(greyhounds)
    books = tape.book_at(int(tape.message_ms[0]) - 1)
    assert len(books) == tape.n_runners
    assert not any(book.available_to_back or book.available_to_lay for book in books.values())
