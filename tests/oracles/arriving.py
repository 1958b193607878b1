"""Our requests reach the exchange: whether it takes them, and what they then do."""

from __future__ import annotations

from dataclasses import dataclass

from simcore.models.queue import QueueFront
from simcore.units import N_TICKS
from tests.oracles.book_of_orders import (
    DONE,
    LAPSE,
    LIMIT,
    LIMIT_ON_CLOSE,
    MICRO,
    STANDING,
    Order,
    hundredths_of,
)
from tests.oracles.closing import big_enough
from tests.oracles.exchange import Exchange
from tests.oracles.reaction import pence_to_move, pushed
from tests.oracles.world import is_better, other

# --- what is refused -------------------------------------------------------------------------------------------------


def refusal(exchange: Exchange, order: Order) -> str:
    """Why the exchange would not take the order now; empty = it takes it."""
    if not exchange.matching():
        return "market_suspended"
    if order.runner in exchange.account.gone:
        return "runner_removed"
    if order.kind in (LIMIT, LIMIT_ON_CLOSE) and order.tick < 0:
        return "invalid_price"
    closed = not exchange.tape.info.bsp_market or exchange.reconciled or exchange.in_play
    if order.waits_for_close and closed:
        return "not_open_for_starting_price"
    if too_small(exchange, order):
        return "minimum_stake"
    if order.min_fill is not None and order.min_fill > order.size:
        return "invalid_min_fill"
    if order.kind == LIMIT and not profit_survives_rounding(exchange, order):
        return "invalid_profit_ratio"
    if order.kind == LIMIT and meets_our_own(exchange, order):
        return "own_cross"
    exposure = exchange.account.exposure([*exchange.standing, order])
    if exposure > round(exchange.simulation.costs.funds_pounds * 100) * MICRO:
        return "insufficient_funds"
    exchange.account.largest_liability = max(exchange.account.largest_liability, exposure)
    return ""


def too_small(exchange: Exchange, order: Order) -> bool:
    if order.kind != LIMIT:
        return not big_enough(exchange, order)
    return not order.replaces and not stake_is_valid(exchange, order.size, order.tick)


def stake_is_valid(exchange: Exchange, pence: int, tick: int) -> bool:
    """The minimum stake in force, or below it the payout that makes up for it."""
    rule = exchange.minimum
    enough = pence >= rule.stake_pence or pence * hundredths_of(tick) >= rule.payout_pence * 100
    return enough or not exchange.simulation.costs.minimum_stake


def profit_survives_rounding(exchange: Exchange, order: Order) -> bool:
    """Rounding the profit to the penny may move it by −20 % to +25 %, since the day that is refused."""
    rule = exchange.profit_ratio
    if rule is None or not exchange.simulation.costs.minimum_stake:
        return True
    exact = order.size * (hundredths_of(order.tick) - 100)  # hundredths of a penny
    rounded = (exact + 50) // 100 * 100
    return (100 + rule.least_percent) * exact <= 100 * rounded <= (100 + rule.most_percent) * exact


def meets_our_own(exchange: Exchange, order: Order) -> bool:
    against = [mine for mine in exchange.resting() if mine.runner == order.runner and mine.side == -order.side]
    return any(order.side * (order.tick - mine.tick) <= 0 for mine in against)


# --- what an order takes on arrival ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slice:
    """Pence taken at one level (a tick of the record) while it stood at one price (a tick)."""

    level: int
    price: int
    pence: int


def slices(exchange: Exchange, order: Order, now_ms: int) -> list[Slice]:
    """What the order finds of what is displayed, best price first. The others move as it goes, penny by penny.

    A plain order takes no price worse than its own; a fill-or-kill order does as far as its average stays no worse.
    """
    hit = other(order.book)
    displayed = exchange.world.displayed(order.runner, hit, now_ms)
    left = {exchange.world.level_at((order.runner, hit, tick))[2]: pence for tick, pence in displayed}
    x, severity = exchange.pressure.at(order.runner, now_ms), exchange.pressure.severity
    remaining, found = order.remaining, list[Slice]()
    while remaining > 0:
        prices = {tick + int(x): tick for tick, pence in left.items() if pence > 0 and 0 <= tick + int(x) < N_TICKS}
        if not prices:
            break
        price = max(prices) if order.side > 0 else min(prices)
        level, odds = prices[price], hundredths_of(price)
        pence = pence_to_move(x, order.side, severity, odds, min(left[level], remaining))
        taken = min(pence, affordable(order, found, price))
        if taken > 0:
            found.append(Slice(level, price, taken))
            x = pushed(x, order.side, severity, taken, odds)
            left[level] -= taken
            remaining -= taken
        if taken < pence:
            break
    return found


