"""A market on tape and in a stream file: one book, whoever reads it, and the same bytes every time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import betfairlightweight
import numba
import numpy as np
import pytest
from betfairlightweight.streaming.cache import RunnerBookCache
from made_markets import made, races, tiny

from simcore.dtypes import ATB, ATL, CANCEL, IN_PLAY, PLACE, RESULT, STARTING_PRICE, TRADE, TRADE_UNATTRIBUTED, WINNER
from simcore.streams import compile_stream
from simcore.synthetic import session
from simcore.synthetic.crowd import Market
from simcore.synthetic.exchange import CANCELLED_PENCE, MATCHED_PENCE, PLACED_PENCE, place
from simcore.synthetic.market import frame_of, open_market
from simcore.synthetic.record import make_market, play
from simcore.synthetic.sports import GREYHOUNDS, HORSES
from simcore.synthetic.wire import stream_lines
from simcore.synthetic.write import tape_of
from simcore.tapes.facts import content_hash
from simcore.tapes.tape import ARRAYS, Tape
from simcore.units import N_TICKS, ODDS


def books_of(tape: Tape) -> list[np.ndarray]:
    """(runners, 2, 350) after every message, from the rows alone."""
    book, after = np.zeros((tape.n_runners, 2, N_TICKS), np.int64), []
    for message in range(tape.n_messages):
        for i in range(int(tape.message_row[message]), int(tape.message_row[message + 1])):
            kind, size = tape.kind[i], int(tape.size[i])
            if kind in (PLACE, CANCEL, TRADE):
                change = size if kind == PLACE else -size if kind == CANCEL else -(size // 2)
                book[tape.runner[i], tape.book[i], tape.tick[i]] += change
        after.append(book.copy())
    return after


@pytest.mark.parametrize("sport", ["greyhounds", "horses"])
def test_the_importer_makes_the_same_tape_of_the_stream_file(sport: str) -> None:
    for race, record, tape in made(sport, 2):
        [imported] = compile_stream(list(stream_lines(race, record)))
        assert imported.info == tape.info
        for name in ARRAYS:
            assert np.array_equal(getattr(imported, name), getattr(tape, name)), name
        assert content_hash(imported) == content_hash(tape)


@pytest.mark.parametrize("sport", ["greyhounds", "horses"])
def test_betfairlightweight_reads_the_same_book_after_every_message(sport: str) -> None:
    race, record, tape = made(sport, 2)[0]
    listener = betfairlightweight.StreamListener(max_latency=None, lightweight=True, update_clk=False)
    listener.register_stream(0, "marketSubscription")
    after = books_of(tape)
    for message, line in enumerate(stream_lines(race, record)):
        listener.on_data(line.decode())
        [cache] = listener.stream._caches.values()
        changed = {entry["id"] for entry in json.loads(line)["mc"][0]["rc"]}
        for runner in cache.runners if message % 500 == 0 else [cache.runner_dict[i, 0] for i in changed]:
            index = runner.selection_id - race.first_selection_id
            for book, ladder in ((ATB, runner.available_to_back), (ATL, runner.available_to_lay)):
                shown = after[message][index, book]
                expected = {float(ODDS[t]): shown[t] / 100 for t in np.flatnonzero(shown)}
                assert {level["price"]: level["size"] for level in ladder.serialised} == expected
    assert isinstance(cache.runners[0], RunnerBookCache)
    final = cache.market_definition
    assert final["status"] == "CLOSED"
    won = [runner["id"] for runner in final["runners"] if runner["status"] == "WINNER"]
    assert won == [race.first_selection_id + record.frame.winner]


@pytest.mark.parametrize("sport", ["greyhounds", "horses"])
def test_no_book_is_ever_crossed_or_below_nothing(sport: str) -> None:
    _, _, tape = made(sport, 2)[1]
    for book in books_of(tape):
        assert book.min() >= 0
        for runner in book:
            backs, lays = np.flatnonzero(runner[ATB]), np.flatnonzero(runner[ATL])
            assert not len(backs) or not len(lays) or backs[-1] < lays[0]


def test_greyhounds_stop_at_the_off_and_horses_race_in_play() -> None:
    for sport, races_in_play in (("greyhounds", False), ("horses", True)):
        for _, record, tape in made(sport, 2):
            assert bool(((tape.kind == IN_PLAY) & (tape.size == 1)).any()) is races_in_play
            assert (tape.kind == STARTING_PRICE).sum() == tape.n_runners
            winners = tape.runner[(tape.kind == RESULT) & (tape.size == WINNER)]
            assert winners.tolist() == [record.frame.winner]
            assert (tape.info.bsp_market, tape.info.turn_in_play_enabled) == (True, races_in_play)
            assert tape.info.market_base_rate_percent == 5.0


def test_a_late_off_has_its_start_revised_before_it_and_not_to_the_off_itself() -> None:
    frames = [(race, frame_of(race.plan)) for race in races(HORSES, 24)]
    race = next(race for race, frame in frames if frame.off_s - frame.advertised_s >= 120)
    record = make_market(race.plan)
    tape = tape_of(race, record)
    off_ms = record.zero_ms + 1000 * record.frame.off_s
    assert len(tape.start_ms) == 2
    assert race.plan.advertised_ms == tape.start_ms[0] < tape.start_ms[1] <= off_ms


def test_money_is_conserved_over_a_whole_market() -> None:
    plan = races(GREYHOUNDS, 1, seed=8)[0].plan
    frame, m = open_market(plan)
    play(plan, frame, m)
    x = m.x
    assert x.tally[PLACED_PENCE] == 2 * x.tally[MATCHED_PENCE] + x.tally[CANCELLED_PENCE] + x.level.sum()
    assert x.level.sum() == 0


def test_traded_volume_on_tape_is_what_the_exchange_matched() -> None:
    for _, record, tape in made("greyhounds", 2):
        before = tape.message_ms[0]
        rows = np.isin(tape.kind, (TRADE, TRADE_UNATTRIBUTED))
        history = tape.kind == 6
        assert before == record.zero_ms + 1000 * record.frame.first_s
        assert tape.size[rows | history].sum() == 2 * record.matched_pence


def test_the_same_plan_gives_the_same_bytes_and_another_seed_other_ones() -> None:
    [(race, record, tape), *_] = made("greyhounds", 2)
    again = make_market(race.plan)
    assert b"".join(stream_lines(race, again)) == b"".join(stream_lines(race, record))
    other = races(GREYHOUNDS, 3, seed=2)[0]
    assert content_hash(tape_of(other, make_market(other.plan))) != content_hash(tape)


def test_a_stepped_market_is_the_same_market() -> None:
    plan = races(GREYHOUNDS, 1, seed=4)[0].plan
    frame, m = open_market(plan)

    def in_steps(stepped: Market, until: int) -> None:
        for step in range(0, until, 7_501):
            session.run(stepped, step)
        session.run(stepped, until)

    record, whole = play(plan, frame, m, in_steps), make_market(plan)
    assert np.array_equal(record.changes, whole.changes)
    assert np.array_equal(record.message_ms, whole.message_ms)


def test_one_more_trader_changes_nobody_s_wakes_or_numbers() -> None:
    plan = races(GREYHOUNDS, 1, seed=4)[0].plan
    frame, alone = open_market(plan)
    _, joined = open_market(plan)
    before_off = 1000 * (frame.off_s - 60)
    for m in (alone, joined):
        session.run(m, before_off)
    place(joined.x, before_off, 999, 0, -1, int(joined.x.best[0, ATL]), 50_000, True)
    for m in (alone, joined):
        session.run(m, before_off + 30_000)
    assert np.array_equal(alone.wake_ms, joined.wake_ms)
    assert np.array_equal(alone.trader[:, [0, 1, 2, 3, 4]], joined.trader[:, [0, 1, 2, 3, 4]])
    assert not np.array_equal(alone.x.traded, joined.x.traded)


_TINY = """
import sys
sys.path.insert(0, sys.argv[1])
from test_markets import tiny_hash
print(tiny_hash())
"""


def tiny_hash() -> str:
    [race] = races(tiny(HORSES), 1, seed=6)
    return content_hash(tape_of(race, make_market(race.plan)))


@pytest.mark.lane
def test_a_tiny_market_runs_and_is_imported_as_it_is_written() -> None:
    [race] = races(tiny(HORSES), 1, seed=6)
    record = make_market(race.plan)
    tape = tape_of(race, record)
    [imported] = compile_stream(list(stream_lines(race, record)))
    assert content_hash(imported) == content_hash(tape)
    assert (tape.kind == TRADE).sum() > 20
    assert json.loads(next(iter(stream_lines(race, record))))["mc"][0]["img"] is True


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="compares compiled with uncompiled")
def test_without_the_jit_a_tiny_market_is_the_same_to_the_byte() -> None:
    here = Path(__file__).resolve().parent
    run = subprocess.run(
        [sys.executable, "-c", _TINY, str(here)],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
        cwd=here.parent.parent,
    )
    assert run.stdout.strip() == tiny_hash()
