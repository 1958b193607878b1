"""The truth: a bot inside the exchange, as one more trader. Its replay on the record without it is measured against this.

m         : `Market`, the exchange and its crowd;  i : `Inside`, the arrays below
sim       : `simcore.kernels.state.Sim`, the bot's own side, as in a replay, but nothing in it is assumed: `recorded` is what
            the exchange last published less what was ours of it, `displaced` stays 0, the exchange's own book matches us
shown     : (runners,) int64, standing orders of ours in what was last published
traded    : (runners, 350) int64, two-sided pence as published
handle    : (capacity,) int64, the exchange's order for each of ours, NOBODY before it was taken
state     : (N_STATE,) int64, fields below;  timeline : (0, N_LINE), none is written

The harness, its delays, its refusals and its account are those of a replay (`simcore.kernels`): it looks every `poll_ms` at
what was published `observe_ms` ago and has its own orders beside. At equal milliseconds everybody else comes first, the
publication before the traders. Fills happen when the exchange matches, not when it publishes. What stands at the off lapses.

The crowd's random numbers stay the same with us inside, up to the off: then the orders that persist are drawn by their number,
which ours have moved on; what happens in-play differs, the result does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simcore.assumptions import settings_of
from simcore.bench import Bench
from simcore.dtypes import ATB, ATL, CLOSED, LOSER, OPEN, SUSPENDED, WINNER
from simcore.engine import new_views, warm
from simcore.errors import SimulationError
from simcore.kernels import state as st
from simcore.kernels.compiling import Int1, Real1, compile_kernel, register
from simcore.kernels.displacement import improve_hint
from simcore.kernels.fills import end_order, fill
from simcore.kernels.loop import after_message, next_snapshot_ms, poll, take_snapshot
from simcore.kernels.orders import ACCEPTED, cancel, make_way, refusal, rest
from simcore.kernels.queue import rests_in
from simcore.kernels.record import END_ALL, change_status, end_orders, turn_in_play
from simcore.kernels.requests import await_answer, draw_answer, forget_request, next_pending, next_request_ms
from simcore.kernels.sharing import shared
from simcore.kernels.state import (
    ACCEPTED_MS,
    FILL_AGGRESSIVE,
    FILL_PASSIVE,
    FULL,
    LAPSED,
    LAST_TICK,
    MATCHED,
    N_STANDING,
    NEVER_MS,
    PLACE_ORDER,
    REFUSED,
    REMAINING,
    REPLACE_ORDER,
    REQUEST,
    REQUEST_ORDER,
    REQUEST_PENCE,
    REQUEST_REPLACES,
    RUNNER,
    SERVED,
    SIDE,
    START_AT_MS,
    STOPPED,
    TAKEN,
    TICK,
    TOUCHED,
    Sim,
    Views,
)
from simcore.models.simulation import Simulation
from simcore.strategies import Core, Parameters
from simcore.strategies.view import CoreFunction, Offers, new_offers
from simcore.synthetic import crowd, exchange, session
from simcore.synthetic.compiling import kernel
from simcore.synthetic.crowd import N_CHANGES, N_MESSAGES, NEXT_PUBLICATION, Market
from simcore.synthetic.exchange import (
    LTP,
    MATCH_INCOMING,
    MATCH_MS,
    MATCH_PENCE,
    MATCH_RESTING,
    MATCH_TICK,
    N_MATCHES,
    NOBODY,
    OWNER,
    TRD,
)
from simcore.synthetic.market import CAPACITY, open_market
from simcore.synthetic.record import LARGEST_CAPACITY, Record, play
from simcore.units import N_TICKS

Int = NDArray[np.int64]

ZERO_MS: Final = 0
"""UTC ms of the market's time zero"""
NOW_MS: Final = 1
"""UTC ms of what was done last"""
MESSAGES_SEEN: Final = 2
MATCHES_SEEN: Final = 3
N_STATE: Final = 4

US: Final = 1_000_000
"""our owner number: above every trader's"""


