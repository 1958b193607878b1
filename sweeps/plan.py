"""From a configuration to everything a sweep needs, with every mistake found before anything is written."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd

import simcore
import sweeps
from simcore import TapeStore
from simcore.errors import ModelError
from simcore.strategies import Core, Parameters, resolve_core
from sweeps.config import Data, Strategy, SweepConfig
from sweeps.errors import ConfigError
from sweeps.metrics import METRICS
from sweeps.results import Identity, SweepMarket
from sweeps.space import FloatDimension, IntDimension, Space, check_space, grid, point
from sweeps.study import check_search

_TRIES = 1000
"""points of the space looked at before it is called impossible"""
_RESULT_MODULES = ("config", "driver", "metrics", "objective", "space", "study", "runners/base", "runners/bench")
"""modules of this package that a trial's result depends on"""
_NO_PART = ("streams/", "synthetic/", "research.py")
"""what of simcore has no part in a replay: its work is finished when a tape is written (the tape's content is hashed itself),
or it only looks at tapes"""


@dataclass(frozen=True)
class Plan:
    """A checked sweep. `config` has the strategy's parameters and the store's place written out."""

    config: SweepConfig
    core: Core
    members: tuple[SweepMarket, ...]
    identity: Identity
    left_out: int
    """markets the filter chooses that cannot be replayed; `sweeps data list` names the reason of each"""


def plan_sweep(config: SweepConfig, place: str) -> Plan:
    """Check all of it against the core and the store. Raises ConfigError or SimcoreError, one sentence each."""
    config, core = complete(config, place)
    store_path = _store_path(config.data, place)
    store = TapeStore.open(store_path)
    members = _members(store, config.data, place)
    data = msgspec.structs.replace(config.data, store=str(store_path))
    config = msgspec.structs.replace(config, data=data)
    manifest = store.manifest([member.market_id for member in members])
    broken = store.markets(hindsight=data.hindsight, replayable=False, **msgspec.structs.asdict(data.filter))
    return Plan(config, core, members, identity_of(config, manifest), len(broken))


def complete(config: SweepConfig, place: str) -> tuple[SweepConfig, Core]:
    """The configuration with every parameter of the core written out, checked as far as it goes without a store."""
    check_space(config.space, place)
    config.objective.check(METRICS, place)
    core = _core(config.strategy, place)
    strategy = _complete_strategy(config.strategy, core, config.space, place)
    config = msgspec.structs.replace(config, strategy=strategy)
    _check_dimensions(core, config.space, place)
    check_search(config, place)
    _refuse_impossible(config, core, place)
    return config, core


def make(core: Core, strategy: Strategy, sampled: Mapping[str, Any]) -> Parameters:
    """The core's parameters for one point of the space. Raises ModelError where the core refuses them."""
    return core.make(values={**strategy.parameters, **sampled})


def _store_path(data: Data, place: str) -> Path:
    if data.store is None:
        raise ConfigError(f"{place}: `data.store` is missing; name the folder of tapes there or with --store")
    return Path(data.store).absolute()


def _members(store: TapeStore, data: Data, place: str) -> tuple[SweepMarket, ...]:
    """The sweep's markets by advertised start, split by whole days."""
    filters = msgspec.structs.asdict(data.filter)
    table = store.markets(hindsight=data.hindsight, replayable=True, **filters)
    if data.markets is not None:
        table = _named_only(store, table, data.markets, place)
    if table.empty:
        raise ConfigError(
            f"{place}: `data.filter` leaves none of the {len(store)} markets of store {data.store!r}; "
            "look with `sweeps data list` and widen it"
        )
    table = table.sort_values(["advertised_off", "market_id"])
    first_held_out = _first_held_out(table, data, place)
    return tuple(
        SweepMarket(market_id, day, "train" if first_held_out is None or day < first_held_out else "holdout")
        for market_id, day in zip(table["market_id"], table["day"], strict=True)
    )


def _named_only(store: TapeStore, table: pd.DataFrame, wanted: tuple[str, ...], place: str) -> pd.DataFrame:
    for market_id in wanted:
        if market_id not in store:
            raise ConfigError(
                f"{place}: `data.markets` names {market_id!r}, which the store does not have; see `sweeps data list`"
            )
        reason = store.fact(market_id, "reason")
        if reason:
            raise ConfigError(
                f"{place}: `data.markets` names {market_id!r}, which cannot be replayed: {reason}; remove it"
            )
    return table[table["market_id"].isin(wanted)]


def _first_held_out(table: pd.DataFrame, data: Data, place: str) -> str | None:
    """First UTC day (ISO) of the hold-out; None without one."""
    if data.splits is None:
        return None
    days = sorted(set(table["day"]))
    if data.splits.holdout_from is not None:
        first = data.splits.holdout_from.isoformat()
        if not days[0] < first <= days[-1]:
            raise ConfigError(
                f"{place}: `data.splits.holdout_from` {first} must leave markets on both sides; "
                f"theirs are from {days[0]} to {days[-1]}"
            )
        return first
    held_out = data.splits.holdout_days or 0
    if held_out >= len(days):
        raise ConfigError(
            f"{place}: `data.splits.holdout_days` {held_out} must be below the {len(days)} days that have markets; "
            "the search needs some too"
        )
    return str(days[-held_out])


