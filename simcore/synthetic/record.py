"""A market run to its end and kept as the exchange would publish it: messages, market definitions, result.

Order of things, ms after time zero: the opening image; a message about every 100 ms; a revised start where the off is late; the
suspension at the off; the emptied ladders; the starting price and its volume, still suspended; (horses: the turn in-play with
what persisted, trading, the final suspension;) the close with the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simcore.dtypes import HISTORY, RECONCILED, TRADE
from simcore.errors import SimulationError
from simcore.kernels.randomness import keys, uniform
from simcore.synthetic import crowd, session
from simcore.synthetic.crowd import Market
from simcore.synthetic.exchange import FULL, MATCHED_PENCE, TRD, clear, touch
from simcore.synthetic.market import CAPACITY, Frame, Plan, open_market
from simcore.units import ODDS

Int = NDArray[np.int64]
Run = Callable[[Market, int], None]

LARGEST_CAPACITY: Final = 64 * CAPACITY
LATE_S: Final = 120
"""an off so long after the advertised start has the start revised"""
REVISED_AFTER_S: Final = 20
EMPTIED_AFTER_MS: Final = 60
RECONCILED_AFTER_MS: Final = 400
CLOSED_AFTER_MS: Final = 90_000
BET_DELAY_S: Final = 1


@dataclass(frozen=True)
class Notice:
    """What the market definition says from one message on."""

    message: int
    status: str
    in_play: bool = False
    start_s: int = 0
    """advertised start, seconds after time zero"""
    reconciled: bool = False
    closed: bool = False


@dataclass(frozen=True)
class Record:
    """A finished market as published, and the truth behind it; times in ms since time zero.

    message_ms : (messages,) int64;  message_row : (messages + 1,) int64, first change of each message
    changes    : (rows, 4) int64: runner, column (ATB, ATL, TRD, LTP), tick, new absolute value
    rises_as   : (messages,) int64, kind of the message's rises of traded volume
    starting_price : (runners,) int64, odds in hundredths
    """

    plan: Plan
    frame: Frame
    message_ms: Int
    message_row: Int
    changes: Int
    rises_as: Int
    notices: tuple[Notice, ...]
    starting_price: Int
    matched_pence: int
    """one-sided, before and after the first image, without the starting-price volume"""

    @property
    def zero_ms(self) -> int:
        """UTC ms of time zero."""
        return self.plan.advertised_ms - 1000 * self.frame.advertised_s


def make_market(plan: Plan) -> Record:
    """Run a market from its plan alone. Raises SimulationError where the settings make it grow without bound."""
    capacity = CAPACITY
    frame = None
    while capacity <= LARGEST_CAPACITY:
        frame, m = open_market(plan, frame, capacity)
        record = play(plan, frame, m)
        if not m.x.tally[FULL] and not m.state[crowd.OVERFLOW]:
            return record
        capacity *= 2
    raise SimulationError(
        f"market {plan.market_id} takes more than {LARGEST_CAPACITY} orders; lower the rates of its sport"
    )


def play(plan: Plan, frame: Frame, m: Market, run: Run = session.run) -> Record:
    """Run an opened market to its close.

    `run(m, until)` carries it on to a time; a bot under test gives its own, which calls `session.run` in steps and trades
    on `m.x` between them.
    """
    notices = [_announce(m, run, 1000 * frame.first_s, "OPEN", frame.advertised_s)]
    start_s = frame.advertised_s
    if frame.off_s - frame.advertised_s >= LATE_S:
        start_s += 60 * ((frame.off_s - frame.advertised_s) // 60)
        notices.append(_announce(m, run, 1000 * (frame.advertised_s + REVISED_AFTER_S), "OPEN", start_s))
    off_ms = 1000 * frame.off_s
    notices.append(_stop(plan, m, run, off_ms, start_s, plan.sport.persist_share if frame.in_play else 0.0, False))
    run(m, off_ms + RECONCILED_AFTER_MS)
    starting_price = _reconcile(plan, frame, m)
    notices.append(_announce(m, run, off_ms + RECONCILED_AFTER_MS, "SUSPENDED", start_s, reconciled=True))
    reconciled = int(m.state[crowd.N_MESSAGES]) - 1
    if frame.in_play:
        notices.append(_announce(m, run, 1000 * frame.resumed_s, "OPEN", start_s, reconciled=True, in_play=True))
        notices.append(_stop(plan, m, run, 1000 * frame.end_s, start_s, 0.0, True))
    closed_ms = 1000 * frame.end_s + CLOSED_AFTER_MS
    notices.append(_announce(m, run, closed_ms, "CLOSED", start_s, reconciled=True, in_play=frame.in_play, closed=True))
    messages, rows = int(m.state[crowd.N_MESSAGES]), int(m.state[crowd.N_CHANGES])
    rises_as = np.full(messages, TRADE, np.int64)
    rises_as[0], rises_as[reconciled] = HISTORY, RECONCILED
    return Record(
        plan=plan,
        frame=frame,
        message_ms=m.out_ms[:messages],
        message_row=m.out_row[: messages + 1],
        changes=m.out[:rows],
        rises_as=rises_as,
        notices=tuple(notices),
        starting_price=starting_price,
        matched_pence=int(m.x.tally[MATCHED_PENCE]),
    )


def _announce(
    m: Market,
    run: Run,
    now: int,
    status: str,
    start_s: int,
    *,
    reconciled: bool = False,
    in_play: bool = False,
    closed: bool = False,
) -> Notice:
    """Run up to `now` and publish a message that carries the market definition."""
    run(m, now)
    session.publish(m, now, True)
    session.next_publication(m, now)
    return Notice(int(m.state[crowd.N_MESSAGES]) - 1, status, in_play, start_s, reconciled, closed)


def _stop(plan: Plan, m: Market, run: Run, now: int, start_s: int, share_kept: float, in_play: bool) -> Notice:
    """Suspend: publish what is left a millisecond before, then the suspension, then the ladders without what lapsed."""
    run(m, now)
    session.publish(m, now - 1, False)
    notice = Notice(int(m.state[crowd.N_MESSAGES]), "SUSPENDED", in_play, start_s, in_play)
    session.publish(m, now, True)
    clear(m.x, *keys(plan.seed, plan.market_id, "persistence"), share_kept)
    session.publish(m, now + EMPTIED_AFTER_MS, False)
    session.next_publication(m, now + EMPTIED_AFTER_MS)
    return notice


def _reconcile(plan: Plan, frame: Frame, m: Market) -> Int:
    """Starting prices around fair, and the volume matched at them (one-sided, at the nearest tick). Hundredths of odds."""
    n = frame.n_runners
    prices = np.zeros(n, np.int64)
    a, b = keys(plan.seed, plan.market_id, "starting price")
    for r in range(n):
        odds = 1.0 / max(float(frame.chance[frame.off_s, r]), 0.001)
        noise = 1.0 + 0.02 * (float(uniform(a, b, r, 0)) - 0.5)
        prices[r] = min(max(round(100 * odds * noise), 101), 100_000)
        volume = plan.sport.sp_share * float(m.x.traded[r].sum()) / 2 * 2 * float(uniform(a, b, r, 1))
        pence = math.floor(volume)
        if pence > 0:
            tick = int(np.abs(ODDS - prices[r] / 100).argmin())
            m.x.traded[r, tick] += 2 * pence
            touch(m.x, r, TRD, tick)
    return prices
