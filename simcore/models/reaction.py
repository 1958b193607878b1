"""How the others move their prices when we trade.

x(t)     = − Σ_i side_i · severity · payout_i · 2^(−(t − t_i) / half_life_ms), ticks; over our fills i
side     : +1 BACK (shortens the odds), −1 LAY (lengthens them)
payout_i : stake · odds of the fill, £1,000
severity : ticks the others move for £1,000 of payout; of the order of the ticks between touches that much money takes; 0 = off
shift    : x rounded toward 0; what the record does at tick k happens at k + shift

Linear in flow and exponential in time, so positive definite: a round trip never gains from its own impact (Gatheral 2010,
"No-dynamic-arbitrage and market impact"; Obizhaeva and Wang 2013, "Optimal trading strategy and supply/demand dynamics").
In whole ticks and whole pence, on a record that stands still with its best prices at least a tick apart: a penny moves x by
half a tick at most (as in kernels/flow.py) and is matched at a price no better than the others' before it. So what moves x down
over a point is backed at no better odds than what moves it up over the same point is layed at: the pair of them earns nothing,
whoever wins. What is in no pair, as x forgot it, was backed no higher than the odds of the start or layed no lower, and earns
nothing in expectation at those odds. No sum of the two is a profit whoever wins.
Wrong where others react to what is displayed rather than matched, where impact grows slower than linearly with large stakes
(square-root laws), and where a level means more than a tick of everybody's price.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from simcore.models.base import Model


class Reaction(Model, frozen=True):
    """The others' prices follow our signed flow by `severity` ticks for £1,000 of payout, and forget half in `half_life_ms`."""

    severity: Annotated[float, msgspec.Meta(ge=0.0, le=1000.0)] = 0.0
    half_life_ms: Annotated[int, msgspec.Meta(ge=1, le=86_400_000)] = 60_000
