"""How large the bench runs: in full, or small enough to be run by the tests."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """The sizes of every part.

    recordings : of each sport;  window_s : before the advertised start;  batch : configurations of ours a call
    import_files : official files, the smallest first, None = all
    """

    recordings: int = 5
    window_s: float = 900.0
    batch: int = 100
    repeats: int = 3
    maker_events: int = 2_000_000
    import_files: int | None = None
    synthetic_markets: int = 200
    store_markets: int = 100_000
    daf_markets: int = 1000
    daf_trials: int = 1000
    caf_markets: int = 300
    caf_trials: int = 300
    others: bool = True
    """also peers that are not in the locked environment, and Ray and MLflow in the sweeps"""


FULL = Sizes()
SMALL = Sizes(
    recordings=1,
    window_s=180.0,
    batch=5,
    repeats=1,
    maker_events=10_000,
    import_files=1,
    synthetic_markets=2,
    store_markets=500,
    daf_markets=3,
    daf_trials=4,
    caf_markets=2,
    caf_trials=4,
    others=False,
)
