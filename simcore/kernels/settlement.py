"""What the matched bets of a market are worth once it is over."""

from __future__ import annotations

from simcore.dtypes import WINNER
from simcore.kernels.compiling import kernel
from simcore.kernels.state import GONE, LOSE, N_WINNERS, OUTCOME, WIN, Sim


@kernel
def result_known(sim: Sim) -> bool:
    """Whether the record names a winner."""
    known = False
    for r in range(sim.runners.shape[0]):
        known = known or (sim.runners[r, OUTCOME] == WINNER and sim.runners[r, GONE] == 0)
    return known


@kernel
def settle(sim: Sim) -> int:
    """Profit on the result, micropence. In a dead heat (more winners than the market pays) stake × expected / actual wins at
    full odds and the rest loses; bets on withdrawn runners are void."""
    actual = 0
    for r in range(sim.runners.shape[0]):
        actual += int(sim.runners[r, OUTCOME] == WINNER and sim.runners[r, GONE] == 0)
    expected = min(sim.market[N_WINNERS], actual)
    total = 0
    for r in range(sim.runners.shape[0]):
        win, lose = sim.runners[r, WIN], sim.runners[r, LOSE]
        if sim.runners[r, OUTCOME] == WINNER and sim.runners[r, GONE] == 0:
            total += (win * expected + lose * (actual - expected)) // actual
        else:
            total += lose
    return int(total)
