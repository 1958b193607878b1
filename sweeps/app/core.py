"""Check a core against its contract."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from simcore.strategies import Core, find_core
from simcore.strategies.contract import PROMISES, Breach, breaches_of
from simcore.tapes.pairs import pairs
from simcore.tapes.store import TapeStore
from sweeps.app.replay_pair import only_partner
from sweeps.errors import ConfigError

MOST_MARKETS = 10
"""markets (or pairs) of a store a core is checked on where none is named"""


@dataclass(frozen=True)
class Named:
    """Markets of a store to check a core on: `markets`, or a pair of them (`second` None: found by its names)."""

    markets: tuple[str, ...] = ()
    first: str | None = None
    second: str | None = None

    def check(self, core: Core, store: Path | None) -> None:
        """Raises ConfigError where the core does not trade such markets, or there is no store they are in."""
        if self.markets and core.markets == 2:
            raise ConfigError(
                f"core {core.name!r} trades two markets of one event; name them with --first and --second"
            )
        if (self.first or self.second) and core.markets == 1:
            raise ConfigError(f"core {core.name!r} trades one market; name it with --market")
        if self.second and not self.first:
            raise ConfigError("--second needs the --first market it goes with; name it")
        if store is None and self != Named():
            raise ConfigError(f"--{'market' if self.markets else 'first'} needs the --store it is in; name it")


@dataclass(frozen=True)
class Checked:
    """What a check found. promises: name → what is promised; markets: those of the store it was tried on, pair after pair."""

    core: str
    promises: dict[str, str]
    breaches: list[Breach]
    markets: tuple[str, ...]


def check_core(core: str, store: Path | None, named: Named) -> Checked:
    """Check `core` (a name or file.py:NAME) on made markets and on markets or pairs of `store`: those named, or the first ten.

    Raises ConfigError or ModelError for a core, store or market that is not there, or a pair the core refuses.
    """
    found = find_core(core)
    named.check(found, store)
    promises = {name: (check.__doc__ or "").strip() for name, check in PROMISES.items()}
    if store is None:
        return Checked(core, promises, breaches_of(found), ())
    opened = TapeStore.open(store)
    if found.markets == 1:
        ids = named.markets or tuple(opened.markets()["market_id"].head(MOST_MARKETS))
        return Checked(core, promises, breaches_of(found, [opened.tape(market_id) for market_id in ids]), ids)
    both = _pairs(opened, found, named)
    tapes = [(opened.tape(first), opened.tape(second)) for first, second in both]
    return Checked(core, promises, breaches_of(found, tapes), tuple(market_id for pair in both for market_id in pair))


def _pairs(store: TapeStore, core: Core, named: Named) -> list[tuple[str, str]]:
    """The pair named, which the core must take, or those the names of the store's runners tell."""
    if named.first is None:
        told = pairs(store).head(MOST_MARKETS)
        return list(zip(told["whole"], told["parts"], strict=True))
    second = named.second or only_partner(store, named.first)
    parameters = core.make(next(iter(core.presets), None))
    parameters.legs(store.tape(named.first).info, store.tape(second).info)
    return [(named.first, second)]
