"""Markets and requests that hypothesis makes up: two runners, a few ticks, everything that can happen on a tape.

An operation is drawn as plain numbers and read as whatever is possible when it comes: a cancel or a trade never takes more
than stands, so the recorded book never goes below nothing; nothing trades while the market is suspended.
"""

from __future__ import annotations

from random import Random

from hypothesis import strategies as hs

from simcore import dtypes as d
from simcore.tapes.tape import Tape
from simcore.units import N_TICKS, ODDS_HUNDREDTHS
from tests.kernels.tapes import TapeBuilder

LOW_TICK, N_USED = 100, 8
"""ticks 100..107: 2.02 to 2.16"""
LOWEST, HIGHEST = 0, N_TICKS - N_USED
"""markets at the ends of the ladder, which a reaction pushes off it"""
SIZES = (1, 2, 3, 50, 99, 101, 250, 250, 400, 1000, 1000, 3333)
GAPS_MS = (0, 1, 10, 50, 50, 100, 120, 250, 250, 1000)
BOOK_OPERATIONS = ("place", "place", "place", "cancel", "cancel", "trade", "trade", "sweep", "unattributed")
NEWS = ("suspend", "reopen", "reopen", "image", "in_play", "bet_delay", "remove", "last_traded", "repriced")
NEWS += ("passive_exempt", "reconcile")
RUNNERS = (0, 0, 0, 1)

Operation = tuple[str, int, int, int, int]
Message = tuple[int, list[Operation]]


def _operations(names: tuple[str, ...]) -> hs.SearchStrategy[Operation]:
    offset = hs.integers(0, N_USED - 1)
    return hs.tuples(
        hs.sampled_from(names), hs.sampled_from(RUNNERS), hs.integers(0, 1), offset, hs.sampled_from(SIZES)
    )


def messages(*, news: bool) -> hs.SearchStrategy[list[Message]]:
    """Lists of (gap before it in ms, operations)."""
    kinds = [_operations(BOOK_OPERATIONS)] * 7 + ([_operations(NEWS)] if news else [])
    operations = hs.lists(hs.one_of(*kinds), min_size=1, max_size=4)
    return hs.lists(hs.tuples(hs.sampled_from(GAPS_MS), operations), min_size=10, max_size=40)


def drawn_messages(rng: Random, names: tuple[str, ...], n: int) -> list[Message]:
    """The same from a seed, `n` messages."""

    def operation() -> Operation:
        return rng.choice(names), rng.choice(RUNNERS), rng.randrange(2), rng.randrange(N_USED), rng.choice(SIZES)

    return [(rng.choice(GAPS_MS), [operation() for _ in range(rng.randint(1, 4))]) for _ in range(n)]


def quiet_news(rng: Random) -> list[Message]:
    """A market in which nothing happens but placing, cancelling and trading."""
    return drawn_messages(rng, BOOK_OPERATIONS, rng.randint(20, 60))


