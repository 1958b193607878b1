"""How far our fills have moved the others' prices on a runner: x := x · 2^(−Δt / REACTION_MS) − side · severity · payout.

A penny moves them by MOST_PER_PENNY ticks at most.
"""

from __future__ import annotations

import math

from simcore.kernels.compiling import kernel
from simcore.kernels.state import FLOW_STAMP_MS, REACTION_MS, SEVERITY, Sim

MOST_PER_PENNY = 0.5
"""ticks: one that jumped over prices would be a money pump; reached where severity · odds is 50,000"""


@kernel
def moved(sim: Sim, x: float, side: int, pence: int, odds_hundredths: int) -> float:
    """x after a fill, ticks; £1,000 of payout is 10⁷ hundredths of a penny."""
    return x - side * min(sim.reals[SEVERITY] * (pence * odds_hundredths) / 1e7, pence * MOST_PER_PENNY)


@kernel
def flow_now(sim: Sim, r: int, now: int) -> float:
    """x of a runner brought forward to `now`."""
    elapsed_ms = now - sim.runners[r, FLOW_STAMP_MS]
    if elapsed_ms > 0 and sim.flow[r] != 0.0:
        sim.flow[r] = sim.flow[r] * math.pow(2.0, -elapsed_ms / sim.settings[REACTION_MS])
    sim.runners[r, FLOW_STAMP_MS] = now
    return float(sim.flow[r])


@kernel
def add_flow(sim: Sim, r: int, side: int, pence: int, odds_hundredths: int, now: int) -> None:
    """A fill of ours moves the others."""
    if sim.reals[SEVERITY] != 0.0:
        sim.flow[r] = moved(sim, flow_now(sim, r, now), side, pence, odds_hundredths)
