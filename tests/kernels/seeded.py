"""Whole cases drawn evenly from a seed: busier than what hypothesis draws."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

import msgspec

from simcore.strategies import Core, Parameters
from simcore.strategies.caf import CAF
from simcore.strategies.daf import DAF
from simcore.tapes.tape import Tape
from tests.kernels.assumed import looking, seeded_simulation
from tests.kernels.generated import BOOK_OPERATIONS, HIGHEST, LOW_TICK, LOWEST, NEWS, drawn_messages, tape_of
from tests.kernels.requested import Row, request_table, seeded_requests


class Case(NamedTuple):
    """A market, requests and assumptions; the seed of the simulation is the case's own."""

    tape: Tape
    rows: list[Row]
    simulation: Row
    seed: int


class BotCase(NamedTuple):
    """A market with a bot in it, and all assumptions about how it looks and hears."""

    tape: Tape
    core: Core
    parameters: Parameters
    simulation: Row
    seed: int


def seeded(seed: int) -> Case:
    """A long market, many requests and any assumptions."""
    rng = Random(seed)
    told = drawn_messages(rng, BOOK_OPERATIONS * 40 + NEWS, rng.randint(10, 60))
    low = rng.choice((*(LOW_TICK,) * 8, LOWEST, HIGHEST))
    tape = tape_of(told, uncrossed=rng.random() < 0.7, low=low, bsp_market=rng.random() < 0.9)
    return Case(tape, request_table(seeded_requests(rng), low), seeded_simulation(rng), seed)


def _bot(rng: Random) -> tuple[Core, Parameters]:
    """A maker or a drift trader for the seconds before the advertised start that `tape_of` tells."""
    if rng.random() < 0.6:
        preset = CAF.presets[rng.choice(list(CAF.presets))]
        values = msgspec.to_builtins(preset) | {"pick_s": 20.0, "start_s": 19.5, "stop_s": rng.choice((5.0, 14.0))}
        values |= {
            "contracts_pounds": rng.choice((3.0, 5.0, 20.0)),
            "max_exposure_pounds": rng.choice((0.0, 0.0, 10.0)),
        }
        values |= {"at_max": rng.choice(("stop", "liquidate"))}
        if preset.unload_s is not None:
            values["unload_s"] = rng.choice((4.0, -2.0))
        return CAF, CAF.make(values=values)
    values = {"pick_s": 20.0, "entry_start_s": 19.5, "entry_end_s": rng.choice((17.0, 12.0)), "exit_s": 12.0}
    values |= {"direction": rng.choice(("long", "short")), "entry": rng.choice(("passive", "cross"))}
    values |= {"stake_pounds": rng.choice((2.0, 10.0)), "max_spread_ticks": rng.choice((1, 10))}
    return DAF, DAF.make(values=values | {"favourite": rng.choice((0, 0, 0, 1))})


def seeded_bot(seed: int) -> BotCase:
    """The market of `seeded` with a bot in it."""
    case, rng = seeded(seed), Random(seed)
    core, parameters = _bot(rng)
    return BotCase(case.tape, core, parameters, looking(rng, case.simulation), seed)
