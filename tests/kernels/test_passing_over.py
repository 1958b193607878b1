"""What a replay leaves out cannot matter: polls passed over, other runners' books, the market before the first look."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from simcore.assumptions import ring_of, settings_of
from simcore.bench import CHECKPOINT_ROWS, MOST_PICKS, prepare
from simcore.engine import NO_SCRIPT, new_views, run_core
from simcore.kernels import state as st
from simcore.kernels.loop import run
from simcore.models.simulation import resolve_simulation
from simcore.strategies import Core, Parameters
from simcore.strategies.caf import CAF
from simcore.strategies.daf import DAF
from simcore.strategies.view import new_offers
from simcore.tapes.tape import Tape
from tests.kernels.properties import seed_ranges
from tests.kernels.recorded import RECORDINGS, real_tape
from tests.kernels.seeded import seeded_bot

ROOM = 8192
HORSES = "KelvinVail__Betfair__MarketStream"
HOW_IT_WENT = {st.QUIET, st.VIEW_DECAYS, st.EVENT_MS, st.SAME_MS, st.LAST_SEEN, st.N_WANTED, st.ALL_TOUCHED}
HOW_IT_WENT |= {st.SEEN_BACK, st.SEEN_LAY, st.CHANGED, st.MOMENT_MS, st.FORGET_MS, st.ALL_ABOVE, st.ALONE, st.SEEN_LEAN}
"""fields of `tally` that say how the loop went, not what came of it"""


def from_the_beginning(tape: Tape, core: Core, parameters: Parameters, assumed: Any, seed: int) -> st.Sim:
    """Every row of the tape, every poll, every level the core could ask for."""
    bench, simulation = prepare(tape), resolve_simulation(assumed)
    settings, reals = settings_of(bench, simulation, parameters, seed)
    sim = st.new_sim(tape.n_runners, settings, reals, NO_SCRIPT, ROOM)
    views = new_views(ring_of(bench.record.message_ms, simulation), 1, ROOM)
    at = np.array([0, bench.first_ms, 0], np.int64)
    run(
        core.function,
        bench.record,
        sim,
        views,
        new_offers(),
        parameters.vector(),
        np.zeros((0, st.N_LINE), np.int64),
        at,
    )
    assert sim.tally[st.FULL] == 0
    return sim


def assert_the_same(tape: Tape, core: Core, parameters: Parameters, assumed: Any, seed: int) -> int:
    """Every order, every event and every count; returns how many polls there were."""
    whole = from_the_beginning(tape, core, parameters, assumed, seed)
    short, _ = run_core(prepare(tape), core, parameters, resolve_simulation(assumed), seed=seed)
    empty = whole.tally[st.FILLS] == 0  # once nothing of ours is left, how far each one reads on is of no account
    fields = [field for field in range(st.N_TALLY) if field not in HOW_IT_WENT | ({st.WITHDRAWN} if empty else set())]
    assert short.tally[fields].tolist() == whole.tally[fields].tolist()
    assert short.log[: whole.tally[st.N_LOGGED]].tolist() == whole.log[: whole.tally[st.N_LOGGED]].tolist()
    assert short.orders[: whole.tally[st.N_ORDERS]].tolist() == whole.orders[: whole.tally[st.N_ORDERS]].tolist()
    money = [st.WIN, st.LOSE] if empty else [st.WIN, st.LOSE, st.OUTCOME, st.GONE, st.FACTOR]
    assert short.runners[:, money].tolist() == whole.runners[:, money].tolist()
    assert (
        short.market[[st.MARK_AT_OFF, st.RESIDUAL_AT_OFF]].tolist()
        == whole.market[[st.MARK_AT_OFF, st.RESIDUAL_AT_OFF]].tolist()
    )
    return int(whole.tally[st.POLLS])


@seed_ranges
def test_a_replay_is_what_it_would_be_if_nothing_were_left_out(seeds: range) -> None:
    assert sum(assert_the_same(*seeded_bot(seed)) for seed in seeds) > 0


def bots() -> list[tuple[Core, Parameters]]:
    """Makers and drift traders that begin at many times before the off."""
    rng = Random(3)
    found: list[tuple[Core, Parameters]] = []
    for start_s in (61.337, 300.0, 900.0):
        times = {"pick_s": start_s + rng.choice((0.0, 30.5)), "start_s": start_s, "stop_s": 30.0}
        found += [(CAF, CAF.make(name, {**times, "unload_s": 3.333})) for name in ("v2", "naive")]
        entry = {
            "pick_s": start_s,
            "entry_start_s": start_s,
            "entry_end_s": 40.0,
            "exit_s": -30.0,
            "stake_pounds": 300.0,
        }
        found += [(DAF, DAF.make(name, entry)) for name in ("long", "short-cross")]
    return found


@pytest.mark.parametrize("name", [*RECORDINGS, HORSES])
def test_on_a_real_market_too_wherever_it_begins(recordings: Path, name: str) -> None:
    tape = real_tape(recordings, name)
    simulations: tuple[dict[str, Any], ...] = ({}, {"refill": "never", "queue": "sampled", "poll_ms": 70})
    polls = [assert_the_same(tape, core, made, each, 7) for core, made in bots() for each in simulations]
    assert sum(polls) > 10_000


def test_one_market_serves_all_configurations_in_any_order(recordings: Path) -> None:
    """Where a replay begins depends on no other one's: a bench that has served many gives what a new one does."""
    tape = real_tape(recordings, RECORDINGS[0])
    assert len(tape.kind) > 2 * CHECKPOINT_ROWS
    used, simulation = prepare(tape), resolve_simulation("default")
    for core, made in [*bots(), *reversed(bots())]:
        ours, _ = run_core(used, core, made, simulation, seed=7)
        new, _ = run_core(prepare(tape), core, made, simulation, seed=7)
        assert ours.log.tolist() == new.log.tolist()
        assert ours.tally.tolist() == new.tally.tolist()
    assert len(used.places) > 2
    for tenths in range(2 * MOST_PICKS):
        run_core(used, DAF, DAF.make("long", {"pick_s": 300.0 + tenths / 10}), simulation)
    assert len(used.picked) == MOST_PICKS
    assert len(used.thin) <= 2
