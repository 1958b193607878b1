"""A market of this sport, seed and number is for ever the same market: faster is welcome, different is not.

The digests were taken before the kernels were made faster. A market depends on the last bit of exp, log, cos and pow, which two
machines' libraries may round differently; there the markets are others, and this file skips.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
from made_markets import made, races

from simcore.kernels.randomness import normal
from simcore.synthetic.record import make_market
from simcore.synthetic.sports import GREYHOUNDS, HORSES, curve_at
from simcore.synthetic.wire import stream_lines
from simcore.synthetic.write import tape_of
from simcore.tapes.facts import content_hash

ARITHMETIC = "2254a93e80fcf17b9263ac59c71ed597235e6c71dba5551ba8b69d9e0a2906b2"
TAPES = {
    "greyhounds": [
        "de191600713c0253fe61b9e085e0b0163882128d54eb1d2f36e9d5027411d184",
        "b15cff6b43ccde5cc87721d3375a043e8ab3b9badf3ba3ec4b4875aaf04a6859",
    ],
    "horses": [
        "e562a53c753a6e55f81c307164323c156986af60fa3ab28f9d823492e9297613",
        "2369b5e95312130c0187c0f598e33b51c7315a6289fe91e59a42d86da7d14c4e",
    ],
}
STREAMS = {
    "greyhounds": "b5e46c0d95da2a1d0e2862a38a6b73bc5bf1e2663422ab921a2e9c5169b897cd",
    "horses": "08f57b802c738b11dadc2d1b487cfa24f696b0241bc1fa337f5bdc1ca4177d6c",
}
DRIFTING = "76a331ecc0deb4ac2a75b1a955c25219d8fc28264081058b0c8a6b920345f1e2"


def arithmetic() -> str:
    """Digest of what this machine's libraries make of the functions a market is drawn with."""
    to_off = np.arange(3900, dtype=np.float64) - 300.5
    curves = [
        curve_at(curve, to_off) for sport in (GREYHOUNDS, HORSES) for curve in (sport.makes, sport.punts, sport.size)
    ]
    draws = [float(normal(1, 2, wake, 0)) for wake in range(3000)]
    powers = [math.exp(1.3 * draw) * math.pow(7.0 / (1.01 + abs(draw)), 0.75) for draw in draws]
    return hashlib.sha256(np.concatenate([*curves, draws, powers]).tobytes()).hexdigest()


@pytest.fixture(autouse=True)
def same_arithmetic() -> None:
    if arithmetic() != ARITHMETIC:
        pytest.skip("exp, log, cos or pow round differently here: the same plan gives other, equally good markets")


@pytest.mark.parametrize("sport", ["greyhounds", "horses"])
def test_tapes_are_the_ones_they_always_were(sport: str) -> None:
    assert [content_hash(tape) for _, _, tape in made(sport, 2)] == TAPES[sport]


@pytest.mark.parametrize("sport", ["greyhounds", "horses"])
def test_stream_files_are_the_ones_they_always_were(sport: str) -> None:
    race, record, _ = made(sport, 2)[0]
    assert hashlib.sha256(b"".join(stream_lines(race, record))).hexdigest() == STREAMS[sport]


def test_a_market_with_a_planted_drift_is_the_one_it_always_was() -> None:
    [race] = races(GREYHOUNDS, 1, 7, -4.0)
    assert content_hash(tape_of(race, make_market(race.plan))) == DRIFTING
