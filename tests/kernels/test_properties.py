"""What must hold in every market whatever the numbers: no look-ahead, no pound used twice, no free money, side is a sign."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as hs

from simcore import dtypes as d
from simcore.assumptions import settings_of
from simcore.bench import prepare
from simcore.kernels import state as st
from simcore.kernels.loop import run
from simcore.models.simulation import resolve_simulation
from simcore.strategies.caf import CAF, START
from simcore.strategies.view import DEPTH, N_CLOCK, N_LEVEL, N_SEEN, N_SLOT, SLOT_RUNNER, new_offers
from simcore.tapes.tape import Tape
from simcore.units import N_TICKS, ODDS, tick_of
from tests.kernels.assumed import NO_REACTION, seeded_simulation
from tests.kernels.comparing import fills_of, kernel_orders
from tests.kernels.generated import messages, quiet_news, tape_of
from tests.kernels.properties import (
    assert_bot_sees_no_future,
    assert_world_is_record,
    prefix_of,
    seed_ranges,
    sides_of,
    volume_by_ms,
)
from tests.kernels.recorded import RECORDINGS, real_tape
from tests.kernels.requested import request_table, seeded_requests
from tests.kernels.seeded import seeded, seeded_bot

unhurried = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
POLLS_MS = (11, 37, 1000) if numba.config.DISABLE_JIT else (1, 37, 1000)
"""how often the bot looks; every millisecond only where the loop is compiled"""


# --- without us the world is the record ------------------------------------------------------------------------------


@given(messages(news=True), hs.booleans())
@settings(unhurried, max_examples=30)
def test_without_orders_of_ours_the_world_is_the_record(told: list[Any], uncrossed: bool) -> None:
    assert_world_is_record(tape_of(told, uncrossed=uncrossed))


@pytest.mark.parametrize("name", RECORDINGS)
def test_without_orders_of_ours_the_world_is_the_real_record(recordings: Path, name: str) -> None:
    assert_world_is_record(real_tape(recordings, name))


# --- no look-ahead ---------------------------------------------------------------------------------------------------


@seed_ranges
def test_what_orders_get_by_a_time_depends_on_nothing_published_later(seeds: range) -> None:
    for seed in seeds:
        tape, rows, simulation, _ = seeded(seed)
        cut = Random(seed).randrange(2, tape.n_messages)
        before_ms = int(tape.message_ms[cut])
        whole, part = (
            [fill for fill in fills_of(kernel_orders(each, rows, simulation)[0]) if fill[1] < before_ms]
            for each in (tape, prefix_of(tape, cut))
        )
        assert whole == part, (seed, cut)


@seed_ranges
def test_what_a_bot_does_by_a_time_depends_on_nothing_published_later(seeds: range) -> None:
    seen = 0
    for seed in seeds:
        tape, core, parameters, simulation, _ = seeded_bot(seed)
        cut = Random(seed).randrange(2, tape.n_messages)
        seen += assert_bot_sees_no_future(tape, cut, core, parameters, simulation)
    assert seen > 0


@pytest.mark.parametrize("name", RECORDINGS[:2])
def test_what_a_bot_does_on_a_real_market_depends_on_nothing_published_later(recordings: Path, name: str) -> None:
    tape = real_tape(recordings, name)
    maker = CAF.make("imbalance", {"pick_s": 300.0, "start_s": 300.0})
    off = int(np.searchsorted(tape.message_ms, tape.start_ms[-1]))
    shares = (0.5, 0.8, 0.95, 1.0)
    assert sum(assert_bot_sees_no_future(tape, int(off * share), CAF, maker, "default") for share in shares) > 0


# --- no pound twice --------------------------------------------------------------------------------------------------


@seed_ranges
def test_fills_out_of_recorded_trades_and_placements_never_exceed_them(seeds: range) -> None:
    """Nobody moves towards us here; the next test is about those who do."""
    seen = 0
    for seed in seeds:
        tape, rows, simulation, _ = seeded(seed)
        sides = sides_of(rows)
        filled: dict[tuple[int, int, str], int] = defaultdict(int)
        result, _ = kernel_orders(tape, rows, simulation | {"reaction": NO_REACTION}, seed)
        for order_id, time_ms, _, pence, how in fills_of(result):
            if how in ("passive", "unattributed"):
                selection_id, side = sides[order_id]
                filled[time_ms, selection_id, side if how == "passive" else "unknown"] += pence
        volume = volume_by_ms(tape)
        assert all(pence <= volume[key] for key, pence in filled.items()), seed
        seen += len(filled)
    assert seen > 0


@seed_ranges
def test_we_never_match_more_than_the_others_ever_offered_or_came_to_take(seeds: range) -> None:
    """However the others move: a BACK of ours meets money placed to be backed, or who came to lay in the record."""
    seen = 0
    for seed in seeds:
        rng = Random(seed)
        simulation = seeded_simulation(rng) | {"refill": {"kind": "never"}, "displacement": True}
        tape, rows = tape_of(quiet_news(rng)), request_table(seeded_requests(rng))
        offered: dict[tuple[int, str], int] = defaultdict(int)
        for (_, selection_id, side), pence in volume_by_ms(tape).items():
            for each in ("BACK", "LAY") if side == "unknown" else (side,):
                offered[selection_id, each] += pence
        matched: dict[tuple[int, str], int] = defaultdict(int)
        sides = sides_of(rows)
        for order_id, _, _, pence, how in fills_of(kernel_orders(tape, rows, simulation, seed)[0]):
            assert how != "at_close"
            if how != "unrecorded":  # that was on offer nowhere in the record; the next test bounds it
                matched[sides[order_id]] += pence
        assert all(pence <= offered[key] for key, pence in matched.items()), seed
        seen += len(matched)
    assert seen > len(seeds) // 2


@seed_ranges
def test_what_hungry_aggressors_take_of_us_beyond_the_record_is_at_most_their_trades_once_more(seeds: range) -> None:
    """And only where somebody is hungry."""
    seen = 0
    for seed in seeds:
        rng = Random(seed)
        tape, rows = tape_of(quiet_news(rng)), request_table(seeded_requests(rng))
        simulation = seeded_simulation(rng) | {"reaction": NO_REACTION}
        sides = sides_of(rows)
        for appetite in (0.0, 1.0):
            beyond: dict[tuple[int, int, str], int] = defaultdict(int)
            for order_id, time_ms, _, pence, how in fills_of(
                kernel_orders(tape, rows, simulation | {"appetite": appetite}, seed)[0]
            ):
                if how == "unrecorded":
                    selection_id, side = sides[order_id]
                    beyond[time_ms, selection_id, side] += pence
            volume = volume_by_ms(tape)
            assert appetite > 0.0 or not beyond
            assert all(pence <= volume[key] for key, pence in beyond.items()), seed
            seen += len(beyond)
    assert seen > 0


# --- side is a sign --------------------------------------------------------------------------------------------------


def mirrored(tape: Tape) -> Tape:
    """The same market on the other side of the ladder: best to back becomes best to lay."""
    book = np.where(tape.book == d.NO_BOOK, d.NO_BOOK, 1 - tape.book.astype(np.int16)).astype(np.uint8)
    tick = np.where(tape.tick < 0, tape.tick, N_TICKS - 1 - tape.tick).astype(np.int16)
    return replace(tape, book=book, tick=tick)


@seed_ranges
def test_a_mirrored_market_fills_mirrored_orders_the_same(seeds: range) -> None:
    """Withdrawals aside, which end lays only; stakes and funds are of no account here."""
    seen = 0
    for seed in seeds:
        tape, rows, simulation, _ = seeded(seed)
        if (tape.kind == d.REMOVED).any():
            continue
        rows = plain_orders(rows)
        if not rows:
            continue
        turned = [row | _turned(row) if row["kind"] != "cancel" else row for row in rows]
        free = simulation | {"costs": {"funds_pounds": 1e7, "minimum_stake": False}, "reaction": NO_REACTION}
        plain = fills_of(kernel_orders(tape, rows, free)[0])
        other = fills_of(kernel_orders(mirrored(tape), turned, free)[0])
        assert [(o, ms, N_TICKS - 1 - tick_of(odds), *rest) for o, ms, odds, *rest in plain] == [
            (o, ms, tick_of(odds), *rest) for o, ms, odds, *rest in other
        ], seed
        seen += len(plain)
    assert seen > 0


def plain_orders(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Limit orders on the ladder without a minimum fill, and what changes them: neither asks what odds are worth."""
    kept: list[dict[str, Any]] = []
    known: set[Any] = set()
    for row in rows:
        plain = row.get("order_type") is None and row.get("time_in_force") is None and row.get("odds") != 2.015
        if row["kind"] == "place" and plain:
            known.add(row["order_id"])
        elif not plain or row["order_id"] not in known:
            continue
        elif row["kind"] == "replace":
            known.add(row["new_order_id"])
        to_close = row.get("persistence") == "MARKET_ON_CLOSE"
        kept.append(row | {"persistence": "LAPSE"} if to_close else row)
    return kept


