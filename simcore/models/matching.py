"""Who decides what a recorded trade fills: the record's own story, or flumine's rule for comparison.

record    each trade is one aggressor who meets the world (the record and what we displaced) from its best price on; `queue`,
          `refill`, `unattributed` and `displacement` say how

flumine   the matching of that framework's simulation, fill for fill (version 3.3, under its own settings):

    queue on arrival   P = what the record displays at our price on our side; 0 if any of the order matched at once
    on each message    v(p) = rise of traded volume at price p, both sides, whichever side was hit
                       an order at p₀ looks at every v(p) at its price or through it, cheapest p first:
                         v/2 ≤ P : P := P − v/2, and the order has used up v
                         v/2 > P : fill min(v/2 − P, remaining) at p₀, v := v − 2·(P + fill), P := 0
    several orders     lays from the highest price, then backs from the lowest, older first; each gets the v the last one left
    taking             walks the recorded ladder; nothing is ever used up: the same money can be taken again at once

    Amounts are binary fractions of a pound, a fill is rounded to the penny. Orders of our own on both sides do not see each
    other. Volume that is no trade (revaluation, the starting-price auction) fills nobody, and what the exchange does to
    orders is the exchange's rule in both: docs/parity.md counts where that framework differs.

Wrong where it matters most: cancels ahead of us never shorten the queue (fills come too late in a queue that others leave),
a trade at another price than ours shortens it (too early), the second order at a price waits until the first is full, and a
taker pays for no depth twice. Source: the behaviour of the published framework, found by running it (benchmarks/parity).
"""

from __future__ import annotations

from typing import Literal

Matching = Literal["record", "flumine"]
