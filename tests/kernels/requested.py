"""Tables of order requests that hypothesis or a seed makes up: every order type, cuts, cancels and replaces of each other."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import strategies as hs

from simcore.units import N_TICKS, ODDS
from tests.kernels.generated import LOW_TICK, N_USED, RUNNERS
from tests.kernels.tapes import START_MS

TIMES_MS = (0, 10, 50, 100, 130, 250, 300, 500, 900, 1000, 2000, 4000)
OFF_THE_LADDER, EVENS_ON, LONGEST = 999, 998, 997
"""offsets that name a price of their own: none at all, 1.06 and 1000"""
PRICES = (*range(N_USED), *range(2, N_USED - 2), OFF_THE_LADDER)
STAKES = (100, 101, 250, 250, 777, 777, 2000, 50, 900_000)
KINDS = ("plain", "plain", "plain", "kill", "kill", "kill_some", "on_close", "limit_on_close")
PERSISTENCE = ("LAPSE", "LAPSE", "PERSIST", "PERSIST", "MARKET_ON_CLOSE")
CUTS = (0, 1, 50, 300, 87)
"""pence of a cancel; 0 = all of it"""

Row = dict[str, Any]


def requests() -> hs.SearchStrategy[list[tuple[Any, ...]]]:
    """Requests as plain numbers, for `request_table`; the first one places."""
    times, which = hs.sampled_from(TIMES_MS), hs.integers(0, 20)
    place = hs.tuples(
        hs.just("place"),
        times,
        hs.sampled_from(RUNNERS),
        hs.sampled_from(("BACK", "LAY")),
        hs.sampled_from(PRICES),
        hs.sampled_from(STAKES),
        hs.sampled_from(PERSISTENCE),
        hs.sampled_from(KINDS),
    )
    cancel = hs.tuples(hs.just("cancel"), times, which, hs.sampled_from(CUTS))
    replace = hs.tuples(hs.just("replace"), times, which, hs.sampled_from((*PRICES, EVENS_ON, LONGEST)))
    more = hs.lists(hs.one_of(place, place, place, cancel, replace), min_size=1, max_size=9)
    return hs.tuples(place, more).map(lambda drawn: [drawn[0], *drawn[1]])


def seeded_requests(rng: Random) -> list[tuple[Any, ...]]:
    """The same from a seed: busier, and more often near the touch."""
    drawn: list[tuple[Any, ...]] = []
    for number in range(rng.randint(2, 14)):
        after_ms = rng.randrange(3000)
        if number > 0 and rng.random() < 0.2:
            drawn.append(("cancel", after_ms, rng.randrange(20), rng.choice(CUTS)))
            continue
        if number > 0 and rng.random() < 0.2:
            price = rng.choice((*PRICES, EVENS_ON, LONGEST))
            drawn.append(("replace", after_ms, rng.randrange(20), price))
            continue
        side = rng.choice(("BACK", "LAY"))
        price = rng.choice(PRICES) if rng.random() < 0.4 else rng.choice((3, 4, 5) if side == "BACK" else (2, 3, 4))
        how = (rng.choice(STAKES), rng.choice(PERSISTENCE), rng.choice(KINDS))
        drawn.append(("place", after_ms, rng.choice(RUNNERS), side, price, *how))
    return drawn


def request_table(drawn: list[tuple[Any, ...]], low: int = LOW_TICK) -> list[Row]:
    """Rows as `simcore.replay_orders` takes them, at prices from the tick `low` on."""
    rows: list[Row] = []
    ids: list[str] = []
    for number, row in enumerate(drawn):
        common = {"kind": row[0], "time_ms": START_MS + row[1], "order_id": f"o{number}"}
        if row[0] == "cancel":
            size = row[3] / 100 if row[3] else None
            rows.append(common | {"order_id": ids[row[2] % len(ids)], "size_pounds": size})
            continue
        ids.append(f"o{number}")
        if row[0] == "replace":
            old = ids[row[2] % (len(ids) - 1)]
            rows.append(common | {"order_id": old, "new_order_id": f"o{number}", "odds": _odds(row[3], low)})
            continue
        _, _, runner, side, offset, pence, persistence, how = row
        values = {"selection_id": 101 + runner, "side": side, "odds": _odds(offset, low), "size_pounds": pence / 100}
        rows.append(common | values | {"persistence": persistence} | kind_of(how, pence))
    return rows


def _odds(offset: int, low: int) -> float:
    tick = low + offset
    named = {OFF_THE_LADDER: 2.015, EVENS_ON: 1.06, LONGEST: float(ODDS[N_TICKS - 1])}
    return named[offset] if offset in named else float(ODDS[tick])


def kind_of(how: str, pence: int) -> Row:
    if how == "plain":
        return {}
    if how == "on_close":
        return {"order_type": "MARKET_ON_CLOSE", "odds": None, "persistence": None}
    if how == "limit_on_close":
        return {"order_type": "LIMIT_ON_CLOSE", "persistence": None}
    least = {} if how == "kill" else {"min_fill_pounds": {101: 2.0, 777: 0.01}.get(pence, pence / 400)}
    return {"time_in_force": "FILL_OR_KILL"} | least
