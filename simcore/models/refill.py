"""How fast the others restore what we changed: D = D₀ · 2^(−Δt / half-life), rounded toward 0.

D₀ : pence of displacement of a level at its time stamp; Δt : ms since

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
    """Half of what we took is back after `ms`."""

    ms: Annotated[int, msgspec.Meta(ge=1, le=86_400_000)] = 10_000


class RefillNever(Model, frozen=True, tag="never", tag_field="kind"):
    """Taken money stays taken until the record re-places the level."""


Refill = RefillInstant | RefillHalfLife | RefillNever
