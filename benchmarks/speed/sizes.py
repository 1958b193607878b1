"""How large the bench runs: in full, or small enough to be run by the tests."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.speed.scaling.scope import TINY, WHOLE, Scope


@dataclass(frozen=True)
class Sizes:
    """The sizes of every part.

    recordings : of each sport;  window_s : before the advertised start;  batch : configurations of ours a call
    daf, caf : markets and configurations of the sweeps
    import_files : official stream files;  import_copies : of every one of them, for two workers to share
    scaling : what the scaling law is fitted to and checked on
    """

    recordings: int = 5
    window_s: float = 900.0
    batch: int = 100
    repeats: int = 3
    maker_events: int = 2_000_000
    import_files: int = 12
    import_copies: int = 4
    synthetic_markets: int = 200
    store_markets: int = 100_000
    daf: tuple[int, int] = (1000, 1000)
    caf: tuple[int, int] = (300, 300)
    scaling: Scope = WHOLE
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
    import_copies=1,
    synthetic_markets=2,
    store_markets=500,
    daf=(3, 4),
    caf=(2, 4),
    scaling=TINY,
    others=False,
)
