"""A bot inside the exchange: it changes nothing until it trades, and what it gets is what the exchange matched."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from made_markets import made

from simcore.bench import prepare
from simcore.dtypes import ATB, BACK
from simcore.engine import run_core
from simcore.errors import SimulationError
from simcore.kernels import state as st
from simcore.models.simulation import resolve_simulation
from simcore.outcome import result_of
from simcore.strategies import Parameters, resolve_core
from simcore.strategies.daf import Daf
from simcore.synthetic import exchange as ex
from simcore.synthetic.inside import US, Bot, Truth, trade_inside
from simcore.synthetic.market import open_market
from simcore.synthetic.record import play
from simcore.units import ODDS

SIMULATION = resolve_simulation("default")
BOTS = ("caf", "daf")


def parameters(core: str, times: float = 10.0) -> Parameters:
    preset, pounds = {"caf": ("v2", "contracts_pounds"), "daf": ("long", "stake_pounds")}[core]
    chosen = resolve_core(core)
    return chosen.make(preset=preset, values={pounds: times * getattr(chosen.presets[preset], pounds)})


@cache
def truth(core: str, sport: str, index: int = 0) -> Truth:
    _, record, tape = made(sport, 2)[index]
    return trade_inside(record, prepare(tape), resolve_core(core), parameters(core), SIMULATION)


def fills(sim: st.Sim) -> np.ndarray:
    log = sim.log[: sim.tally[st.N_LOGGED]]
    return log[log[:, st.WHAT] <= st.FILL_UNRECORDED]


def our_matches(run: Truth) -> np.ndarray:
    """Matches of the exchange in which an order of ours took part: (n, 4) ms since time zero, tick, pence, side of ours."""
    x = run.market.x
    matches = x.matches[: x.tally[ex.N_MATCHES]]
    resting = x.orders[matches[:, ex.MATCH_RESTING], ex.OWNER] == US
    ours = matches[resting | (matches[:, ex.MATCH_TAKER] == US)]
    stood = x.orders[ours[:, ex.MATCH_RESTING], ex.OWNER] == US
    side = np.where(stood, -ours[:, ex.MATCH_SIDE], ours[:, ex.MATCH_SIDE])
    return np.stack([ours[:, ex.MATCH_MS], ours[:, ex.MATCH_TICK], ours[:, ex.MATCH_PENCE], side], axis=1)


@pytest.mark.parametrize("sport", ["greyhounds", "horses"])
def test_a_bot_that_never_wants_anything_leaves_the_record_byte_for_byte(sport: str) -> None:
    for _, record, tape in made(sport, 2):
        idle = resolve_core("caf").make(preset="v2", values={"contracts_pounds": 0.01})  # less than a penny of stake
        run = trade_inside(record, prepare(tape), resolve_core("caf"), idle, SIMULATION)
        assert run.sim.tally[st.POLLS] > 5000
        for name in ("message_ms", "message_row", "changes", "rises_as", "starting_price"):
            assert getattr(run.record, name).tobytes() == getattr(record, name).tobytes()
        assert (run.record.notices, run.record.matched_pence) == (record.notices, record.matched_pence)


@pytest.mark.parametrize("core", BOTS)
@pytest.mark.parametrize("sport", ["greyhounds", "horses"])
def test_our_fills_are_the_exchange_s_own_matches(core: str, sport: str) -> None:
    run = truth(core, sport)
    mine, log = our_matches(run), fills(run.sim)
    assert len(mine) > 1
    assert np.array_equal(log[:, st.TIME_MS] - run.record.zero_ms, mine[:, 0])
    assert np.array_equal(log[:, st.LOG_TICK], mine[:, 1])
    assert np.array_equal(log[:, st.PENCE], mine[:, 2])
    assert np.array_equal(run.sim.orders[log[:, st.LOG_ORDER], st.SIDE], mine[:, 3])


@pytest.mark.parametrize("core", BOTS)
def test_money_is_conserved_with_a_bot_inside_and_nothing_of_ours_outlives_the_off(core: str) -> None:
    for sport in ("greyhounds", "horses"):
        run = truth(core, sport)
        x = run.market.x
        assert x.tally[ex.PLACED_PENCE] == 2 * x.tally[ex.MATCHED_PENCE] + x.tally[ex.CANCELLED_PENCE] + x.level.sum()
        orders = x.orders[: x.tally[ex.N_ORDERS]]
        assert orders[orders[:, ex.OWNER] == US, ex.LEFT].sum() == 0
        assert run.sim.tally[st.N_STANDING] == 0
        off_ms = run.record.zero_ms + 1000 * run.record.frame.off_s
        assert fills(run.sim)[:, st.TIME_MS].max() < off_ms


@pytest.mark.parametrize("core", BOTS)
def test_profit_is_what_the_exchange_s_matches_are_worth_on_the_result_less_commission(core: str) -> None:
    for index in range(2):
        run = truth(core, "greyhounds", index)
        _, _, tape = made("greyhounds", 2)[index]
        runners = run.sim.orders[fills(run.sim)[:, st.LOG_ORDER], st.RUNNER]
        won = runners == run.record.frame.winner
        mine = our_matches(run)
        gross = round(float((mine[:, 3] * mine[:, 2] * np.where(won, ODDS[mine[:, 1]] - 1, -1.0)).sum()))
        result = result_of(prepare(tape), run.sim, SIMULATION)
        assert result.settled_by == "result"
        assert abs(result.gross_pence - gross) <= 1
        assert result.pnl_pence == result.gross_pence - round(0.05 * max(0, result.gross_pence))


def test_the_bot_sees_what_was_published_less_its_own_and_the_exchange_holds_what_it_thinks_stands() -> None:
    _, record, tape = made("greyhounds", 2)[1]
    frame, m = open_market(record.plan, record.frame)
    bot = Bot(record, prepare(tape), resolve_core("caf"), parameters("caf"), SIMULATION, 4096)
    stood: list[int] = []

    def in_steps(market: object, until: int) -> None:
        for step in range(max(0, until - 700_000), until, 1_013):
            bot(m, step)
            mine = m.x.orders[: m.x.tally[ex.N_ORDERS]]
            mine = mine[(mine[:, ex.OWNER] == US) & (mine[:, ex.LEFT] > 0)]
            standing = bot.sim.orders[bot.sim.standing[: bot.sim.tally[st.N_STANDING]]]
            of_exchange = sorted(zip(mine[:, ex.BOOK], mine[:, ex.TICK], mine[:, ex.LEFT], strict=True))
            of_bot = zip(standing[:, st.SIDE] == BACK, standing[:, st.TICK], standing[:, st.REMAINING], strict=True)
            assert of_exchange == sorted((int(book), tick, left) for book, tick, left in of_bot)
            assert (bot.sim.recorded >= 0).all()
            assert not bot.sim.displaced.any()
            hidden = m.shown[:, : ATB + 2] - bot.sim.recorded
            assert (hidden >= 0).all()
            assert np.count_nonzero(hidden) <= 12
            stood.append(int(hidden.sum()))
        bot(m, until)

    play(record.plan, frame, m, in_steps)
    assert sum(pence > 0 for pence in stood) > 100


def test_requests_take_their_delays_and_the_harness_is_that_of_a_replay() -> None:
    run = truth("caf", "greyhounds")
    accepted = run.sim.orders[: run.sim.tally[st.N_ORDERS], st.ACCEPTED_MS]
    accepted = accepted[accepted > 0]
    assert len(accepted) > 100
    assert ((accepted - SIMULATION.delays.place_ms) % SIMULATION.poll_ms == 0).all()
    _, _, tape = made("greyhounds", 2)[0]
    replayed, _ = run_core(prepare(tape), resolve_core("caf"), parameters("caf"), SIMULATION)
    first = replayed.orders[0, [st.RUNNER, st.SIDE, st.TICK, st.SIZE, st.ACCEPTED_MS]]
    assert np.array_equal(run.sim.orders[0, [st.RUNNER, st.SIDE, st.TICK, st.SIZE, st.ACCEPTED_MS]], first)


def test_a_core_that_trades_in_play_is_refused_with_a_reason() -> None:
    class InPlay(Daf, frozen=True):
        def trades_in_play(self) -> bool:
            return True

    _, record, tape = made("greyhounds", 2)[0]
    with pytest.raises(SimulationError, match="trades in-play"):
        trade_inside(record, prepare(tape), resolve_core("daf"), InPlay(), SIMULATION)
