"""Spans in which nothing of ours is in a market: what a bot sees of its runner there is the record, and known beforehand.

A record of one runner is passed once without us (`pass_alone`). What is kept of it:

keys  : the messages that matter to a bot which reads the best prices only: those that change one, that say something of the
        market or of who runs and wins, or that leave a half-book empty (the last price may count then); and the last one
books : the runner's book every EVERY messages, and after every message with news

A replay with nothing of ours in it goes from key to key (`is_alone`, `show`): of its book the best levels alone are kept up,
which is all that anybody looks at. As soon as the bot sends something, or there is news, the book is made whole again from the
last one kept (`come_back`), so that it never matters where a span begins or ends.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from simcore.dtypes import ATB, ATL, LAST_TRADED, TRADE
from simcore.kernels.compiling import kernel, register, small_kernel
from simcore.kernels.displacement import best_level, decayed
from simcore.kernels.record import apply_bare, apply_message, count_matched, last_tick_of
from simcore.kernels.sharing import shared
from simcore.kernels.state import (
    ALL_TOUCHED,
    ALONE,
    CARRY,
    FORGET_MS,
    HALF_LIFE_MS,
    LAST_TICK,
    MATCHED,
    N_REQUESTS,
    N_STANDING,
    QUIET,
    REFILL_HALF_LIFE,
    REFILL_KIND,
    STOPPED,
    TICKS_ONLY,
    Int,
    Narrow,
    Record,
    Sim,
)
from simcore.units import N_TICKS

EVERY: Final = 128
"""messages between two books that are kept"""

# columns of `keys`
KEY_MESSAGE: Final = 0
KEY_NEWS: Final = 1
"""1 = has to be applied as it stands"""
KEY_BACK_TICK: Final = 2
"""best tick of available-to-back after it, -1 if there is none, and the pence there"""
KEY_BACK_PENCE: Final = 3
KEY_LAY_TICK: Final = 4
"""likewise of available-to-lay, 350 if there is none"""
KEY_LAY_PENCE: Final = 5
KEY_LAST_TICK: Final = 6
N_KEY: Final = 7

# columns of `kept`, one row a book
KEPT_BEFORE: Final = 0
"""the message it stands before"""
KEPT_MATCHED: Final = 1
KEPT_LAST_TICK: Final = 2
KEPT_HINT_BACK: Final = 3
KEPT_HINT_LAY: Final = 4
N_KEPT: Final = 5


@shared
class Alone(NamedTuple):
    """What `pass_alone` finds, in arrays large enough.

    key_at  : (messages,) the first key at or after each;  keys: (keys, N_KEY)
    book_at : (messages,) the last book kept before each;  kept: (books, N_KEPT);  books: (books, 2, N_TICKS) pence
    A worker keeps thousands of them, mostly books: those are of 32 bits, as sizes are on the tape.
    """

    key_at: Narrow
    keys: Int
    book_at: Narrow
    kept: Int
    books: Narrow


@small_kernel
def apply_alone(sim: Sim, record: Record, m: int) -> None:
    """Message m, which has no news, to a runner's book that has nothing of ours in it."""
    for i in range(record.message_row[m], record.message_row[m + 1]):
        kind, pence = int(record.kind[i]), int(record.size[i])
        r, t = int(record.runner[i]), int(record.tick[i])
        if kind <= TRADE:
            apply_bare(sim, kind, r, int(record.book[i]), t, pence)
        elif kind == LAST_TRADED:
            sim.runners[r, LAST_TICK] = last_tick_of(sim, r, t)
        count_matched(sim, kind, r, pence)


@kernel
def keep_book(sim: Sim, alone: Alone, row: int, r: int, m: int) -> None:
    """Keep the book of runner r as it stands before message m."""
    alone.kept[row, KEPT_BEFORE] = m
    alone.kept[row, KEPT_MATCHED] = sim.runners[r, MATCHED]
    alone.kept[row, KEPT_LAST_TICK] = sim.runners[r, LAST_TICK]
    alone.kept[row, KEPT_HINT_BACK] = sim.hint[r, ATB]
    alone.kept[row, KEPT_HINT_LAY] = sim.hint[r, ATL]
    for b in range(2):
        for t in range(N_TICKS):
            alone.books[row, b, t] = sim.recorded[r, b, t]


@small_kernel
def keep_key(sim: Sim, alone: Alone, row: int, r: int, m: int, back: int, lay: int) -> None:
    """Keep what a bot sees after message m."""
    alone.keys[row, KEY_MESSAGE] = m
    alone.keys[row, KEY_BACK_TICK] = back
    alone.keys[row, KEY_BACK_PENCE] = sim.recorded[r, ATB, back] if back >= 0 else 0
    alone.keys[row, KEY_LAY_TICK] = lay
    alone.keys[row, KEY_LAY_PENCE] = sim.recorded[r, ATL, lay] if lay < N_TICKS else 0
    alone.keys[row, KEY_LAST_TICK] = sim.runners[r, LAST_TICK]


