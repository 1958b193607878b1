"""ARB: a runner against the sum of its parts in another market of the same event.

The *whole* is a runner of the first market, its *parts* are the runners of the second of which exactly one wins if the whole
wins and none if it does not (a greyhound's WIN and its EXACTA combinations; a player's MATCH_ODDS and its SET_BETTING results).

d      : direction, +1 backs the whole and lays the parts, −1 lays the whole and backs the parts
held   : contracts held on a leg in its direction, pence of payout of the whole: the parts' divided by `parts_ratio`
q, S   : 1 / odds of the whole, Σ 1 / odds of the parts, at what an order crossing the spread gets
k      : parts_ratio;  c₁, c₂ : commission rates;  net(x, c) = x − c · max(0, x)

edge, the worse of both outcomes per pound of the whole's payout, after commission in each market:
    whole wins : net(d (1 − q), c₁) + net(d k (S − 1), c₂)
    it loses   : net(−d q, c₁)      + net(d k S, c₂)
Wrong, on the safe side, where bets on several runners of a market share its commission.

Parameters as the core reads them (float64): the indices below. Times are milliseconds before the advertised start.
"""

from __future__ import annotations

from typing import Final

from simcore.dtypes import ATB, ATL, BACK
from simcore.kernels.compiling import Real1, kernel
from simcore.strategies.view import (
    SLOT_GONE,
    SLOT_GROUP,
    SLOT_LOSE,
    SLOT_MARKET,
    SLOT_OPEN,
    SLOT_RATE,
    SLOT_RUNNER,
    SLOT_WIN,
    TO_START_MS,
    Offers,
    View,
    best_pence,
    best_tick,
    contracts,
    stake_for,
    want,
)
from simcore.units import ODDS_HUNDREDTHS

BACKS_WHOLE: Final = 0
LAYS_WHOLE: Final = 1
JOINS: Final = 2
START: Final = 3
STOP: Final = 4
UNWIND: Final = 5
LEAST_EDGE: Final = 6
CONTRACTS: Final = 7
LEAST_CONTRACTS: Final = 8
MAX_EXPOSURE: Final = 9
PARTS_RATIO: Final = 10
ACCEPT_LOSS: Final = 11
N_PARAMETERS: Final = 12

NO_EDGE: Final = -1e9


@kernel
def net(won: float, rate: float) -> float:
    """What is left of a market's profit after commission."""
    return won - rate * max(0.0, won)


@kernel
def rate_of(view: View, slot: int) -> float:
    """Commission rate of a slot's market."""
    return view.slots[slot, SLOT_RATE] / 10_000.0


@kernel
def in_group(view: View, slot: int, whole: int) -> bool:
    """Whether a slot is the whole, or a part of it that still runs."""
    if slot == whole:
        return True
    same = view.slots[slot, SLOT_GROUP] == view.slots[whole, SLOT_GROUP] and view.slots[slot, SLOT_MARKET] == 1
    return same and view.slots[slot, SLOT_RUNNER] >= 0 and view.slots[slot, SLOT_GONE] == 0


@kernel
def leg_side(slot: int, whole: int, d: int) -> int:
    """Side of a leg when trading in direction d."""
    return d if slot == whole else -d


@kernel
def ratio_of(slot: int, whole: int, parameters: Real1) -> float:
    """Contracts of a leg for one of the whole."""
    return 1.0 if slot == whole else parameters[PARTS_RATIO]


@kernel
def crossing_tick(view: View, slot: int, side: int) -> int:
    """Tick at which an order of this side takes at once; -1 where nobody is there or the market takes no requests."""
    if view.slots[slot, SLOT_OPEN] == 0:
        return -1
    return best_tick(view, slot, ATB if side == BACK else ATL)


@kernel
def joining_tick(view: View, slot: int, side: int) -> int:
    """Tick at which an order of this side stands behind the best of its own; -1 as above, or where the touch is crossed."""
    back, lay = crossing_tick(view, slot, BACK), crossing_tick(view, slot, -BACK)
    if lay <= back:
        return -1
    return lay if side == BACK else back


@kernel
def probability(tick: int) -> float:
    """1 / odds."""
    return 100.0 / ODDS_HUNDREDTHS[tick]


@kernel
def held(view: View, slot: int, whole: int, d: int, parameters: Real1) -> int:
    """Contracts held on a leg in direction d, pence of the whole's payout."""
    return int(leg_side(slot, whole, d) * contracts(view, slot) / ratio_of(slot, whole, parameters))