def affordable(order: Order, found: list[Slice], price: int) -> int:
    """Pence the order may take at a price after what it found so far."""
    limit, odds = hundredths_of(order.tick), hundredths_of(price)
    if order.side * (odds - limit) >= 0:
        return order.size
    if order.min_fill is None:
        return 0
    gained = sum(each.pence * order.side * (hundredths_of(each.price) - limit) for each in found)
    return gained // abs(odds - limit)


def arrive(exchange: Exchange, order: Order, now_ms: int) -> None:
    """An order of ours reaches the exchange: best execution first, the rest joins the queue."""
    reason = refusal(exchange, order)
    if reason:
        exchange.note(order, "refused", order.remaining, now_ms, reason=reason)
        order.remaining, order.state = 0, DONE
        return
    order.accepted_ms, order.state = now_ms, STANDING
    if order.kind != LIMIT:
        exchange.rest(order, now_ms)
        return
    found = slices(exchange, order, now_ms)
    if order.min_fill is not None and sum(each.pence for each in found) < order.min_fill:
        found = []
    waiting = [(mine, exchange.world.level_at(mine.price)) for mine in exchange.resting()]
    for each in found:
        take(exchange, order, each, now_ms)
        for mine, level in waiting:  # a fill-or-kill order can reach the price of another order of ours
            if exchange.world.displacing and level == (order.runner, other(order.book), each.level):
                mine.ahead = max(0, mine.ahead - each.pence)
    if order.remaining > 0 and order.min_fill is not None:
        exchange.end(order, "cancelled", now_ms)
    elif order.remaining > 0:
        jumps = isinstance(exchange.simulation.queue, QueueFront)
        order.ahead = 0 if jumps else exchange.others_at(order.price, now_ms)
        exchange.rest(order, now_ms)


def take(exchange: Exchange, order: Order, each: Slice, now_ms: int) -> None:
    """One slice is matched at its price, then the others move."""
    exchange.world.displace((order.runner, other(order.book), each.level), -each.pence, now_ms)
    exchange.fill(order, each.pence, hundredths_of(each.price), "aggressive", now_ms)
    exchange.shift(order.runner, int(exchange.pressure.at(order.runner, now_ms)))


def nobody_would_match(exchange: Exchange, order: Order, now_ms: int) -> bool:
    """Whether no price displayed is at or through the order's own."""
    hit = other(order.book)
    best = exchange.world.best(order.runner, hit, now_ms)
    return order.tick < 0 or best is None or is_better(hit, order.tick, best)


def serves_bet_delay(exchange: Exchange, order: Order, now_ms: int) -> bool:
    """In-play; but a PASSIVE market lets plain orders through that nobody would match now."""
    if not exchange.in_play or exchange.bet_delay_s == 0:
        return False
    plain = order.kind == LIMIT and order.persistence == LAPSE and order.min_fill is None
    return not (exchange.passive_exempt and plain and nobody_would_match(exchange, order, now_ms))


# --- cancels and replaces --------------------------------------------------------------------------------------------


def cannot_change(exchange: Exchange, order: Order) -> str:
    """Why an order cannot be cut, cancelled or replaced now; empty = it can."""
    if not exchange.matching():
        return "market_suspended"
    if order.kind != LIMIT:
        return "bet_action_error"
    return "" if order.state == STANDING else "bet_taken_or_lapsed"


def cancel(exchange: Exchange, order: Order, pence: int, now_ms: int) -> None:
    """A cancel or size reduction reaches the exchange; cutting keeps the place in the queue."""
    reason = cannot_change(exchange, order)
    if reason:
        exchange.note(order, "refused", 0, now_ms, reason=reason)
    elif pence >= order.remaining:
        exchange.end(order, "cancelled", now_ms)
    else:
        order.remaining -= pence
        exchange.note(order, "cancelled", pence, now_ms)


def make_way(exchange: Exchange, order: Order, successor: Order, now_ms: int) -> bool:
    """The first half of a replace: what is left of the order is cancelled, its successor has yet to be placed."""
    reason = cannot_change(exchange, order)
    if reason:
        exchange.note(successor, "refused", 0, now_ms, reason=reason)
        successor.state = DONE
        return False
    successor.becomes(order, order.remaining)
    exchange.end(order, "cancelled", now_ms)
    return True
