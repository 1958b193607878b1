"""Check a core against its contract."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from simcore.strategies.contract import PROMISES, Breach, breaches_of
from simcore.tapes.store import TapeStore
from sweeps.errors import ConfigError

MOST_MARKETS = 10
"""markets of a store a core is checked on where none is named"""


@dataclass(frozen=True)
class Checked:
    """What a check found. promises: name → what is promised; markets: those of the store it was tried on."""

    core: str
    promises: dict[str, str]
    breaches: list[Breach]
    markets: tuple[str, ...]


def check_core(core: str, store: Path | None, market_ids: tuple[str, ...]) -> Checked:
    """Check `core` (a name or file.py:NAME) on the made market and on markets of `store`: those named, or its first ten.

    Raises ConfigError or ModelError for a core, store or market that is not there.
    """
    if market_ids and store is None:
        raise ConfigError("--market needs the --store it is in; name it")
    tapes = []
    if store is not None:
        opened = TapeStore.open(store)
        market_ids = market_ids or tuple(opened.markets()["market_id"].head(MOST_MARKETS))
        tapes = [opened.tape(market_id) for market_id in market_ids]
    promises = {name: (check.__doc__ or "").strip() for name, check in PROMISES.items()}
    return Checked(core, promises, breaches_of(core, tapes), market_ids)