@kernel
def lowest_held(view: View, whole: int, d: int, parameters: Real1) -> int:
    """What every leg has, pence of the whole's payout."""
    low = held(view, whole, whole, d, parameters)
    for slot in range(view.slots.shape[0]):
        if in_group(view, slot, whole):
            low = min(low, held(view, slot, whole, d, parameters))
    return low


@kernel
def highest_held(view: View, whole: int, d: int, parameters: Real1) -> int:
    """What the fullest leg has, pence of the whole's payout."""
    return -lowest_held(view, whole, -d, parameters)


@kernel
def direction_held(view: View, whole: int) -> int:
    """Direction most contracts of the group are held in; 0 = none are held."""
    total = 0
    for slot in range(view.slots.shape[0]):
        if in_group(view, slot, whole):
            total += contracts(view, slot) if slot == whole else -contracts(view, slot)
    return 1 if total > 0 else (-1 if total < 0 else 0)


@kernel
def edge(view: View, whole: int, d: int, tick: int, parameters: Real1) -> float:
    """Edge of a package whose whole is had at `tick` and whose parts are crossed; NO_EDGE where a leg cannot be had."""
    if tick < 0:
        return NO_EDGE
    q, parts, total = probability(tick), 0, 0.0
    part_rate = 0.0
    for slot in range(view.slots.shape[0]):
        if slot == whole or not in_group(view, slot, whole):
            continue
        part_tick = crossing_tick(view, slot, leg_side(slot, whole, d))
        if part_tick < 0:
            return NO_EDGE
        part_rate = rate_of(view, slot)
        total += probability(part_tick)
        parts += 1
    if parts == 0:
        return NO_EDGE
    k, rate = parameters[PARTS_RATIO], rate_of(view, whole)
    wins = net(d * (1.0 - q), rate) + net(d * k * (total - 1.0), part_rate)
    loses = net(-d * q, rate) + net(d * k * total, part_rate)
    return min(wins, loses)


@kernel
def room(view: View, slot: int, whole: int, d: int, tick: int, parameters: Real1) -> float:
    """How many more contracts a leg may carry before its possible loss is at its limit, pence of the whole's payout."""
    side = leg_side(slot, whole, d)
    lost_each = probability(tick) if side == BACK else 1.0 - probability(tick)
    at_risk = -view.slots[slot, SLOT_LOSE if side == BACK else SLOT_WIN]
    return max(0.0, parameters[MAX_EXPOSURE] - at_risk) / max(lost_each, 1e-6) / ratio_of(slot, whole, parameters)


@kernel
def package(view: View, whole: int, d: int, whole_tick: int, parameters: Real1) -> int:
    """Contracts a package may have, pence of the whole's payout: the smallest of its legs' offers and room."""
    size = parameters[CONTRACTS]
    for slot in range(view.slots.shape[0]):
        if not in_group(view, slot, whole):
            continue
        side = leg_side(slot, whole, d)
        tick = whole_tick if slot == whole else crossing_tick(view, slot, side)
        size = min(size, room(view, slot, whole, d, tick, parameters))
        if slot == whole and parameters[JOINS] != 0.0:
            continue
        offered = best_pence(view, slot, ATB if side == BACK else ATL) * ODDS_HUNDREDTHS[tick] / 100.0
        size = min(size, offered / ratio_of(slot, whole, parameters))
    return int(size)


