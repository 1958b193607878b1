"""Markets and requests that hypothesis makes up: two runners, a few ticks, everything that can happen on a tape.

An operation is drawn as plain numbers and read as whatever is possible when it comes: a cancel or a trade never takes more
than stands, so the recorded book never goes below nothing; nothing trades while the market is suspended.
"""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
from hypothesis import strategies as hs

from simcore import dtypes as d
from simcore.strategies import Core, Parameters
from simcore.strategies.caf import CAF
from simcore.strategies.daf import DAF
from simcore.tapes.tape import Tape
from simcore.units import ODDS
from tests.kernels.tapes import START_MS, TapeBuilder

LOW_TICK, N_USED = 100, 8
"""ticks 100..107: 2.02 to 2.16"""
SIZES = (1, 2, 3, 50, 99, 101, 250, 250, 400, 1000, 1000, 3333)
GAPS_MS = (0, 1, 10, 50, 50, 100, 120, 250, 250, 1000)
TIMES_MS = (0, 10, 50, 100, 130, 250, 300, 500, 900, 1000, 2000, 4000)
OFF_THE_LADDER = 999

BOOK_OPERATIONS = ("place", "place", "place", "cancel", "cancel", "trade", "trade", "sweep", "unattributed")
NEWS = ("suspend", "reopen", "reopen", "image", "in_play", "bet_delay", "remove", "last_traded", "repriced")
RUNNERS = (0, 0, 0, 1)
PRICES = (*range(N_USED), *range(2, N_USED - 2), OFF_THE_LADDER)
STAKES = (100, 101, 250, 250, 777, 777, 2000, 50, 900_000)
QUEUES = ({"kind": "none"}, {"kind": "proportional"}, {"kind": "back_biased", "k": 4.0}, {"kind": "back_biased"})
REFILLS = ({"kind": "instant"}, {"kind": "half_life", "ms": 400}, {"kind": "half_life"}, {"kind": "never"})

Operation = tuple[str, int, int, int, int]
Message = tuple[int, list[Operation]]
Row = dict[str, Any]


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


class Told:
    """Reads operations into a tape, and remembers the recorded book while doing so."""

    def __init__(self, *, uncrossed: bool) -> None:
        self.uncrossed = uncrossed
        self.builder = TapeBuilder(turn_in_play_enabled=True)
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

    def remove(self, runner: int, book: int, tick: int, pence: int) -> None:
        """One runner is withdrawn, and its factor corrected perhaps."""
        if self.gone <= {runner}:
            self.gone.add(runner)
            self.builder.row(d.REMOVED, runner=runner, size=min(pence, 5000))

    def last_traded(self, runner: int, book: int, tick: int, pence: int) -> None:
        self.builder.row(d.LAST_TRADED, runner=runner, tick=tick)

    def repriced(self, runner: int, book: int, tick: int, pence: int) -> None:
        self.builder.row(d.REPRICED, runner=runner, tick=tick, size=pence)


def tape_of(told: list[Message], *, uncrossed: bool = True, winner: int = 0) -> Tape:
    """The tape of drawn messages: a book to begin with, then what was drawn, then the off, the close and the result."""
    reader = Told(uncrossed=uncrossed)
    builder = reader.builder.at(0).open(off_after_ms=20_000)
    for runner in range(2):
        for step in range(2):
            reader.change(d.PLACE, d.ATB, runner, LOW_TICK + 3 - step, 500 + 300 * step)
            reader.change(d.PLACE, d.ATL, runner, LOW_TICK + 4 + step, 400 + 300 * step)
    now_ms = 100
    for gap_ms, operations in told:
        now_ms += gap_ms
        builder.at(now_ms)
        for name, runner, book, offset, size in operations:
            getattr(reader, name)(runner, book, LOW_TICK + offset, size)
    builder.at(now_ms + 30_000).status(d.SUSPENDED)
    builder.at(now_ms + 60_000).result(*(d.WINNER if r == winner else d.LOSER for r in range(2))).status(d.CLOSED)
    return builder.tape()


def requests() -> hs.SearchStrategy[list[Row]]:
    """Tables of order requests; cancels cut or end what other rows place."""
    place = hs.tuples(
        hs.just("place"),
        hs.sampled_from(TIMES_MS),
        hs.sampled_from(RUNNERS),
        hs.sampled_from(("BACK", "LAY")),
        hs.sampled_from(PRICES),
        hs.sampled_from(STAKES),
        hs.sampled_from(("LAPSE", "PERSIST")),
    )
    cancel = hs.tuples(
        hs.just("cancel"), hs.sampled_from(TIMES_MS), hs.integers(0, 20), hs.sampled_from((0, 1, 50, 300))
    )
    return hs.tuples(place, hs.lists(hs.one_of(place, place, cancel), min_size=1, max_size=9)).map(
        lambda drawn: request_table([drawn[0], *drawn[1]])
    )


