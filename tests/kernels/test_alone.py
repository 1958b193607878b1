"""While nothing of ours is in a market a replay goes by what is known of the record beforehand, and comes out no different."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import numpy as np
import pytest

import simcore
from simcore import dtypes as d
from simcore.bench import Bench, Place, copy_market, prepare
from simcore.configurations import configurations
from simcore.engine import NO_SCRIPT
from simcore.kernels import state as st
from simcore.kernels.alone import KEY_BACK_TICK, KEY_LAY_TICK, KEY_MESSAGE, KEY_NEWS, N_KEY, come_back
from simcore.kernels.seek import advance
from simcore.strategies.daf import DAF, Daf
from simcore.tapes.tape import Tape
from simcore.units import N_TICKS
from tests.kernels.properties import seed_ranges
from tests.kernels.recorded import RECORDINGS, real_tape
from tests.kernels.seeded import seeded, seeded_bot

MOST_MESSAGES = 600


class Wary(Daf, frozen=True):
    """The drift trade that says it looks at sizes too: every message of its runner is applied."""

    def leans_at(self) -> float:
        return -1.0


WARY = replace(DAF, parameters=Wary)


def as_wary(made: Daf) -> Wary:
    return Wary(**{name: getattr(made, name) for name in Daf.__struct_fields__})


def market_at(bench: Bench, place: Place) -> st.Sim:
    n = bench.tape.n_runners
    sim = st.new_sim(n, np.zeros(st.N_SETTING, np.int64), np.zeros(st.N_REAL), NO_SCRIPT, 1)
    copy_market(place.market, sim)
    return sim


def seen(sim: st.Sim, r: int) -> list[int]:
    """What a key says after its message and whether it has news: the best levels and the last price."""
    back, lay = np.flatnonzero(sim.recorded[r, d.ATB] > 0), np.flatnonzero(sim.recorded[r, d.ATL] > 0)
    best = int(back[-1]) if len(back) else -1
    least = int(lay[0]) if len(lay) else N_TICKS
    pence = [
        int(sim.recorded[r, d.ATB, best]) if len(back) else 0,
        int(sim.recorded[r, d.ATL, least]) if len(lay) else 0,
    ]
    return [best, pence[0], least, pence[1], int(sim.runners[r, st.LAST_TICK])]


def assert_known_is_record(tape: Tape, r: int, begin: float) -> int:
    """Step by step through messages of runner r; returns how many of them are no keys."""
    bench = prepare(tape)
    place = bench.before(int(tape.message_ms[int(begin * (tape.n_messages - 1))]))
    thin = bench.known_from(r, place)
    record, first = thin.record, int(np.searchsorted(thin.message, place.message))
    sim, again = market_at(bench, place), market_at(bench, place)
    last, passed = int(min(first + MOST_MESSAGES, len(thin.message))), 0
    before = seen(sim, r)
    for m in range(first, last):
        if sim.market[st.STATUS_NOW] == d.CLOSED:
            break
        again.recorded[r], again.hint[r], again.runners[r, [st.MATCHED, st.LAST_TICK]] = 77, 77, 77
        come_back(again, record, m, r)
        assert again.recorded[r].tolist() == sim.recorded[r].tolist()
        assert (
            again.runners[r, [st.MATCHED, st.LAST_TICK]].tolist() == sim.runners[r, [st.MATCHED, st.LAST_TICK]].tolist()
        )
        advance(record, sim, m, m + 1)
        after, key = seen(sim, r), record.keys[record.key_at[m]]
        if key[KEY_MESSAGE] == m:
            assert key[KEY_BACK_TICK:N_KEY].tolist() == after
        else:
            passed += 1
            assert key[KEY_MESSAGE] > m
            assert not np.isin(m, record.news_message)
            assert (after[0], after[2]) == (before[0], before[2])
            assert after[0] >= 0
            assert after[2] < N_TICKS
        before = after
    assert record.keys[record.key_at[len(thin.message) - 1], KEY_NEWS] == 1
    return passed


@pytest.mark.parametrize("name", RECORDINGS)
def test_what_is_known_beforehand_is_what_the_messages_come_to(recordings: Path, name: str) -> None:
    tape = real_tape(recordings, name)
    busiest = np.argsort(np.bincount(tape.runner[tape.kind <= d.TRADE]))[-2:]
    passed = [assert_known_is_record(tape, int(r), begin) for r in busiest for begin in (0.0, 0.5, 0.9)]
    assert sum(passed) > 100


@pytest.mark.lane
def test_it_is_on_markets_with_news_crossed_books_and_empty_sides_too() -> None:
    for seed in range(12):
        tape = seeded(seed).tape
        for r in range(tape.n_runners):
            assert_known_is_record(tape, r, 0.0)


def rows_of(bench: Bench, core: simcore.Core, made: list[Any], assumed: Any, seed: int) -> list[dict[str, Any]]:
    return [result.row() for result in simcore.replay_batch(bench, core, configurations(made), assumed, seed=seed)]


@seed_ranges
def test_a_bot_that_goes_from_key_to_key_does_what_it_does_reading_every_message(seeds: range) -> None:
    for seed in seeds:
        tape, core, parameters, assumed, _ = seeded_bot(seed)
        if core is not DAF:
            continue
        ours = rows_of(prepare(tape), DAF, [parameters], assumed, seed)
        assert ours == rows_of(prepare(tape), WARY, [as_wary(parameters)], assumed, seed)


def drifts(rng: Random, count: int) -> list[Daf]:
    found = []
    for _ in range(count):
        entry_s = rng.choice((300.0, 180.0, 61.3))
        values = {
            "pick_s": 400.0,
            "entry_start_s": entry_s,
            "entry_end_s": 60.0,
            "exit_s": rng.choice((20.0, 0.0, -40.0)),
        }
        values |= {"direction": rng.choice(("long", "short")), "entry": rng.choice(("passive", "cross"))}
        values |= {"stake_pounds": rng.choice((2.0, 40.0, 900.0)), "max_spread_ticks": rng.choice((1, 10))}
        found.append(DAF.make(values=values | {"favourite": rng.choice((0, 0, 1))}))
    return found


@pytest.mark.parametrize("name", RECORDINGS)
def test_on_real_markets_too_with_every_refill(recordings: Path, name: str) -> None:
    tape, made, matched = real_tape(recordings, name), drifts(Random(4), 25), 0
    for assumed in ({}, {"refill": "never"}, {"refill_ms": 30_000, "poll_ms": 250}, {"refill": "instant"}):
        bench = prepare(tape)
        ours = rows_of(bench, DAF, made, assumed, 3)
        assert ours == rows_of(prepare(tape), WARY, [as_wary(each) for each in made], assumed, 3)
        assert bool(bench.known) == (assumed != {"refill": "instant"})  # there each message moves the world
        matched += sum(row["entry_matched"] for row in ours)
    assert matched > 20


def test_while_it_holds_the_bot_sees_the_keys_and_nothing_else(recordings: Path) -> None:
    """With false keys its bets are worth something else on the way, though every row of the record is as it was."""
    tape, made = real_tape(recordings, RECORDINGS[0]), [DAF.make("long-cross", {"stake_pounds": 50.0})]
    bench = prepare(tape)
    (true,) = rows_of(bench, DAF, made, {}, 1)
    assert true["entry_matched"]
    ((r, (first, thin)),) = bench.known.items()
    keys = thin.record.keys.copy()
    keys[:, [KEY_BACK_TICK, KEY_LAY_TICK]] = N_TICKS - 2, N_TICKS - 1
    keys.setflags(write=False)
    bench.known[r] = first, thin._replace(record=thin.record._replace(keys=keys))
    (false,) = rows_of(bench, DAF, made, {}, 1)
    assert false["worst_mark_pence"] < true["worst_mark_pence"]


def test_what_is_known_from_a_later_place_is_worked_out_again_for_an_earlier_one(recordings: Path) -> None:
    tape = real_tape(recordings, RECORDINGS[0])
    used, late = prepare(tape), drifts(Random(1), 4)
    early = [msgspec.structs.replace(each, pick_s=900.0) for each in late]
    rows_of(used, DAF, late, {}, 1)
    from_late = {r: first for r, (first, _) in used.known.items()}
    assert rows_of(used, DAF, early, {}, 1) == rows_of(prepare(tape), DAF, early, {}, 1)
    assert any(used.known[r][0] < first for r, first in from_late.items())
    assert rows_of(used, DAF, late, {}, 1) == rows_of(prepare(tape), DAF, late, {}, 1)