@kernel
def want_contracts(slot: int, side: int, need: float, tick: int, offers: Offers) -> None:
    """Want so many contracts (pence of payout) of a leg at `tick`, rounded up to the penny of stake."""
    odds = ODDS_HUNDREDTHS[tick]
    want(offers, slot, side, tick, int((need * 100.0 + odds - 1) // odds))


@kernel
def enter(view: View, whole: int, d: int, parameters: Real1, offers: Offers) -> bool:
    """Want a package in direction d where it pays; legs that are behind catch up with the fullest one."""
    joins = parameters[JOINS] != 0.0
    tick = joining_tick(view, whole, d) if joins else crossing_tick(view, whole, d)
    if edge(view, whole, d, tick, parameters) < parameters[LEAST_EDGE]:
        return False
    size = package(view, whole, d, tick, parameters)
    if size < parameters[LEAST_CONTRACTS]:
        return False
    if joins:
        want_contracts(whole, d, float(size), tick, offers)
        return True
    most = max(0, highest_held(view, whole, d, parameters))
    for slot in range(view.slots.shape[0]):
        if in_group(view, slot, whole):
            side = leg_side(slot, whole, d)
            pence = size + most - max(0, held(view, slot, whole, d, parameters))
            need = pence * ratio_of(slot, whole, parameters)
            want_contracts(slot, side, need, crossing_tick(view, slot, side), offers)
    return True


@kernel
def worst_if_completed(view: View, whole: int, d: int, target: int, parameters: Real1) -> float:
    """The worse outcome if every leg were brought to `target` at the prices of now, after commission, pence.

    A leg whose market has no price stays as it is.
    """
    won = lost = parts_lost = 0.0
    worst_part, part_rate = 1e18, 0.0
    for slot in range(view.slots.shape[0]):
        if not in_group(view, slot, whole):
            continue
        side = leg_side(slot, whole, d)
        win, lose = float(view.slots[slot, SLOT_WIN]), float(view.slots[slot, SLOT_LOSE])
        tick = crossing_tick(view, slot, side)
        if tick >= 0:
            missing = max(0, target - held(view, slot, whole, d, parameters)) * ratio_of(slot, whole, parameters)
            win += side * missing * (1.0 - probability(tick))
            lose -= side * missing * probability(tick)
        if slot == whole:
            won, lost = win, lose
        else:
            parts_lost += lose
            worst_part = min(worst_part, win - lose)
            part_rate = rate_of(view, slot)
    rate = rate_of(view, whole)
    return min(net(won, rate) + net(parts_lost + worst_part, part_rate), net(lost, rate) + net(parts_lost, part_rate))


@kernel
def complete(view: View, whole: int, d: int, target: int, parameters: Real1, offers: Offers) -> None:
    """Want the legs that are behind to come to `target` by crossing."""
    for slot in range(view.slots.shape[0]):
        if not in_group(view, slot, whole):
            continue
        side = leg_side(slot, whole, d)
        tick = crossing_tick(view, slot, side)
        missing = target - held(view, slot, whole, d, parameters)
        if tick >= 0 and missing > 0:
            want_contracts(slot, side, missing * ratio_of(slot, whole, parameters), tick, offers)


@kernel
def unwind(view: View, whole: int, d: int, target: int, parameters: Real1, offers: Offers) -> None:
    """Want the legs that are ahead to go back to `target` by crossing; a part never beyond the penny of stake."""
    for slot in range(view.slots.shape[0]):
        if not in_group(view, slot, whole):
            continue
        side = -leg_side(slot, whole, d)
        tick = crossing_tick(view, slot, side)
        excess = held(view, slot, whole, d, parameters) - target
        if tick >= 0 and excess > 0:
            want(offers, slot, side, tick, stake_for(int(excess * ratio_of(slot, whole, parameters)), tick))


@kernel
def trade_group(view: View, whole: int, parameters: Real1, offers: Offers) -> None:
    """Wanted offers of one runner and its parts."""
    to_start_ms = view.clock[TO_START_MS]
    d = direction_held(view, whole)
    apart = False
    if d != 0:
        low, high = lowest_held(view, whole, d, parameters), highest_held(view, whole, d, parameters)
        apart = high - low > parameters[LEAST_CONTRACTS]
        if to_start_ms <= parameters[UNWIND]:
            unwind(view, whole, d, max(0, low), parameters, offers)
            return
        if apart and worst_if_completed(view, whole, d, high, parameters) >= -parameters[ACCEPT_LOSS] * high:
            complete(view, whole, d, high, parameters, offers)
    if to_start_ms > parameters[START] or to_start_ms <= parameters[STOP]:
        return
    if apart and parameters[JOINS] == 0.0:
        return
    for way in (1, -1):
        allowed = parameters[BACKS_WHOLE if way == 1 else LAYS_WHOLE] != 0.0
        if allowed and (not apart or way == d) and enter(view, whole, way, parameters, offers):
            return


@kernel
def arb(view: View, parameters: Real1, offers: Offers) -> None:
    """Wanted offers of the arbitrage."""
    for slot in range(view.slots.shape[0]):
        row = view.slots[slot]
        if row[SLOT_MARKET] == 0 and row[SLOT_RUNNER] >= 0 and row[SLOT_GONE] == 0:
            trade_group(view, slot, parameters, offers)
