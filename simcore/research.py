"""What a trader looks at on one tape before trusting anything: volume, spread and imbalance against the time to the off.

Money is one-sided pounds. The *off* is the actual one (`tapes.facts.actual_off_ms`): known only afterwards, fit for looking,
not for trading. Spreads are in ticks over runners whose best back is at most 20.0, sampled every second. `lean` is the
imbalance (atb − atl) / (atb + atl) of the money at the touch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simcore.dtypes import HISTORY, N_KINDS, TRADE, TRADE_UNATTRIBUTED, TRADED_FALL
from simcore.errors import SimulationError
from simcore.synthetic import scan
from simcore.synthetic.figures import LONGEST, imbalance_correlation, priced, rows_of, scan_of
from simcore.synthetic.lean import N_BUCKETS, lean_tape, new_lean
from simcore.tapes.facts import actual_off_ms
from simcore.tapes.tape import Tape
from simcore.units import N_TICKS

Int = NDArray[np.int64]
Real = NDArray[np.float64]

EDGES_S: Final = (
    *(7200, 5400, 3600, 3000, 2400, 1800, 1200, 900, 600, 480, 360, 300, 240, 180, 160, 120, 90, 60, 45, 30, 20, 10, 5, 0),
)  # fmt: skip
"""seconds to the off where one window ends and the next begins; the first window is everything before"""
CORRELATED_S: Final = ((1800, 600), (600, 300), (300, 180), (180, 60), (60, 30), (30, 0))
"""(from, to) seconds to the off: the spans in which imbalance is correlated with the next move"""
LEAN_FROM_S: Final = 600
"""the next-message figure looks at the last so many seconds before the off"""
LEAN_EDGES: Final = np.linspace(-1.0, 1.0, N_BUCKETS + 1)


@dataclass(frozen=True)
class Measures:
    """One market, by window w between EDGES_S[w − 1] and EDGES_S[w] (nan: the recording does not cover it).

    seconds, pounds    : (windows,) seconds recorded and pounds matched in the window
    share              : (windows,) share of all money matched before the off that was matched by the window's end
    spread, favourite_spread : (windows,) mean ticks over runners and seconds; of the runner with the lowest best back
    lean_messages, lean_ticks: (N_BUCKETS,) messages and Σ move of the mid at the next one (ticks), last 10 minutes
    correlation        : (spans,) of lean with the sign of the next mid move within 60 s
    matched_pounds     : before the off, what traded before the recording began included
    off_delay_s        : actual off against the start as first advertised
    """

    market_id: str
    seconds: Real
    pounds: Real
    share: Real
    spread: Real
    favourite_spread: Real
    lean_messages: Real
    lean_ticks: Real
    correlation: Real
    matched_pounds: float
    off_delay_s: float


def measures_of(tape: Tape) -> Measures:
    """Measure one market. Raises SimulationError for a tape that has no off."""
    row_ms = np.repeat(tape.message_ms, np.diff(tape.message_row))
    off_ms = actual_off_ms(tape, row_ms)
    if off_ms is None:
        raise SimulationError(f"market {tape.market_id} neither turns in-play nor closes; leave it out of the study")
    out, to_off = scan_of(tape, off_ms, EDGES_S[0], EDGES_S)
    window = np.searchsorted(-np.array(EDGES_S), -to_off, side="right")
    spread, favourite = _spreads(out.samples, window)
    lean = _lean(tape, off_ms)
    pounds = out.counts[:-1, scan.TRADED_PENCE] / 100
    by_end = np.cumsum(pounds) + _history_pounds(tape, row_ms, off_ms)
    return Measures(
        market_id=tape.market_id,
        seconds=_recorded_s(tape, off_ms),
        pounds=pounds,
        share=by_end / by_end[-1] if by_end[-1] > 0 else np.full(len(EDGES_S), np.nan),
        spread=spread,
        favourite_spread=favourite,
        lean_messages=lean[:, 0].astype(np.float64),
        lean_ticks=lean[:, 1] / 2,
        correlation=_correlations(out.samples, to_off),
        matched_pounds=float(by_end[-1]),
        off_delay_s=(off_ms - int(tape.start_ms[0])) / 1000 if len(tape.start_ms) else np.nan,
    )


def matched_by(tape: Tape, before_start_s: float) -> float:
    """Pounds (one side) matched so long before the first advertised start: known at that moment, fit for choosing markets."""
    row_ms = np.repeat(tape.message_ms, np.diff(tape.message_row))
    sign = np.zeros(N_KINDS, np.int64)
    sign[[TRADE, TRADE_UNATTRIBUTED, HISTORY]], sign[TRADED_FALL] = 1, -1
    start_ms = int(tape.start_ms[0]) if len(tape.start_ms) else int(tape.message_ms[-1])
    known = row_ms <= start_ms - 1000 * before_start_s
    return float((sign[tape.kind[known]] * tape.size[known]).sum()) / 200


def _recorded_s(tape: Tape, off_ms: int) -> Real:
    """Seconds of each window after the first message."""
    started_s = (off_ms - int(tape.message_ms[0])) / 1000
    edges = np.array([np.inf, *EDGES_S])
    seconds: Real = np.clip(np.minimum(edges[:-1], started_s) - edges[1:], 0.0, None)
    return seconds


def _history_pounds(tape: Tape, row_ms: Int, off_ms: int) -> Real:
    """What traded out of sight (before the recording, in a gap), by the end of the window in which it was told."""
    told = (tape.kind == HISTORY) & (row_ms < off_ms)
    window = np.searchsorted(-np.array(EDGES_S), -(off_ms - row_ms[told]) / 1000, side="right")
    pounds = np.zeros(len(EDGES_S))
    np.add.at(pounds, np.minimum(window, len(EDGES_S) - 1), tape.size[told] / 200)
    return np.cumsum(pounds)


def _spreads(samples: Int, window: Int) -> tuple[Real, Real]:
    every, favourite = np.full(len(EDGES_S), np.nan), np.full(len(EDGES_S), np.nan)
    ok = priced(samples)
    ticks = samples[..., scan.OFFER] - samples[..., scan.BID]
    back = np.where(samples[..., scan.BID] >= 0, samples[..., scan.BID], N_TICKS)
    rows, first = np.arange(len(samples)), back.argmin(axis=1) if len(samples) else np.zeros(0, np.int64)
    for w in range(len(EDGES_S)):
        inside = window == w
        if ok[inside].any():
            every[w] = ticks[inside][ok[inside]].mean()
        leading = ok[rows, first] & inside
        if leading.any():
            favourite[w] = ticks[rows, first][leading].mean()
    return every, favourite


def _correlations(samples: Int, to_off: Int) -> Real:
    if not len(samples):
        return np.full(len(CORRELATED_S), np.nan)
    spans = [(to_off <= first) & (to_off > last) for first, last in CORRELATED_S]
    return np.array([imbalance_correlation(samples, inside) for inside in spans])


def _lean(tape: Tape, off_ms: int) -> Int:
    out, first_ms = new_lean(tape.n_runners), off_ms - 1000 * LEAN_FROM_S
    lean_tape(out, tape.message_ms, tape.message_row, rows_of(tape), first_ms, off_ms, LONGEST)
    return out.sums
