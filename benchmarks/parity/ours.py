"""The same requests through our `flumine` preset."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.parity.feed import Recorded
from benchmarks.parity.orders import Outcome, Request
from simcore.assumptions import settings_of
from simcore.bench import prepare
from simcore.engine import run_script
from simcore.kernels import state as st
from simcore.models.simulation import resolve_simulation

ALL_OF_IT = 1 << 40
FLUMINE_REDUCES_FROM = 250
"""hundredths of a percent"""


@dataclass(frozen=True)
class Ours:
    """What one strategy's requests came to here. Per order: `settled` as the bets stand at the end (voided, reduced), `made`
    with the matches as they were made, whether its runner was withdrawn, and how many withdrawals reduce odds in flumine."""

    settled: list[Outcome]
    made: list[Outcome]
    gone: list[bool]
    reduced: int


def replay_requests(recorded: Recorded, requests: list[Request]) -> Ours:
    """Replay a log of requests with the preset; orders keep their numbers."""
    bench = prepare(recorded.tape)
    settings, reals = settings_of(bench, resolve_simulation("flumine"), None)
    orders, script = _tables(requests, settings)
    sim = run_script(bench, settings, reals, orders, script)
    published_ms = recorded.tape.message_ms
    return _outcomes(sim, published_ms, len(orders))


def _tables(requests: list[Request], settings: st.Int) -> tuple[st.Int, st.Int]:
    places = [request for request in requests if request.kind == "place"]
    orders = np.zeros((len(places), st.N_ORDER), np.int64)
    for row, place in zip(orders, places, strict=True):
        row[st.RUNNER], row[st.SIDE], row[st.TICK] = place.runner, place.side, place.tick
        row[st.SIZE] = row[st.REMAINING] = row[st.BELIEVED] = place.pence
        row[st.MIN_FILL] = place.min_fill_pence
        row[st.PERSIST] = st.STAY if place.persist else st.LAPSE
    script = np.zeros((len(requests), st.N_REQUEST), np.int64)
    for number, (row, request) in enumerate(zip(script, requests, strict=True)):
        placing = request.kind == "place"
        row[st.EFFECT_MS] = request.time_ms + settings[st.PLACE_MS if placing else st.CANCEL_MS]
        row[st.REQUEST] = st.PLACE_ORDER if placing else st.CANCEL_ORDER
        row[st.REQUEST_ORDER] = request.order
        row[st.REQUEST_PENCE] = request.pence or ALL_OF_IT
        row[st.REQUEST_NUMBER] = number
    return orders, script[np.argsort(script[:, st.EFFECT_MS], kind="stable")]


def _outcomes(sim: st.Sim, published_ms: st.Int, n: int) -> Ours:
    log = sim.log[: sim.tally[st.N_LOGGED]]
    reduced = int((sim.runners[:, st.FACTOR] >= FLUMINE_REDUCES_FROM).sum())
    ours = Ours([], [], [], reduced)
    for o in range(n):
        rows = log[log[:, st.LOG_ORDER] == o]
        fills = rows[rows[:, st.WHAT] <= st.FILL_AT_CLOSE]
        times = [_book_ms(published_ms, int(ms)) for ms in fills[:, st.TIME_MS]]
        pence = [int(p) for p in fills[:, st.PENCE]]
        odds, odds_now = (
            [round(int(micro) / 10_000) for micro in fills[:, c]] for c in (st.MATCHED_MICRO, st.ODDS_MICRO)
        )
        cancelled = int(rows[rows[:, st.WHAT] == st.CANCELLED, st.PENCE].sum())
        gone = bool(sim.runners[sim.orders[o, st.RUNNER], st.GONE] != 0)
        ours.gone.append(gone)
        ours.made.append(Outcome(_state(sim, o), tuple(zip(times, odds, pence, strict=True)), cancelled))
        stands = () if gone else tuple(zip(times, odds_now, pence, strict=True))
        ours.settled.append(Outcome(_state(sim, o), stands, cancelled))
    return ours


def _book_ms(published_ms: st.Int, ms: int) -> int:
    """Publication of the book a match at `ms` was made in: what flumine stamps it with."""
    return int(published_ms[np.searchsorted(published_ms, ms, side="right") - 1])


def _state(sim: st.Sim, o: int) -> str:
    if sim.orders[o, st.ACCEPTED_MS]:
        return "accepted"
    return "pending" if sim.orders[o, st.STATE] == st.ON_ITS_WAY else "refused"
