"""One YAML = one sweep = one frozen tree. Unknown keys are refused with their place, every default is a field's default.

The tree's canonical form without `ray`, `tracking`, `search.trials` and `data.store` is what the identity hashes: where and
how fast a sweep runs, who watches it, how long it goes on and where its markets lie cannot change a trial's result.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml

from simcore.errors import ModelError
from simcore.models.simulation import Simulation, resolve_simulation
from sweeps.errors import ConfigError
from sweeps.objective import Objective
from sweeps.space import Dimension

Names = tuple[str, ...]
Hour = Annotated[int, msgspec.Meta(ge=0, le=23)]
Count = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of the tree."""


class Filter(Section, frozen=True):
    """Which markets of the catalogue; null = no condition. Lists mean any of; bounds are included.

    sport, market_type, country, venue, tier   as `sweeps data list` writes them
    date_from, date_to, hour_from, hour_to     UTC date and hour of the advertised start
    min_runners, max_runners                   in the first market definition
    min_volume_pounds, max_gaps_last_15_minutes, has_result
                                               hindsight: refused unless `data.hindsight` is true
    """

    sport: Names | str | None = None
    market_type: Names | str | None = None
    country: Names | str | None = None
    venue: Names | str | None = None
    tier: Names | str | None = None
    date_from: datetime.date | None = None
    date_to: datetime.date | None = None
    hour_from: Hour | None = None
    hour_to: Hour | None = None
    min_runners: Annotated[int, msgspec.Meta(ge=0)] | None = None
    max_runners: Annotated[int, msgspec.Meta(ge=0)] | None = None
    min_volume_pounds: Annotated[float, msgspec.Meta(ge=0)] | None = None
    max_gaps_last_15_minutes: Annotated[int, msgspec.Meta(ge=0)] | None = None
    has_result: bool | None = None


_HINDSIGHT = ("min_volume_pounds", "max_gaps_last_15_minutes", "has_result")
_PAIRS = (("date_from", "date_to"), ("hour_from", "hour_to"), ("min_runners", "max_runners"))


class Splits(Section, frozen=True):
    """What the search must not see: markets from a UTC date on, or of the last days that have markets. Whole days only."""

    holdout_from: datetime.date | None = None
    holdout_days: Annotated[int, msgspec.Meta(ge=1)] | None = None


class Data(Section, frozen=True):
    """store: folder of tapes; filter: on its catalogue; markets: an explicit list of ids that the filter then narrows."""

    store: str | None = None
    filter: Filter = Filter()
    markets: Names | None = None
    hindsight: bool = False
    splits: Splits | None = None


class Strategy(Section, frozen=True):
    """core: caf, daf or path/to/file.py:NAME; preset: a named start; parameters: fixed values over it."""

    core: str
    preset: str | None = None
    parameters: dict[str, Any] = {}


MOST_BATCHES_AT_ONCE = 10


class Search(Section, frozen=True):
    """batch: trials asked for at a time, never from the worker count; more trials of one sweep are its extension.

    growth: of the trials so far, a later batch is this share, if that is more than `batch`; at most ten batches' worth
    startup_trials: random ones before TPE begins;  population: of a generation, NSGA-II only
    """

    sampler: Literal["tpe", "random", "grid", "qmc", "cmaes", "nsga2"] = "tpe"
    trials: Count = 100
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] = 1
    batch: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 10
    growth: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.1
    startup_trials: Count = 10
    population: Annotated[int, msgspec.Meta(ge=2, le=10_000)] = 20

    def next_count(self, done: int) -> int:
        """Trials to ask for when so many are finished: up to the end of their batch, or of the sweep; 0 = none is left.

        Where a batch ends depends on the batches before it alone. CMA-ES and NSGA-II learn by generations: theirs never grow.
        """
        growth = 0.0 if self.sampler in ("cmaes", "nsga2") else self.growth
        end = 0
        while end <= done:
            end += max(self.batch, min(int(growth * end), MOST_BATCHES_AT_ONCE * self.batch))
        return max(0, min(end, self.trials) - done)


class Capacity(Section, frozen=True):
    """Stakes at which the best configuration is replayed again, in the unit of the core's stake parameter."""

    stakes: tuple[Annotated[float, msgspec.Meta(gt=0)], ...] = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0)


class Tracking(Section, frozen=True):
    """kind: mlflow, or null for none."""

    kind: Literal["mlflow"] | None = "mlflow"


class RaySection(Section, frozen=True):
    """How the work is carried out; nothing here changes a result.

    runner          ray (local, or a cluster by `address`) or inline (this process, without Ray)
    workers         processes at once; null = one a core
    shard_seconds   work a task is cut for;  retries: how often a lost task is sent again
    """

    runner: Literal["ray", "inline"] = "ray"
    workers: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | None = None
    address: str | None = None
    shard_seconds: Annotated[float, msgspec.Meta(gt=0, le=600)] = 0.7
    retries: Annotated[int, msgspec.Meta(ge=0, le=100)] = 5


