"""Markets the tests of this room share; made once a run."""

from __future__ import annotations

from datetime import date
from functools import cache

import msgspec

from simcore.synthetic.calendar import Race, calendar
from simcore.synthetic.record import Record, make_market
from simcore.synthetic.sports import GREYHOUNDS, HORSES, Curve, Sport
from simcore.synthetic.write import tape_of
from simcore.tapes.tape import Tape

FIRST_DAY = date(2025, 3, 3)
SPORTS = {"greyhounds": GREYHOUNDS, "horses": HORSES}


def races(sport: Sport, markets: int, seed: int = 1, drift: float = 0.0) -> list[Race]:
    return calendar(sport, markets, 1, seed, FIRST_DAY, drift)


@cache
def made(sport: str, markets: int, seed: int = 1) -> tuple[tuple[Race, Record, Tape], ...]:
    result = []
    for race in races(SPORTS[sport], markets, seed):
        record = make_market(race.plan)
        result.append((race, record, tape_of(race, record)))
    return tuple(result)


def tiny(sport: Sport = HORSES) -> Sport:
    """A quiet, short version of a sport: small enough to run without the JIT."""

    def quieter(curve: Curve) -> Curve:
        return tuple((seconds, value / 6) for seconds, value in curve)

    return msgspec.structs.replace(
        sport,
        lead_s=40,
        warm_up_s=20,
        in_play_s=(8, 10) if sport.in_play_s[1] else (0, 0),
        runners=(3, 4),
        makes=quieter(sport.makes),
        punts=quieter(sport.punts),
        informs=quieter(sport.informs),
        follows=quieter(sport.follows),
        stock=quieter(sport.stock),
    )