def request_table(drawn: list[tuple[Any, ...]]) -> list[Row]:
    """Rows as `simcore.replay_orders` takes them."""
    ids = [f"o{number}" for number, row in enumerate(drawn) if row[0] == "place"]
    rows: list[Row] = []
    for number, row in enumerate(drawn):
        common = {"kind": row[0], "time_ms": START_MS + row[1]}
        if row[0] == "cancel":
            size = row[3] / 100 if row[3] else None  # none = all of it
            rows.append(common | {"order_id": ids[row[2] % len(ids)], "size_pounds": size})
            continue
        _, _, runner, side, offset, pence, persistence = row
        odds = 2.015 if offset == OFF_THE_LADDER else float(ODDS[LOW_TICK + offset])
        values = {"order_id": f"o{number}", "selection_id": 101 + runner, "side": side, "odds": odds}
        rows.append(common | values | {"size_pounds": pence / 100, "persistence": persistence})
    return rows


def simulations() -> hs.SearchStrategy[Row]:
    """Every combination of the matching's assumptions."""
    delays = hs.fixed_dictionaries(
        {"place_ms": hs.sampled_from((0, 1, 120)), "cancel_ms": hs.sampled_from((0, 50, 120))}
    )
    return hs.fixed_dictionaries(
        {
            "queue": hs.sampled_from(QUEUES),
            "refill": hs.sampled_from(REFILLS),
            "unattributed": hs.sampled_from(("front", "none")),
            "displacement": hs.sampled_from((True, True, True, False)),
            "delays": delays,
            "costs": hs.fixed_dictionaries({"funds_pounds": hs.sampled_from((10_000.0, 25.0))}),
        }
    )


def seeded(seed: int) -> tuple[Tape, list[Row], Row]:
    """A longer market, more requests and assumptions, drawn evenly from a seed: busier than what hypothesis draws."""
    rng = Random(seed)

    def operation() -> Operation:
        names = NEWS if rng.random() < 0.03 else BOOK_OPERATIONS
        return rng.choice(names), rng.choice(RUNNERS), rng.randrange(2), rng.randrange(N_USED), rng.choice(SIZES)

    told = [(rng.choice(GAPS_MS), [operation() for _ in range(rng.randint(1, 4))]) for _ in range(rng.randint(10, 60))]
    drawn: list[tuple[Any, ...]] = []
    for number in range(rng.randint(2, 14)):
        after_ms = rng.randrange(3000)
        if number > 0 and rng.random() < 0.25:
            drawn.append(("cancel", after_ms, rng.randrange(20), rng.choice((0, 1, 50, 300))))
            continue
        side = rng.choice(("BACK", "LAY"))
        price = rng.choice(PRICES) if rng.random() < 0.4 else rng.choice((3, 4, 5) if side == "BACK" else (2, 3, 4))
        order = (rng.choice(RUNNERS), side, price, rng.choice(STAKES), rng.choice(("LAPSE", "PERSIST")))
        drawn.append(("place", after_ms, *order))
    simulation = {
        "queue": rng.choice(QUEUES),
        "refill": rng.choice(REFILLS),
        "unattributed": rng.choice(("front", "none")),
        "displacement": rng.random() < 0.8,
        "delays": {"place_ms": rng.choice((0, 1, 120)), "cancel_ms": rng.choice((0, 50, 120))},
        "costs": {"funds_pounds": rng.choice((10_000.0, 25.0))},
    }
    return tape_of(told, uncrossed=rng.random() < 0.7), request_table(drawn), simulation


def _bot(rng: Random) -> tuple[Core, Parameters]:
    """A maker or a drift trader for the seconds before the advertised start that `tape_of` tells."""
    if rng.random() < 0.6:
        preset = CAF.presets[rng.choice(list(CAF.presets))]
        values = msgspec.to_builtins(preset) | {"pick_s": 20.0, "start_s": 19.5, "stop_s": rng.choice((5.0, 14.0))}
        values |= {
            "contracts_pounds": rng.choice((3.0, 5.0, 20.0)),
            "max_exposure_pounds": rng.choice((0.0, 0.0, 10.0)),
        }
        values |= {"at_max": rng.choice(("stop", "liquidate"))}
        if preset.unload_s is not None:
            values["unload_s"] = rng.choice((4.0, -2.0))
        return CAF, CAF.make(values=values)
    values = {"pick_s": 20.0, "entry_start_s": 19.5, "entry_end_s": rng.choice((17.0, 12.0)), "exit_s": 12.0}
    values |= {"direction": rng.choice(("long", "short")), "entry": rng.choice(("passive", "cross"))}
    values |= {"stake_pounds": rng.choice((2.0, 10.0)), "max_spread_ticks": rng.choice((1, 10))}
    return DAF, DAF.make(values=values | {"favourite": rng.choice((0, 0, 0, 1))})


def seeded_bot(seed: int) -> tuple[Tape, Core, Parameters, Row]:
    """The market of `seeded` with a bot in it, and all assumptions about how it looks and hears."""
    tape, _, simulation = seeded(seed)
    rng = Random(seed)
    delays = {"observe_ms": rng.choice((0, 60, 150)), "ack_ms": rng.choice((0, 70))}
    delays |= {"order_stream_ms": rng.choice((0, 80, 500))}
    looking = {"poll_ms": rng.choice((0, 0, 30, 100, 250)), "cancel_then_place": rng.choice(("sequential", "parallel"))}
    looking |= {"settlement": rng.choice(("result", "result", "mark"))}
    return tape, *_bot(rng), simulation | looking | {"delays": simulation["delays"] | delays}
