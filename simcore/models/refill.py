"""How fast the others restore what we changed: D = D₀ · 2^(−Δt / half-life), rounded toward 0.

D₀ : pence of displacement of a level at its time stamp; Δt : ms since
R  : pence the record shows there

Money comes back in bets, not in pence: a level that we emptied stays empty until min(least_pence, R / 2) is back. And nobody
comes back to stand at or through a resting order of ours in the other book: what we took there is held (D stays as it is)
until the order has gone, and decays from then on. Without these two a bot that crosses sees a few pence where it has just
taken everything, and stays at a price at which in truth nobody was left (docs/fidelity.md: the exit of the drift trade).

instant        0 at the first message after the time stamp: the assumption of most back-testers; flatters takers
half_life(ms)  decays; wrong where liquidity comes back in lumps
never          stays until the record itself re-places the level; harshest on takers of thin levels
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from simcore.models.base import Model


class RefillInstant(Model, frozen=True, tag="instant", tag_field="kind"):
    """Taken money is back at the next message."""


class RefillHalfLife(Model, frozen=True, tag="half_life", tag_field="kind"):
    """Half of what we took is back after `ms`; a level that we emptied shows nothing until `least_pence` is back."""

    ms: Annotated[int, msgspec.Meta(ge=1, le=86_400_000)] = 3_000
    least_pence: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 100


class RefillNever(Model, frozen=True, tag="never", tag_field="kind"):
    """Taken money stays taken until the record re-places the level."""


Refill = RefillInstant | RefillHalfLife | RefillNever