class SweepConfig(Section, frozen=True, kw_only=True):
    """A sweep."""

    data: Data = Data()
    strategy: Strategy
    space: dict[str, Dimension]
    simulation: Simulation = Simulation()
    objective: Objective = Objective()
    search: Search = Search()
    capacity: Capacity | None = Capacity()
    tracking: Tracking = Tracking()
    ray: RaySection = RaySection()

    def to_yaml(self) -> str:
        """The whole tree, every default written out."""
        return yaml.safe_dump(msgspec.to_builtins(self), sort_keys=False, allow_unicode=True, width=120)

    def hash(self) -> str:
        """Hash of what can change a trial's result; a user's own core counts by its content (see `plan`), not by its folder."""
        tree = msgspec.to_builtins(self)
        tree["strategy"]["core"] = tree["strategy"]["core"].rpartition("/")[2]
        del tree["ray"], tree["tracking"], tree["search"]["trials"], tree["data"]["store"]
        canonical = json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def read_config(path: Path, overrides: Sequence[str] = ()) -> SweepConfig:
    """The sweep a YAML file describes, with `a.b=value` overrides. Raises ConfigError with the place of what is wrong."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise ConfigError(f"config {path} cannot be read ({reason}); name a sweep's YAML file") from error
    return parse_config(text, str(path), overrides)


def parse_config(text: str, place: str, overrides: Sequence[str] = ()) -> SweepConfig:
    """Like `read_config`, from text; `place` is named in errors."""
    tree = _mapping(text, place)
    _lengthen(tree)
    for override in overrides:
        apply_override(tree, override)
        _lengthen(tree)
    try:
        if "simulation" in tree:
            tree["simulation"] = _simulation(tree["simulation"])
        if isinstance(tree.get("space"), dict):
            tree["space"] = {name: _dimension(name, given) for name, given in tree["space"].items()}
        config = msgspec.convert(tree, SweepConfig)
    except (msgspec.ValidationError, ModelError) as error:
        raise ConfigError(f"{place}: {error}; `sweeps config show` on a file of configs/ lists every key") from error
    _refuse_contradictions(config, place)
    return config


def _lengthen(tree: dict[str, Any]) -> None:
    """`objective: sharpe` and `simulation: pessimistic` are short for mappings."""
    for section, key in (("objective", "kind"), ("simulation", "preset")):
        if isinstance(tree.get(section), str):
            tree[section] = {key: tree[section]}


def _simulation(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise ModelError(f"`simulation` must be a mapping or a preset's name, got {given!r}")
    tree: dict[str, Any] = msgspec.to_builtins(resolve_simulation(given))
    return tree


def _dimension(name: str, given: Any) -> Dimension:
    """Converted on its own, so that the place of a mistake names the parameter."""
    try:
        return msgspec.convert(given, Dimension)  # type: ignore[no-any-return]
    except msgspec.ValidationError as error:
        reason = str(error).replace("`$", f"`$.space.{name}")
        where = "" if "`$" in str(error) else f" - at `$.space.{name}`"
        raise ModelError(reason + where) from error


def _refuse_contradictions(config: SweepConfig, place: str) -> None:
    if not config.space:
        raise ConfigError(f"{place}: `space` must name at least one parameter to search; for none use `sweeps replay`")
    splits, where = config.data.splits, config.data.filter
    if splits is not None and (splits.holdout_from is None) == (splits.holdout_days is None):
        raise ConfigError(f"{place}: `data.splits` must have either `holdout_from` or `holdout_days`; give exactly one")
    for low, high in _PAIRS:
        first, last = getattr(where, low), getattr(where, high)
        if first is not None and last is not None and first > last:
            raise ConfigError(
                f"{place}: `data.filter.{low}` must not be above `{high}`, got {first} and {last}; swap them"
            )
    for name in _HINDSIGHT:
        if getattr(where, name) is not None and not config.data.hindsight:
            raise ConfigError(
                f"{place}: `data.filter.{name}` is known only after the market (hindsight); "
                "remove it or set `data.hindsight: true`"
            )


class _Loader(yaml.SafeLoader):
    """YAML as people write it: a key twice is refused, 1e-3 is a number."""


def _no_duplicates(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise yaml.constructor.ConstructorError(None, None, f"key {key!r} must be text", key_node.start_mark)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"key `{key}` is there twice", key_node.start_mark)
        seen.add(key)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _no_duplicates)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+"), list("-+0123456789")
)


def _yaml(text: str, place: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "unreadable"
        raise ConfigError(f"{place}{where}: {problem}; correct the YAML") from error


def _mapping(text: str, place: str) -> dict[str, Any]:
    tree = _yaml(text, place)
    if not isinstance(tree, dict):
        found = "nothing" if tree is None else f"a {type(tree).__name__}"
        raise ConfigError(
            f"{place}: a sweep's YAML must be a mapping of sections, got {found}; see configs/ for examples"
        )
    return tree


def apply_override(tree: dict[str, Any], override: str) -> None:
    """Set one `a.b=value`; the value is read as YAML."""
    key, equals, value = override.partition("=")
    if not equals or not re.fullmatch(r"\w+(\.[\w-]+)*", key):
        raise ConfigError(f"--set {override!r} must read key=value with dots between keys, such as search.trials=20")
    *parents, last = key.split(".")
    for depth, parent in enumerate(parents):
        below = tree.setdefault(parent, {})
        if below is None:
            below = tree[parent] = {}
        if not isinstance(below, dict):
            raise ConfigError(
                f"--set {override!r}: `{'.'.join(parents[: depth + 1])}` is a value, nothing can be set below it"
            )
        tree = below
    tree[last] = _yaml(value, f"--set {override!r}")