@shared
class Inside(NamedTuple):
    """What joins a bot to an exchange; see the module's notation."""

    shown: Int
    traded: Int
    handle: Int
    state: Int
    timeline: Int


def new_inside(n_runners: int, capacity: int, zero_ms: int) -> Inside:
    """Nothing of ours has happened yet; room for `capacity` orders."""
    state = np.zeros(N_STATE, np.int64)
    state[ZERO_MS], state[NOW_MS] = zero_ms, zero_ms
    return Inside(
        shown=np.zeros(n_runners, np.int64),
        traded=np.zeros((n_runners, N_TICKS), np.int64),
        handle=np.full(capacity, NOBODY, np.int64),
        state=state,
        timeline=np.zeros((0, st.N_LINE), np.int64),
    )


register(Inside, new_inside(1, 1, 0))


@kernel
def show(sim: Sim, r: int, b: int, t: int, pence: int) -> None:
    """The bot sees `pence` of others at a level."""
    sim.recorded[r, b, t] = pence
    if pence > 0:
        improve_hint(sim, r, b, t)


@kernel
def note_publication(sim: Sim, m: Market, i: Inside) -> None:
    """Make what was published since the last time what the bot can see, less what stood of ours when it was published.

    Call it before the matches that came after the publication are noted: until then our orders are as published.
    """
    for row in range(m.out_row[i.state[MESSAGES_SEEN]], m.state[N_CHANGES]):
        r, column, t, value = m.out[row, 0], m.out[row, 1], m.out[row, 2], m.out[row, 3]
        if column == LTP:
            sim.runners[r, LAST_TICK] = value
        elif column == TRD:
            sim.runners[r, MATCHED] += value - i.traded[r, t]
            i.traded[r, t] = value
        else:
            show(sim, r, column, t, value)
    i.state[MESSAGES_SEEN] = m.state[N_MESSAGES]
    for r in range(i.shown.shape[0]):
        if i.shown[r] == 0 and sim.runners[r, TOUCHED] == 0:
            continue
        i.shown[r] = sim.runners[r, TOUCHED]
        for b in (ATB, ATL):
            for t in range(N_TICKS):
                show(sim, r, b, t, m.shown[r, b, t])
    for k in range(sim.tally[N_STANDING]):
        o = sim.standing[k]
        sim.recorded[sim.orders[o, RUNNER], rests_in(sim.orders[o, SIDE]), sim.orders[o, TICK]] -= sim.orders[
            o, REMAINING
        ]


@kernel
def order_of(sim: Sim, i: Inside, handle: int) -> int:
    """Our standing order that the exchange calls `handle`."""
    k = 0
    while i.handle[sim.standing[k]] != handle:
        k += 1
    return int(sim.standing[k])


@kernel
def note_matches(sim: Sim, m: Market, i: Inside) -> None:
    """Book what the exchange matched of our resting orders since the last time."""
    for row in range(i.state[MATCHES_SEEN], m.x.tally[N_MATCHES]):
        resting = m.x.matches[row, MATCH_RESTING]
        if m.x.orders[resting, OWNER] == US:
            now = i.state[ZERO_MS] + m.x.matches[row, MATCH_MS]
            o = order_of(sim, i, resting)
            fill(sim, o, m.x.matches[row, MATCH_PENCE], m.x.matches[row, MATCH_TICK], FILL_PASSIVE, now)
    i.state[MATCHES_SEEN] = m.x.tally[N_MATCHES]


@kernel
def arrive(sim: Sim, m: Market, i: Inside, o: int, now: int) -> None:
    """Order o reaches the exchange: refused as in a replay, else matched by the exchange; the rest stands in its queue."""
    reason = refusal(sim, o)
    if reason != ACCEPTED:
        end_order(sim, o, REFUSED, reason, now)
        return
    sim.orders[o, ACCEPTED_MS] = now
    r, side, tick, pence = sim.orders[o, RUNNER], sim.orders[o, SIDE], sim.orders[o, TICK], sim.orders[o, REMAINING]
    i.handle[o] = exchange.place(m.x, now - i.state[ZERO_MS], US, r, side, tick, pence, True)
    for row in range(i.state[MATCHES_SEEN], m.x.tally[N_MATCHES]):
        if m.x.matches[row, MATCH_INCOMING] == i.handle[o]:
            fill(sim, o, m.x.matches[row, MATCH_PENCE], m.x.matches[row, MATCH_TICK], FILL_AGGRESSIVE, now)
    i.state[MATCHES_SEEN] = m.x.tally[N_MATCHES]
    if sim.orders[o, REMAINING] > 0:
        rest(sim, o, now)


