"""One market: the truth with each bot inside, and each bot's replays on the record without it. One row a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.fidelity.study import Bot, Setting
from simcore.bench import Bench, prepare
from simcore.dtypes import BACK, LAY
from simcore.engine import run_core
from simcore.kernels import state as st
from simcore.models.simulation import Simulation, resolve_simulation
from simcore.outcome import result_of
from simcore.strategies import resolve_core
from simcore.synthetic.calendar import Race
from simcore.synthetic.inside import trade_inside
from simcore.synthetic.record import make_market
from simcore.synthetic.write import tape_of

TRUTH = "truth"

Row = dict[str, Any]


def measured(bench: Bench, sim: st.Sim, simulation: Simulation) -> Row:
    """What one run came to: pence, and Σ pence × tick of the fills of each side."""
    result = result_of(bench, sim, simulation)
    accepted = sim.orders[: sim.tally[st.N_ORDERS]]
    log = sim.log[: sim.tally[st.N_LOGGED]]
    fills = log[log[:, st.WHAT] <= st.FILL_UNRECORDED]
    side = sim.orders[fills[:, st.LOG_ORDER], st.SIDE]
    row = {
        "pnl_pence": result.pnl_pence,
        "turnover_pence": result.turnover_pence,
        "passive_pence": result.passive_pence + result.unattributed_pence + result.unrecorded_pence,
        "offered_pence": int(accepted[accepted[:, st.ACCEPTED_MS] > 0, st.SIZE].sum()),
        "matched": result.entry_matched,
        "places": result.places,
    }
    for name, sign in (("back", BACK), ("lay", LAY)):
        mine = fills[side == sign]
        row[f"{name}_pence"] = int(mine[:, st.PENCE].sum())
        row[f"{name}_tick_pence"] = int((mine[:, st.PENCE] * mine[:, st.LOG_TICK]).sum())
    return row


def measure_market(race: Race, bots: tuple[Bot, ...], settings: tuple[Setting, ...]) -> Iterator[Row]:
    """Rows of one market: for each bot the truth, then every setting."""
    record = make_market(race.plan)
    bench = prepare(tape_of(race, record))
    default = resolve_simulation("default")
    assumed = [(setting.name, resolve_simulation(setting.simulation)) for setting in settings]
    for bot in bots:
        core, parameters = resolve_core(bot.core), bot.parameters()
        who = {"market_id": race.plan.market_id, "bot": bot.name}
        truth = trade_inside(record, bench, core, parameters, default)
        yield who | {"setting": TRUTH} | measured(bench, truth.sim, default)
        for name, simulation in assumed:
            sim, _ = run_core(bench, core, parameters, simulation)
            yield who | {"setting": name} | measured(bench, sim, simulation)
