"""When and where the races are: invented venues, meetings of evenly spaced races, ids that never change for a seed.

market_id    : 1.9 + sport (1 greyhounds, 2 horses; + 4 with a planted drift) + five digits of the seed + five of the race
event_id     : one a meeting (a venue on a day);  selection_id : one a runner of a race
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

from simcore.errors import ModelError
from simcore.kernels.randomness import keys
from simcore.synthetic.market import Plan
from simcore.synthetic.sports import Sport

RACES_A_MEETING: Final = 12
MOST_MARKETS: Final = 100_000
LARGEST_SEED: Final = 99_999
FIRST_RACE_MINUTES: Final = {"greyhounds": (11 * 60, 18 * 60 + 8), "horses": (12 * 60 + 50, 17 * 60 + 30)}
"""minutes after midnight UTC of the first race of afternoon and evening meetings"""
SPACING_MINUTES: Final = {"greyhounds": 16, "horses": 32}
SPORT_DIGIT: Final = {"greyhounds": 1, "horses": 2}
VENUES: Final = (
    "Ashmere", "Brackwell", "Cowden Vale", "Drayling", "Elmstead Park", "Farrowby", "Garside", "Holmroyd",
    "Ivelstone", "Kestrel Moor", "Larchfield", "Marrowdale", "Netherholt", "Oakhanger", "Penhallow", "Quarrington",
)  # fmt: skip
_FIRST = ("Amber", "Bold", "Copper", "Dusky", "Early", "Fabled", "Gentle", "Hasty", "Idle", "Jolly", "Keen", "Lively")
_SECOND = (
    "Arrow",
    "Bracken",
    "Comet",
    "Dancer",
    "Ember",
    "Falcon",
    "Grove",
    "Heron",
    "Iris",
    "Juniper",
    "Kite",
    "Lantern",
)


@dataclass(frozen=True)
class Race:
    """Where a market stands in the calendar."""

    plan: Plan
    venue: str
    number: int
    """1, 2 … within its meeting"""
    event_id: str
    event_name: str
    market_name: str
    first_selection_id: int

    def runner_name(self, runner: int) -> str:
        """Trap or cloth number, and an invented name."""
        return _runner_name(self.first_selection_id, runner)


@lru_cache(maxsize=64)
def _runner_name(first_selection_id: int, runner: int) -> str:
    a, b = keys(first_selection_id, runner)
    return f"{runner + 1}. {_FIRST[a % len(_FIRST)]} {_SECOND[b % len(_SECOND)]}"


def check_request(sport: Sport, markets: int, days: int, seed: int) -> None:
    """Raises ModelError for numbers no calendar can be made of."""
    for name, value, low, high in (
        ("markets", markets, 1, MOST_MARKETS),
        ("days", days, 1, 3660),
        ("seed", seed, 0, LARGEST_SEED),
    ):
        if not low <= value <= high:
            raise ModelError(f"`{name}` must be within {low}..{high}, got {value}")
    if days > markets:
        raise ModelError(f"`days` must not be more than the {markets} markets of {sport.name}, got {days}")
    a_day = -(-markets // days)
    most = len(VENUES) * RACES_A_MEETING
    if a_day > most:
        raise ModelError(f"`markets` a day must be at most {most}, got {a_day}; ask for more days")


def calendar(
    sport: Sport, markets: int, days: int, seed: int, first_day: date, drift: float = 0.0, drift_lead_s: int = 300
) -> list[Race]:
    """`markets` races spread evenly over `days` from `first_day`, in the order of their ids."""
    check_request(sport, markets, days, seed)
    races = []
    for index in range(markets):
        day = index * days // markets
        first = -(-day * markets // days)
        races.append(_race(sport, index, index - first, first_day + timedelta(days=day), seed, drift, drift_lead_s))
    return races


def _race(sport: Sport, index: int, of_day: int, day: date, seed: int, drift: float, drift_lead_s: int) -> Race:
    meeting, number = divmod(of_day, RACES_A_MEETING)
    starts = FIRST_RACE_MINUTES[sport.name]
    minutes = starts[meeting % 2] + 5 * (meeting // 2) + SPACING_MINUTES[sport.name] * number
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minutes)
    digit = SPORT_DIGIT[sport.name] + (4 if drift else 0)
    venue = VENUES[(meeting + day.toordinal()) % len(VENUES)]
    plan = Plan(
        sport=sport,
        market_id=f"1.9{digit}{seed:05d}{index:05d}",
        seed=seed,
        advertised_ms=round(start.timestamp() * 1000),
        drift_ticks_per_minute=drift,
        drift_lead_s=drift_lead_s,
    )
    a, _ = keys(seed, plan.market_id, "name")
    distance = sport.distances[a % len(sport.distances)]
    return Race(
        plan=plan,
        venue=venue,
        number=number + 1,
        event_id=f"9{digit}{seed:05d}{day.toordinal() % 10000:04d}{meeting:02d}",
        event_name=f"{venue} {day.day} {day:%b} (synthetic)",
        market_name=f"R{number + 1} {distance}",
        first_selection_id=50_000_000 + (digit * MOST_MARKETS + index) * 20,
    )