@kernel
def carry_out(sim: Sim, m: Market, i: Inside, request: Int1, now: int) -> None:
    """Do what a request asks. What a cancel or a replace ends of ours leaves the exchange's book, too."""
    o = request[REQUEST_ORDER]
    if request[REQUEST] == PLACE_ORDER:
        arrive(sim, m, i, o, now)
        return
    old = request[REQUEST_REPLACES] if request[REQUEST] == REPLACE_ORDER else o
    stood = sim.orders[old, REMAINING]
    placing = False
    if request[REQUEST] == REPLACE_ORDER:
        placing = make_way(sim, old, o, now)
    else:
        cancel(sim, o, request[REQUEST_PENCE], now)
    if sim.orders[old, REMAINING] < stood:
        exchange.cancel(m.x, i.handle[old], stood - sim.orders[old, REMAINING])
    if placing:
        arrive(sim, m, i, o, now)


@kernel
def handle_request(sim: Sim, m: Market, i: Inside, now: int) -> None:
    """The first request due takes effect."""
    k = next_pending(sim)
    draw_answer(sim, sim.requests[k])
    carry_out(sim, m, i, sim.requests[k], now)
    await_answer(sim, now)
    forget_request(sim, k)


@kernel
def others_until(sim: Sim, m: Market, i: Inside, until: int) -> None:
    """Everybody else goes on to `until` (ms since time zero, excluded); at most one publication lies before it."""
    messages = m.state[N_MESSAGES]
    session.run(m, until)
    if m.state[N_MESSAGES] > messages:
        note_publication(sim, m, i)
        after_message(sim, i.state[ZERO_MS] + m.out_ms[messages])
    note_matches(sim, m, i)


@kernel
def announce(sim: Sim, m: Market, i: Inside, status: int, in_play: int, start_ms: int, now: int) -> None:
    """A market definition was published. What stands of ours at the off lapses, whatever persists of the others."""
    change_status(sim, status, now)
    turn_in_play(sim, in_play, now)
    if status == SUSPENDED:
        for k in range(sim.tally[N_STANDING]):
            exchange.cancel(m.x, i.handle[sim.standing[k]], sim.orders[sim.standing[k], REMAINING])
        end_orders(sim, LAPSED, END_ALL, now)
    sim.market[START_AT_MS] = start_ms
    note_publication(sim, m, i)
    after_message(sim, now)
    i.state[NOW_MS] = now


@kernel
def live(
    core: CoreFunction, sim: Sim, m: Market, i: Inside, views: Views, offers: Offers, parameters: Real1, until: int
) -> None:
    """Everything that happens before `until` (ms since time zero), the bot's doings among it."""
    zero, ring = i.state[ZERO_MS], views.poll_ms.shape[0]
    while sim.tally[FULL] == 0 and m.state[crowd.OVERFLOW] == 0:
        now = i.state[NOW_MS]
        active = sim.tally[STOPPED] == 0
        t_request = next_request_ms(sim)
        t_snapshot = next_snapshot_ms(sim, now) if active else NEVER_MS
        served = sim.tally[SERVED]
        t_poll = views.poll_ms[served % ring] if active and served < sim.tally[TAKEN] else NEVER_MS
        t_bot = min(t_request, t_snapshot, t_poll)
        t = min(t_bot - zero, m.state[NEXT_PUBLICATION], until)
        others_until(sim, m, i, t)
        if t == until:
            return
        others_until(sim, m, i, t + 1)
        i.state[NOW_MS] = zero + t
        if t_bot != zero + t:
            continue
        if t_request == t_bot:
            handle_request(sim, m, i, t_bot)
        elif t_snapshot == t_bot:
            take_snapshot(sim, views, t_bot)
        else:
            poll(core, sim, views, offers, parameters, i.timeline, t_bot)