@kernel
def pass_alone(record: Record, sim: Sim, alone: Alone, r: int, first: int) -> tuple[int, int]:
    """Pass the record of runner r from message `first` to its end, without us; returns how many keys and books there are.

    sim : the market before message `first`
    """
    n = record.message_ms.shape[0]
    keys = books = news = 0
    since = EVERY
    last_back, last_lay = best_level(sim, r, ATB, 0), best_level(sim, r, ATL, 0)
    for m in range(first, n):
        if since == EVERY:
            keep_book(sim, alone, books, r, m)
            books += 1
            since = 0
        alone.key_at[m], alone.book_at[m] = keys, books - 1
        while news < record.news_message.shape[0] and record.news_message[news] < m:
            news += 1
        has_news = news < record.news_message.shape[0] and record.news_message[news] == m
        since += 1
        if has_news:
            apply_message(sim, record, m)
            since = EVERY
        else:
            apply_alone(sim, record, m)
        back, lay = best_level(sim, r, ATB, 0), best_level(sim, r, ATL, 0)
        as_it_stands = has_news or m == n - 1
        if as_it_stands or back != last_back or lay != last_lay or back < 0 or lay >= N_TICKS:
            keep_key(sim, alone, keys, r, m, back, lay)
            alone.keys[keys, KEY_NEWS] = int(as_it_stands)
            keys += 1
        last_back, last_lay = back, lay
    return keys, books


@small_kernel
def knows_keys(sim: Sim, record: Record) -> bool:
    """Whether a replay may go from key to key: they are known, and they are all that the bot looks at."""
    return record.keys.shape[0] > 0 and sim.settings[TICKS_ONLY] != 0


@kernel
def forget_decayed(sim: Sim, r: int, now: int) -> None:
    """What we took of runner r and is back by now is forgotten, wherever nobody looked; once a half-life is enough."""
    if sim.settings[REFILL_KIND] != REFILL_HALF_LIFE or now < sim.tally[FORGET_MS]:
        return
    sim.tally[FORGET_MS] = now + sim.settings[HALF_LIFE_MS]
    for b in range(2):
        for t in range(N_TICKS):
            decayed(sim, r, b, t, now)


@small_kernel
def is_alone(sim: Sim, r: int, now: int) -> bool:
    """Whether nothing of ours is in the market or on its way, and the bot looks no more, or for nothing but what a key shows.

    What we took may have come back since anybody looked.
    """
    if sim.tally[N_STANDING] > 0 or sim.tally[N_REQUESTS] > 0 or sim.market[CARRY] != 0:
        return False
    if sim.tally[QUIET] == 0 and sim.tally[STOPPED] == 0:
        return False
    if sim.tally[ALL_TOUCHED] != 0:
        forget_decayed(sim, r, now)
    return bool(sim.tally[ALL_TOUCHED] == 0)


@kernel
def show(sim: Sim, record: Record, key: int, r: int) -> None:
    """The best levels of runner r become what they are after a key; the rest of its book is left as it is."""
    back, lay = record.keys[key, KEY_BACK_TICK], record.keys[key, KEY_LAY_TICK]
    if back >= 0:
        sim.recorded[r, ATB, back] = record.keys[key, KEY_BACK_PENCE]
    if lay < N_TICKS:
        sim.recorded[r, ATL, lay] = record.keys[key, KEY_LAY_PENCE]
    sim.hint[r, ATB], sim.hint[r, ATL] = back, lay
    sim.runners[r, LAST_TICK] = record.keys[key, KEY_LAST_TICK]


@kernel
def come_back(sim: Sim, record: Record, m: int, r: int) -> None:
    """The whole book of runner r becomes what it is before message m."""
    row = record.book_at[m]
    sim.runners[r, MATCHED] = record.kept[row, KEPT_MATCHED]
    sim.runners[r, LAST_TICK] = record.kept[row, KEPT_LAST_TICK]
    sim.hint[r, ATB], sim.hint[r, ATL] = record.kept[row, KEPT_HINT_BACK], record.kept[row, KEPT_HINT_LAY]
    for b in range(2):
        for t in range(N_TICKS):
            sim.recorded[r, b, t] = record.books[row, b, t]
    for each in range(record.kept[row, KEPT_BEFORE], m):
        apply_alone(sim, record, each)
    sim.tally[ALONE] = 0


@small_kernel
def next_message(sim: Sim, record: Record, m: int, r: int, now: int) -> int:
    """Of the messages from m on the next that matters: a key while nothing of ours is in the market, else m."""
    if sim.tally[ALONE] != 0 and sim.tally[N_REQUESTS] > 0:
        come_back(sim, record, m, r)
    elif sim.tally[ALONE] == 0 and m < record.message_ms.shape[0]:
        sim.tally[ALONE] = int(is_alone(sim, r, now))
    return record.keys[record.key_at[m], KEY_MESSAGE] if sim.tally[ALONE] != 0 else m


@small_kernel
def passes_key(sim: Sim, record: Record, m: int, r: int) -> bool:
    """Pass message m, a key; False = it has to be applied, and the book is whole again for that."""
    key = record.key_at[m]
    if record.keys[key, KEY_NEWS] != 0:
        come_back(sim, record, m, r)
        return False
    show(sim, record, key, r)
    return True


def most_books(messages: int, news: int) -> int:
    """How many books a record of so many messages, of which so many have news, can need."""
    return messages // EVERY + news + 2


def room_for(messages: int, news: int) -> Alone:
    """Arrays as large as a record of so many messages, of which so many have news, can need them: every message a key."""
    books = most_books(messages, news)
    return Alone(
        key_at=np.zeros(messages, np.int32),
        keys=np.zeros((messages, N_KEY), np.int64),
        book_at=np.zeros(messages, np.int32),
        kept=np.zeros((books, N_KEPT), np.int64),
        books=np.zeros((books, 2, N_TICKS), np.int32),
    )


register(Alone, room_for(1, 0))