def identity_of(config: SweepConfig, data_manifest: str) -> Identity:
    """The identity of a sweep: what was asked, on which data, by which code."""
    parts = (config.hash(), data_manifest, code_version(config.strategy.core))
    sweep_id = hashlib.sha256("/".join(parts).encode()).hexdigest()[:16]
    return Identity(sweep_id, *parts)


def code_version(core: str) -> str:
    """Version and hash of every source a trial's result depends on, a user's own core included."""
    digest = hashlib.sha256()
    package = Path(simcore.__file__).parent
    files = [(path.relative_to(package).as_posix(), path) for path in package.rglob("*.py")]
    files = [(name, path) for name, path in files if not name.startswith(_NO_PART)]
    here = Path(sweeps.__file__).parent
    files += [(f"sweeps/{name}", here / f"{name}.py") for name in _RESULT_MODULES]
    own, _, _ = core.rpartition(":")
    if own.endswith(".py"):
        files.append(("core", Path(own)))
    for name, path in sorted(files):
        digest.update(f"{name}\0".encode())
        digest.update(path.read_bytes())
    return f"{sweeps.__version__}+{digest.hexdigest()[:12]}"


def _core(strategy: Strategy, place: str) -> Core:
    try:
        return resolve_core(strategy.core)
    except ModelError as error:
        raise ConfigError(f"{place}: `strategy.core`: {error}") from error


def _complete_strategy(strategy: Strategy, core: Core, space: Space, place: str) -> Strategy:
    """Every parameter but the sampled ones, from the core's defaults, the preset and the fixed values, in that order."""
    fields = {f.name: f for f in msgspec.structs.fields(core.parameters)}
    fixed: dict[str, Any] = {}
    for name, value in strategy.parameters.items():
        if name not in fields:
            raise ConfigError(_unknown(f"{place}: `strategy.parameters`", name, core))
        fixed[name] = _checked(core, fields[name], value, f"{place}: `strategy.parameters.{name}`")
        if name in space and not space[name].when:
            raise ConfigError(f"{place}: {name!r} is both fixed in `strategy.parameters` and in `space`; remove one")
    if strategy.preset is not None and strategy.preset not in core.presets:
        known = ", ".join(core.presets)
        raise ConfigError(
            f"{place}: `strategy.preset` {strategy.preset!r} is unknown to core {core.name!r}; choose of {known}"
        )
    values = {name: _default(f) for name, f in fields.items()}
    values |= msgspec.to_builtins(core.presets[strategy.preset]) if strategy.preset is not None else {}
    values |= fixed
    kept = {n: v for n, v in values.items() if (n not in space or space[n].when) and v is not msgspec.NODEFAULT}
    own, colon, name = strategy.core.rpartition(":")
    named = f"{Path(own).absolute()}:{name}" if colon else strategy.core
    return msgspec.structs.replace(strategy, core=named, parameters=kept)


def _default(info: msgspec.structs.FieldInfo) -> Any:
    value = info.default_factory() if info.default_factory is not msgspec.NODEFAULT else info.default
    return value if value is msgspec.NODEFAULT else msgspec.to_builtins(value)


def _unknown(where: str, name: str, core: Core) -> str:
    known = ", ".join(f.name for f in msgspec.structs.fields(core.parameters))
    return f"{where} names {name!r}, which core {core.name!r} does not have; choose of {known}"


def _checked(core: Core, info: msgspec.structs.FieldInfo, value: Any, where: str) -> Any:
    """The value as the core's parameter holds it: 300 for a float is 300.0, so that one configuration has one hash."""
    try:
        return msgspec.to_builtins(msgspec.convert(value, info.type))
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {error}, got {value!r}; see the parameters of core {core.name!r}") from error


def _check_dimensions(core: Core, space: Space, place: str) -> None:
    """Every value a dimension can take must be one the core's parameter can have."""
    fields = {f.name: f for f in msgspec.structs.fields(core.parameters)}
    for name, dimension in space.items():
        if name not in fields:
            raise ConfigError(_unknown(f"{place}: `space`", name, core))
        if isinstance(dimension, IntDimension | FloatDimension):
            values: Iterable[Any] = (dimension.low, dimension.high, dimension.at(0.381966))
        else:
            values = dimension.choices
        for value in values:
            _checked(core, fields[name], value, f"{place}: `space.{name}`")


def _refuse_impossible(config: SweepConfig, core: Core, place: str) -> None:
    """Contradictions that no point of the space escapes, such as an exit that is always before the entry."""
    reasons: Counter[str] = Counter()
    for sampled in _some_points(config):
        try:
            make(core, config.strategy, sampled)
            return
        except ModelError as error:
            reasons[str(error)] += 1
    reason = reasons.most_common(1)[0][0]
    raise ConfigError(
        f"{place}: no point of `space` makes a valid configuration: {reason}; change bounds or fixed values"
    )


def _some_points(config: SweepConfig) -> Iterable[dict[str, Any]]:
    if config.search.sampler == "grid":
        return islice(grid(config.space), 100 * _TRIES)
    draw = np.random.default_rng(config.search.seed)
    return (point(config.space, draw.random(len(config.space)).tolist()) for _ in range(_TRIES))