FIRST_ORDERS: Final = 4096
"""room for orders of ours at first"""
_STATUS: Final = {"OPEN": OPEN, "SUSPENDED": SUSPENDED, "CLOSED": CLOSED}


class Bot:
    """The bot of one run: called by `record.play` in place of `session.run`, it carries the market on and trades in it."""

    def __init__(
        self, record: Record, bench: Bench, core: Core, parameters: Parameters, simulation: Simulation, capacity: int
    ) -> None:
        """`record` : the market without the bot, whose definitions are published at the same times with it."""
        settings, reals = settings_of(bench, simulation, parameters)
        looks = simulation.delays.observe_ms
        ring = looks // simulation.poll_ms + 3 if simulation.poll_ms else looks + 2  # a message a millisecond at most
        self.function = core.function
        self.vector = np.ascontiguousarray(parameters.vector(), np.float64)
        self.sim = st.new_sim(record.frame.n_runners, settings, reals, np.zeros((0, st.N_REQUEST), np.int64), capacity)
        self.views, self.offers = new_views(ring, 1, capacity), new_offers()
        self.inside = new_inside(record.frame.n_runners, capacity, record.zero_ms)
        self.news = [
            (
                int(record.message_ms[notice.message]),
                _STATUS[notice.status],
                int(notice.in_play),
                record.zero_ms + 1000 * notice.start_s,
            )
            for notice in record.notices
        ]
        self.until = -1

    def __call__(self, m: Market, until: int) -> None:
        """Carry the market on to `until`, ms since time zero, excluded."""
        self.hear(m)
        live(self.function, self.sim, m, self.inside, self.views, self.offers, self.vector, until)
        self.until = until

    def hear(self, m: Market) -> None:
        """Note the definition that was published when the last call had ended."""
        while self.news and self.news[0][0] <= self.until:
            at_ms, status, in_play, start_ms = self.news.pop(0)
            announce(self.sim, m, self.inside, status, in_play, start_ms, int(self.inside.state[ZERO_MS]) + at_ms)


@dataclass(frozen=True)
class Truth:
    """A market with our bot in it: the bot's side (`simcore.engine.result_of` reads it), the record it left, the exchange."""

    sim: st.Sim
    record: Record
    market: Market


def trade_inside(record: Record, bench: Bench, core: Core, parameters: Parameters, simulation: Simulation) -> Truth:
    """Play the market of `record` again with a bot inside.

    record : the same market without the bot;  bench : its tape, prepared
    Of `simulation` the delays, the looks and the costs count: queue, refill and reaction are the exchange's own.
    Raises SimulationError for a core that trades in-play: neither persistence nor bet delays are played inside.
    """
    if parameters.trades_in_play():
        raise SimulationError(
            f"core {core.name!r} trades in-play; inside the exchange only trading before the off is played"
        )
    warm(core)
    capacity, orders = CAPACITY, FIRST_ORDERS
    while capacity < len(record.changes):  # about as many orders as changes: spares running a busy market twice
        capacity *= 2
    while capacity <= LARGEST_CAPACITY:
        frame, m = open_market(record.plan, record.frame, capacity)
        compile_kernel(announce)
        compile_kernel(live)
        bot = Bot(record, bench, core, parameters, simulation, orders)
        played = play(record.plan, frame, m, bot)
        bot.hear(m)
        if bot.sim.tally[FULL]:
            orders *= 2
        elif m.x.tally[exchange.FULL] or m.state[crowd.OVERFLOW]:
            capacity *= 2
        else:
            bot.sim.runners[:, st.OUTCOME] = LOSER
            bot.sim.runners[frame.winner, st.OUTCOME] = WINNER
            return Truth(bot.sim, played, m)
    raise SimulationError(
        f"market {record.plan.market_id} takes more than {LARGEST_CAPACITY} orders with the bot inside; lower the rates of "
        "its sport"
    )