def _turned(row: dict[str, Any]) -> dict[str, Any]:
    odds = {"odds": float(ODDS[N_TICKS - 1 - tick_of(row["odds"])])}
    return odds if row["kind"] == "replace" else odds | {"side": "LAY" if row["side"] == "BACK" else "BACK"}


# --- watching changes nothing ----------------------------------------------------------------------------------------


def watched(tape: Tape, rows: list[dict[str, Any]], simulation: dict[str, Any], poll_ms: int) -> list[Any]:
    """The log of given orders while a bot that never wants anything looks every `poll_ms`."""
    _, alone = kernel_orders(tape, rows, simulation)
    bench = prepare(tape)
    assumed = resolve_simulation(
        simulation | {"poll_ms": poll_ms, "delays": simulation["delays"] | {"ack_ms": 0, "observe_ms": 0}}
    )
    watcher = CAF.make("naive", {"pick_s": 20.0, "start_s": 20.0, "stop_s": -600.0})
    idle = watcher.vector()
    idle[START] = -1e12
    sim = st.new_sim(tape.n_runners, *settings_of(bench, assumed, watcher), alone.script, 1024)
    given = [st.RUNNER, st.SIDE, st.TICK, st.SIZE, st.PERSIST, st.TYPE, st.MIN_FILL]
    sim.orders[:, given] = alone.orders[:, given]
    sim.orders[:, st.REMAINING] = sim.orders[:, st.SIZE]  # believed stays 0: the watcher knows nothing of them
    sim.tally[st.N_ORDERS] = alone.tally[st.N_ORDERS]
    views = st.Views(
        clock=np.zeros((4, N_CLOCK), np.int64),
        slots=np.zeros((4, 1, N_SLOT), np.int64),
        touch=np.zeros((4, 1, 2, DEPTH, N_LEVEL), np.int64),
        orders=np.zeros((1024, N_SEEN), np.int64),
        poll_ms=np.full(4, st.NEVER_MS, np.int64),
    )
    views.slots[:, :, SLOT_RUNNER] = -1
    at = np.array([0, bench.first_ms, 0], np.int64)
    run(CAF.function, bench.record, sim, views, new_offers(), idle, np.zeros((0, st.N_LINE), np.int64), at)
    assert sim.tally[st.POLLS] > 0
    assert sim.tally[st.FULL] == 0
    columns = [st.TIME_MS, st.LOG_ORDER, st.WHAT, st.LOG_TICK, st.PENCE]
    log: list[Any] = sim.log[: sim.tally[st.N_LOGGED], columns].tolist()
    return log


@seed_ranges
def test_how_often_a_bot_looks_changes_nothing_in_the_world(seeds: range) -> None:
    for seed in seeds:
        tape, rows, simulation, _ = seeded(seed)
        looks = [watched(tape, rows, simulation, poll_ms) for poll_ms in POLLS_MS]
        assert all(look == looks[0] for look in looks), seed
