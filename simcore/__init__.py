"""Markets and arithmetic: tapes of recorded markets, and replays of strategies on them. Names load when first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simcore.engine import replay, replay_batch
    from simcore.errors import SimcoreError
    from simcore.models.simulation import Simulation
    from simcore.orders import replay_orders
    from simcore.pair import PairResult, replay_pair
    from simcore.results import MarketResult
    from simcore.strategies import Core, Parameters
    from simcore.tapes.store import TapeStore
    from simcore.tapes.tape import Tape

_HOMES = {
    "Core": "simcore.strategies",
    "MarketResult": "simcore.results",
    "PairResult": "simcore.pair",
    "Parameters": "simcore.strategies",
    "SimcoreError": "simcore.errors",
    "Simulation": "simcore.models.simulation",
    "Tape": "simcore.tapes.tape",
    "TapeStore": "simcore.tapes.store",
    "replay": "simcore.engine",
    "replay_batch": "simcore.engine",
    "replay_orders": "simcore.orders",
    "replay_pair": "simcore.pair",
}

__all__ = [
    "Core",
    "MarketResult",
    "PairResult",
    "Parameters",
    "SimcoreError",
    "Simulation",
    "Tape",
    "TapeStore",
    "replay",
    "replay_batch",
    "replay_orders",
    "replay_pair",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'simcore' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
