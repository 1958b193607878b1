"""What waits for the starting price, when it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simcore.dtypes import BACK
from tests.oracles.book_of_orders import LIMIT, LIMIT_ON_CLOSE, Order, hundredths_of

if TYPE_CHECKING:
    from tests.oracles.exchange import Exchange


def liability_hundredths(order: Order) -> int:
    """What a LAY would lose, in hundredths of a penny: all an on-close order names, what is left of a limit order."""
    if order.kind == LIMIT:
        return order.remaining * (hundredths_of(order.tick) - 100)
    return order.remaining * 100


def big_enough(exchange: Exchange, order: Order) -> bool:
    """A BACK needs the minimum stake in force, a LAY a liability of £10."""
    if not exchange.simulation.costs.minimum_stake:
        return True
    if order.side == BACK:
        return order.remaining >= exchange.minimum.stake_pence
    return liability_hundredths(order) >= exchange.minimum.bsp_lay_pence * 100


def good_enough(order: Order, starting_price: int) -> bool:
    """Only a limit-on-close order asks for a price: its own or a better one for us."""
    if order.kind != LIMIT_ON_CLOSE:
        return True
    return order.side * (starting_price - hundredths_of(order.tick)) >= 0


def match_at_close(exchange: Exchange, runner: int, starting_price: int, now_ms: int) -> None:
    """The runner's starting price in hundredths is out: all that waits for it matches whole or lapses, oldest first."""
    for order in [order for order in exchange.standing if order.runner == runner and order.waits_for_close]:
        pence = order.remaining if order.side == BACK else liability_hundredths(order) // (starting_price - 100)
        fits = good_enough(order, starting_price) and (order.kind != LIMIT or big_enough(exchange, order))
        if fits and pence > 0:
            exchange.fill(order, pence, starting_price, "at_close", now_ms, leaves=order.remaining)
        else:
            exchange.end(order, "lapsed", now_ms)