class Told:
    """Reads operations into a tape, and remembers the recorded book while doing so."""

    def __init__(self, *, uncrossed: bool, bsp_market: bool) -> None:
        self.uncrossed = uncrossed
        self.builder = TapeBuilder(turn_in_play_enabled=True, bsp_market=bsp_market)
        self.books: dict[tuple[int, int], dict[int, int]] = {(r, b): {} for r in range(2) for b in range(2)}
        self.is_open = True
        self.gone: set[int] = set()

    def best(self, runner: int, book: int) -> int | None:
        ticks = self.books[runner, book]
        if not ticks:
            return None
        return max(ticks) if book == d.ATB else min(ticks)

    def change(self, kind: int, book: int, runner: int, tick: int, pence: int) -> None:
        """One row and what it does to the book; a trade's row is two-sided, sometimes by an odd penny."""
        ticks = self.books[runner, book]
        size = 2 * pence + (pence % 3 == 1) if kind == d.TRADE else pence
        self.builder.row(kind, book, runner, tick, size)
        ticks[tick] = ticks.get(tick, 0) + (pence if kind == d.PLACE else -pence)
        if ticks[tick] == 0:
            del ticks[tick]

    def crosses(self, runner: int, book: int, tick: int) -> bool:
        against = self.best(runner, 1 - book)
        return against is not None and (tick >= against if book == d.ATB else tick <= against)

    def place(self, runner: int, book: int, tick: int, pence: int) -> None:
        if not (self.uncrossed and self.crosses(runner, book, tick)):
            self.change(d.PLACE, book, runner, tick, pence)

    def cancel(self, runner: int, book: int, tick: int, pence: int) -> None:
        there = self.books[runner, book].get(tick, 0)
        if there:
            self.change(d.CANCEL, book, runner, tick, min(there, pence))

    def trade(self, runner: int, book: int, tick: int, pence: int) -> None:
        best = self.best(runner, book)
        if best is not None and self.is_open:
            self.change(d.TRADE, book, runner, best, min(self.books[runner, book][best], pence))

    def sweep(self, runner: int, book: int, tick: int, pence: int) -> None:
        """One aggressor through one to three levels, best first; the last only partly."""
        for level in range(1 + tick % 3):
            best = self.best(runner, book)
            if best is None or not self.is_open:
                return
            there = self.books[runner, book][best]
            self.change(d.TRADE, book, runner, best, there if level < tick % 3 else min(there, pence))

    def unattributed(self, runner: int, book: int, tick: int, pence: int) -> None:
        if self.is_open:
            self.builder.row(d.TRADE_UNATTRIBUTED, d.NO_BOOK, runner, tick, 2 * pence + book)

    def empty(self) -> None:
        for (runner, book), ticks in self.books.items():
            for tick, pence in list(ticks.items()):
                self.change(d.CANCEL, book, runner, tick, pence)

    def suspend(self, runner: int, book: int, tick: int, pence: int) -> None:
        self.is_open = False
        self.builder.status(d.SUSPENDED)
        if tick % 2:
            self.empty()

    def reopen(self, runner: int, book: int, tick: int, pence: int) -> None:
        self.is_open = True
        self.builder.status(d.OPEN)

    def image(self, runner: int, book: int, tick: int, pence: int) -> None:
        self.builder.row(d.IMAGE)
        self.cancel(runner, book, tick, pence)
        self.place(runner, book, tick, pence)

    def in_play(self, runner: int, book: int, tick: int, pence: int) -> None:
        self.builder.row(d.IN_PLAY, size=int(tick > 0))

    def bet_delay(self, runner: int, book: int, tick: int, pence: int) -> None:
        self.builder.row(d.BET_DELAY, size=tick % 3)

    def passive_exempt(self, runner: int, book: int, tick: int, pence: int) -> None:
        self.builder.row(d.DELAY_MODEL, size=int(tick % 4 > 0))

    def reconcile(self, runner: int, book: int, tick: int, pence: int) -> None:
        """Starting prices, perhaps of one runner only, perhaps in the message that suspends or turns in-play."""
        if tick % 2:
            self.suspend(runner, book, 0, pence)
        if tick % 8 > 5:
            self.builder.row(d.IN_PLAY, size=1)
        for each in range(2) if tick % 3 else (runner,):
            self.builder.row(d.STARTING_PRICE, runner=each, size=int(ODDS_HUNDREDTHS[tick]) + pence % 7)

    def remove(self, runner: int, book: int, tick: int, pence: int) -> None:
        """One runner is withdrawn, and its factor corrected perhaps."""
        if self.gone <= {runner}:
            self.gone.add(runner)
            self.builder.row(d.REMOVED, runner=runner, size=min(pence, 5000))

    def last_traded(self, runner: int, book: int, tick: int, pence: int) -> None:
        self.builder.row(d.LAST_TRADED, runner=runner, tick=tick)

    def repriced(self, runner: int, book: int, tick: int, pence: int) -> None:
        self.builder.row(d.REPRICED, runner=runner, tick=tick, size=pence)


def tape_of(
    told: list[Message], *, uncrossed: bool = True, winner: int = 0, low: int = LOW_TICK, bsp_market: bool = True
) -> Tape:
    """The tape of drawn messages: a book to begin with, then what was drawn, then the off, the close and the result."""
    reader = Told(uncrossed=uncrossed, bsp_market=bsp_market)
    builder = reader.builder.at(0).open(off_after_ms=20_000)
    for runner in range(2):
        for step in range(2):
            reader.change(d.PLACE, d.ATB, runner, low + 3 - step, 500 + 300 * step)
            reader.change(d.PLACE, d.ATL, runner, low + 4 + step, 400 + 300 * step)
    now_ms = 100
    for gap_ms, operations in told:
        now_ms += gap_ms
        builder.at(now_ms)
        for name, runner, book, offset, size in operations:
            getattr(reader, name)(runner, book, low + offset, size)
    builder.at(now_ms + 30_000).status(d.SUSPENDED)
    builder.at(now_ms + 60_000).result(*(d.WINNER if r == winner else d.LOSER for r in range(2))).status(d.CLOSED)
    return builder.tape()
