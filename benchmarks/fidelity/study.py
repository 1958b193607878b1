"""What the fidelity study does, decided before it ran: bots and stakes, markets, and every setting of the simulator it tries.

A new assumption is one more row of `settings()`; a new bot one more of `BOTS`. Nothing here is tuned to the result: the
exchange's settings are frozen by its comparison with measured markets (`simcore.synthetic.targets`), see `FROZEN`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import msgspec

from simcore.strategies import Parameters, resolve_core
from simcore.synthetic.calendar import Race, calendar
from simcore.synthetic.sports import sport_of

FIRST_DAY = date(2025, 6, 2)
RACES_A_DAY = 100
STAKES = (1, 3, 10)
"""multiples of the preset's stake"""

FROZEN = {"greyhounds": "ddb2b35a9f8ae4eb", "horses": "9ce7c01b9b600376"}
"""hash of each sport's settings when the numbers in docs/fidelity.md were measured"""


@dataclass(frozen=True)
class Bot:
    """A shipped preset at a multiple of its stake: everything in pounds grows with it."""

    core: str
    preset: str
    times: int

    @property
    def name(self) -> str:
        return f"{self.core} {self.preset} ×{self.times}"

    def parameters(self) -> Parameters:
        core = resolve_core(self.core)
        values = msgspec.to_builtins(core.presets[self.preset])
        return core.make(values=values | {key: values[key] * self.times for key in core.scale})


BOTS = tuple(Bot(core, preset, times) for core, preset in (("caf", "v2"), ("daf", "long")) for times in STAKES)


@dataclass(frozen=True)
class Setting:
    """One answer to what a replay assumes."""

    name: str
    simulation: dict[str, Any]
    uses: tuple[str, ...] = ("grid", "choose", "report")
    shown: bool = False
    """in the first table and the plot"""


@dataclass(frozen=True)
class Batch:
    """Markets of one regime: `drift` is planted, ticks a minute over the last five minutes (0 = none)."""

    use: str
    """choose: the default is chosen on these; report: the docs' numbers come from these"""
    sport: str
    seed: int
    markets: int
    drift: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.use}-{self.sport}-{self.seed}-{self.drift:g}"

    def races(self) -> list[Race]:
        days = -(-self.markets // RACES_A_DAY)
        return calendar(sport_of(self.sport), self.markets, days, self.seed, FIRST_DAY, self.drift)


@dataclass(frozen=True)
class Study:
    """Everything that decides the numbers."""

    name: str
    batches: tuple[Batch, ...]
    bots: tuple[Bot, ...] = BOTS
    settings: tuple[Setting, ...] = field(default_factory=lambda: settings())


CHOSEN = "default"
"""the setting the bar is held against: the shipped default"""
CANDIDATE = "nobody hungry"
"""the model beside it in the detailed table"""
DEFAULT = "default"
FLUMINE = "flumine's"
USES = ("grid", "choose", "report")


def settings() -> tuple[Setting, ...]:
    """Every queue × refill × reaction, how many aggressors are hungry, and the usual assumptions."""
    queues = ("none", "proportional", "back_biased(1)", "back_biased(4)", "sampled")
    refills = {"instant": 0, "1 s": 1000, "10 s": 10_000, "never": float("inf")}
    reactions = {"": {}, ", others react": {"reaction": {"severity": 5.0, "half_life_ms": 60_000}}}
    crossed = [
        Setting(f"{queue}, refill {refill}{reacts}", {"queue": queue, "refill_ms": ms, **reaction}, uses=("grid",))
        for queue in queues
        for refill, ms in refills.items()
        for reacts, reaction in reactions.items()
    ]
    tried = (
        (0.0, 10_000),
        (0.25, 3000),
        (0.5, 3000),
        (0.75, 3000),
        (0.6, 1000),
        (0.6, 10_000),
        (1.0, 3000),
        (1.0, 10_000),
    )
    candidates = [
        Setting(f"appetite {share:g}, refill {ms // 1000} s", {"appetite": share, "refill_ms": ms}, uses=("choose",))
        for share, ms in tried
    ]
    pennies = Setting("refill from a penny on", {"refill": {"least_pence": 0}}, uses=("choose",))
    usual = [
        Setting(CANDIDATE, {"appetite": 0.0}, uses=("choose", "report"), shown=True),
        Setting(FLUMINE, {"preset": "flumine"}, shown=True),
        Setting("no queue", {"queue": "front", "appetite": 0.0}, shown=True),
        Setting("touch-fill", {"queue": "front", "refill_ms": 0, "displacement": False, "appetite": 0.0}, shown=True),
    ]
    return (Setting(DEFAULT, {}, shown=True), *usual, *candidates, pennies, *crossed)


FULL = Study(
    "full",
    (
        Batch("choose", "greyhounds", 7121, 300),
        Batch("choose", "greyhounds", 7122, 100, drift=4.0),
        Batch("choose", "horses", 7123, 200),
        Batch("choose", "horses", 7124, 80, drift=-4.0),
        Batch("grid", "greyhounds", 7101, 30),
        Batch("grid", "horses", 7103, 30),
        Batch("report", "greyhounds", 8501, 2400),
        Batch("report", "greyhounds", 8502, 200, drift=-4.0),
        Batch("report", "greyhounds", 8503, 200, drift=6.0),
        Batch("report", "horses", 8504, 1400),
        Batch("report", "horses", 8505, 150, drift=4.0),
        Batch("report", "horses", 8506, 150, drift=-6.0),
    ),
)
SMALL = Study(
    "small",
    (
        Batch("choose", "greyhounds", 9301, 10),
        Batch("report", "greyhounds", 9302, 20),
        Batch("report", "horses", 9303, 10),
    ),
)
