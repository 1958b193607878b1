"""Prints what the simulator shows a core: run with the JIT off, so that the core can be a plain Python function that looks.

    NUMBA_DISABLE_JIT=1 python -m tests.live.spied_replay RECORDING MARKET PARAMETERS.json

One JSON line a poll: clock, slots and touch of the view. The core wants nothing, so the world stays the record.
"""

from __future__ import annotations

import json
import sys

from simcore.engine import replay
from simcore.strategies import Core, resolve_core
from simcore.strategies.view import Offers, View
from simcore.streams.compile import compile_stream
from tests.live.conftest import NO_DELAYS


def look(view: View, parameters: object, offers: Offers) -> None:
    seen = {"clock": view.clock.tolist(), "slots": view.slots.tolist(), "touch": view.touch.tolist()}
    sys.stdout.write(json.dumps(seen) + "\n")


def main(recording: str, market_id: str, values: str) -> None:
    tape = next(tape for tape in compile_stream(recording) if tape.market_id == market_id)
    spy = Core(name="spy", function=look, parameters=resolve_core("daf").parameters)
    replay(tape, spy, json.loads(values), {"delays": NO_DELAYS, "poll_ms": 0})


if __name__ == "__main__":
    main(*sys.argv[1:])
