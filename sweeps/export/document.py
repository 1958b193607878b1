"""What an export says, as frozen types; `schema.json` beside this file is made from them by `sweeps.export.schema`.

Units are in the names: _pence and _pounds are money, _seconds count back from the advertised start as known at that moment
(negative after it), _ms are milliseconds. Every field is present in a file; null is written, never left out.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

import msgspec

from simcore.models.simulation import Simulation
from sweeps.config import Filter

FORMAT = "furlong-export"
VERSION = 1

Value = bool | int | float | str | None
Count = Annotated[int, msgspec.Meta(ge=0)]
Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of the export."""


class Strategy(Part, frozen=True):
    """The core and what it is given.

    core               caf, daf, or path/to/file.py:NAME of a core of the user's own
    source_sha256      of that file when the sweep was exported; null for a shipped core
    parameters, units  the same names in both
    stake_parameters   those that make the bot larger or smaller, together
    """

    core: str
    source_sha256: Digest | None
    parameters: dict[str, Value]
    units: dict[str, str]
    stake_parameters: tuple[str, ...]


class Timing(Part, frozen=True):
    """When the bot acts, seconds before the advertised start; the clock is the market's, not the venue's.

    pick_seconds, pick_rank      when the runner is picked, and which: 0 is the favourite
    first_seconds, last_seconds  the core is asked from … to …
    in_play                      whether it is asked after the market has turned in-play
    parameters                   every parameter of the core that is such a time, by name
    """

    pick_seconds: float
    pick_rank: Annotated[int, msgspec.Meta(ge=0)]
    first_seconds: float
    last_seconds: float
    in_play: bool
    parameters: dict[str, float | None]


class MinimumStake(Part, frozen=True):
    """From this UTC date on a stake must reach `stake_pounds`, or its payout (stake × odds) `payout_pounds`."""

    date_from: datetime.date
    stake_pounds: float
    payout_pounds: float


class Limits(Part, frozen=True):
    """What the bot may stake and owe.

    stakes                   value of each of the strategy's stake parameters
    funds_pounds             money in the account; exposure beyond it is refused
    largest_liability_pounds the worst outcome of any market at any time in the sweep's replays: a bot beyond it does
                             something the sweep never did
    enforce_minimum_stake    whether the replays refused stakes below `minimum_stake`
    """

    stakes: dict[str, float]
    funds_pounds: float
    largest_liability_pounds: float
    enforce_minimum_stake: bool
    minimum_stake: tuple[MinimumStake, ...]


class Provenance(Part, frozen=True):
    """Where the configuration comes from. Nothing of it is read from a clock: one sweep gives one file.

    trials                how many the best was chosen among; the more, the more of its profit is luck
    seed                  of the sweep; a market's replay is seeded with the first 8 bytes of SHA-256("<seed>/<market_id>"), big
                          endian, shifted right by one bit
    first_day, last_day   UTC dates of the markets' advertised starts
    """

    sweep: str
    sweep_id: str
    config_hash: str
    data_manifest: str
    code_version: str
    trial: Count
    trials: Count
    seed: Count
    first_day: datetime.date
    last_day: datetime.date


class Distribution(Part, frozen=True):
    """Profit per market after commission and charges; p1 … p99 are its percentiles."""

    total_pnl_pence: int
    markets: Count
    markets_traded: Count
    hit_rate: float
    mean_pnl_pounds: float
    standard_error_pounds: float
    std_pnl_pounds: float
    sharpe_per_market: float
    worst_market_pounds: float
    best_market_pounds: float
    p1_pounds: float
    p5_pounds: float
    p10_pounds: float
    p25_pounds: float
    p50_pounds: float
    p75_pounds: float
    p90_pounds: float
    p95_pounds: float
    p99_pounds: float


class Expected(Part, frozen=True):
    """What the sweep promises: on the markets it searched, and on its hold-out where that was opened for this trial."""

    searched: Distribution
    holdout: Distribution | None


class Market(Part, frozen=True):
    """One market of the manifest and what the replay earned there, pence after commission and charges.

    null: a market of the hold-out, which was not opened for this trial
    """

    market_id: str
    split: Literal["train", "holdout"]
    pnl_pence: int | None


class Export(Part, frozen=True):
    """A configuration for a live bot, and the evidence for it. `checksum` is over everything else."""

    format: Literal["furlong-export"]
    version: Literal[1]
    strategy: Strategy
    market_filter: Filter
    timing: Timing
    limits: Limits
    simulation: Simulation
    provenance: Provenance
    expected: Expected
    markets: tuple[Market, ...]
    checksum: Digest
