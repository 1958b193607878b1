"""The microstructure figures of a tape, real or synthetic, defined as in the measurements they are compared with.

Money taken is one-sided. Spreads are in ticks, sampled every second over runners with a best back of at most 20.0. Depth5
is the money within five ticks of the best, both sides. c/p and t/p are cancels and trades relative to placements, counted per
message, runner and price. `imbalance` correlates (best back size − best lay size)/(sum) with the sign of the next mid move
within 60 s.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simcore.errors import SimulationError
from simcore.synthetic import scan
from simcore.synthetic.scan import Scan
from simcore.tapes.facts import actual_off_ms
from simcore.tapes.tape import Tape
from simcore.units import N_TICKS, ODDS, tick_of

Int = NDArray[np.int64]
Real = NDArray[np.float64]

WINDOWS: Final = (">60m", "60-30m", "30-10m", "10-5m", "5-3m", "3-1m", "60-30s", "30-10s", "10-0s", "after")
EDGES_S: Final = (3600, 1800, 600, 300, 180, 60, 30, 10, 0)
"""seconds to the off where one window ends and the next begins"""
LONGEST: Final = tick_of(20.0)
"""runners whose best back is longer are left out of the samples"""

BY_WINDOW: Final = (
    "messages_per_s",
    "runner_updates_per_s",
    "level_updates_per_s",
    "volume_percent",
    "pounds_per_s",
    "spread_median",
    "spread_mean",
    "favourite_spread",
    "best_back_pounds",
    "best_lay_pounds",
    "favourite_best_pounds",
    "depth5_pounds",
    "levels_back",
    "levels_lay",
    "back_book",
    "lay_book",
    "cancels_per_placement",
    "trades_per_placement",
    "touch_moves_per_minute",
    "one_tick_share",
    "imbalance",
)
OVERALL: Final = (
    "matched_pounds",
    "runners",
    "off_delay_s",
    "trade_mean_pounds",
    "trade_p10_pounds",
    "trade_p50_pounds",
    "trade_p90_pounds",
    "side_autocorrelation",
    "placement_mean_pounds",
    "placement_p10_pounds",
    "placement_p50_pounds",
    "placement_p90_pounds",
    *(f"placed_{where}_percent" for where in ("improving", "at_best", "1", "2", "3_5", "6_15", "16")),
    *(f"cancelled_{where}_percent" for where in ("improving", "at_best", "1", "2", "3_5", "6_15", "16")),
    "mid_std_10s_ticks",
    "mid_std_60s_ticks",
    "imbalance_30m",
)


@dataclass(frozen=True)
class Figures:
    """Figures of one market, or their average over several. by_window[name] is (windows,), nan where there is nothing."""

    markets: int
    by_window: dict[str, Real]
    overall: dict[str, float]


def scan_of(tape: Tape, off_ms: int, longest_s: int, edges_s: Sequence[int] = EDGES_S) -> tuple[Scan, Int]:
    """The pass over a tape, counts cut at `edges_s` (falling), and seconds to the off of each sample."""
    first_ms = max(int(tape.message_ms[0]), off_ms - 1000 * longest_s)
    first_ms += (off_ms - first_ms) % 1000
    seconds = max((off_ms - first_ms) // 1000, 0)
    out = Scan(
        counts=np.zeros((len(edges_s) + 1, scan.N_COUNT), np.int64),
        placed_at=np.zeros(scan.N_DISTANCE, np.int64),
        cancelled_at=np.zeros(scan.N_DISTANCE, np.int64),
        samples=np.zeros((seconds, tape.n_runners, scan.N_SAMPLE), np.int64),
        events=np.zeros((tape.n_rows, 3), np.int64),
        n_events=np.zeros(1, np.int64),
        book=np.zeros((tape.n_runners, 2, N_TICKS), np.int64),
        best=np.tile(np.array([-1, N_TICKS]), (tape.n_runners, 1)),
        before=np.zeros((tape.n_runners, 2), np.int64),
    )
    edges, rows = np.array(edges_s, np.int64), rows_of(tape)
    scan.scan_tape(out, tape.message_ms, tape.message_row, rows, edges, off_ms, first_ms, tape.n_runners)
    return out, (off_ms - first_ms) // 1000 - np.arange(seconds)


def rows_of(tape: Tape) -> Int:
    """(rows, 5) int64 kind, book, runner, tick, size, as the passes read them."""
    return np.stack(
        [getattr(tape, name).astype(np.int64) for name in ("kind", "book", "runner", "tick", "size")], axis=1
    )


def figures_of(tape: Tape, longest_s: int = 3600) -> Figures:
    """All figures of one market up to `longest_s` before its off."""
    off_ms = actual_off_ms(tape, np.repeat(tape.message_ms, np.diff(tape.message_row)))
    if off_ms is None:
        raise SimulationError(f"market {tape.market_id} neither turns in-play nor closes; leave it out of the figures")
    out, to_off = scan_of(tape, off_ms, longest_s)
    started_s = min((off_ms - int(tape.message_ms[0])) / 1000, 10 * 3600)
    ended_s = max((int(tape.message_ms[-1]) - off_ms) / 1000, 1.0)
    by_window = {name: np.full(len(WINDOWS), np.nan) for name in BY_WINDOW}
    _add_rates(by_window, out, started_s, ended_s)
    window = np.searchsorted(-np.array(EDGES_S), -to_off, side="right")
    for w in range(len(WINDOWS)):
        inside = window == w
        if inside.any():
            _add_samples(by_window, w, out.samples[inside])
            by_window["imbalance"][w] = imbalance_correlation(out.samples, inside)
    overall = _sizes(out) | _moves(out.samples, to_off)
    overall["matched_pounds"] = float(out.counts[:-1, scan.TRADED_PENCE].sum() / 100)
    overall["runners"] = float(tape.n_runners)
    overall["off_delay_s"] = (off_ms - int(tape.start_ms[0])) / 1000 if len(tape.start_ms) else np.nan
    return Figures(1, by_window, overall)


def _add_rates(by_window: dict[str, Real], out: Scan, started_s: float, ended_s: float) -> None:
    edges = np.array([np.inf, *EDGES_S, -ended_s])
    length = np.clip(np.minimum(edges[:-1], started_s) - edges[1:], 0, None)
    seconds = np.where(length > 1, length, np.nan)
    counts = out.counts.astype(np.float64)
    for name, column in (("messages", 0), ("runner_updates", 1), ("level_updates", 2)):
        by_window[f"{name}_per_s"] = counts[:, column] / seconds
    pounds = counts[:, scan.TRADED_PENCE] / 100
    by_window["pounds_per_s"] = pounds / seconds
    by_window["volume_percent"] = np.where(np.isnan(seconds), np.nan, 100 * pounds / max(pounds[:-1].sum(), 0.01))
    places = np.where(counts[:, scan.PLACEMENTS] > 0, counts[:, scan.PLACEMENTS], np.nan)
    by_window["cancels_per_placement"] = counts[:, scan.CANCELS] / places
    by_window["trades_per_placement"] = counts[:, scan.TRADES] / places
    moves = counts[:, scan.TOUCH_MOVES]
    by_window["touch_moves_per_minute"] = 60 * moves / seconds / out.samples.shape[1]
    by_window["one_tick_share"] = counts[:, scan.TOUCH_MOVES_ONE] / np.where(moves > 0, moves, np.nan)


def priced(samples: Int) -> NDArray[np.bool_]:
    """Which samples have both prices and are not too long to count."""
    bid, offer = samples[..., scan.BID], samples[..., scan.OFFER]
    return (bid >= 0) & (bid <= LONGEST) & (offer < len(ODDS))


def _add_samples(by_window: dict[str, Real], w: int, samples: Int) -> None:
    usable = priced(samples)
    if not usable.any():
        return
    chosen = samples[usable]
    spread = chosen[:, scan.OFFER] - chosen[:, scan.BID]
    by_window["spread_median"][w], by_window["spread_mean"][w] = np.median(spread), spread.mean()
    for name, column, scale in (
        ("best_back_pounds", scan.BID_PENCE, 100),
        ("best_lay_pounds", scan.OFFER_PENCE, 100),
        ("depth5_pounds", scan.DEPTH_PENCE, 100),
        ("levels_back", scan.BID_LEVELS, 1),
        ("levels_lay", scan.OFFER_LEVELS, 1),
    ):
        by_window[name][w] = np.median(chosen[:, column]) / scale
    back = np.where(samples[..., scan.BID] >= 0, samples[..., scan.BID], len(ODDS))
    rows, favourite = np.arange(len(samples)), back.argmin(axis=1)
    first = samples[rows, favourite][usable[rows, favourite]]
    if len(first):
        by_window["favourite_spread"][w] = (first[:, scan.OFFER] - first[:, scan.BID]).mean()
        by_window["favourite_best_pounds"][w] = np.median(first[:, scan.BID_PENCE]) / 100
    both = ((samples[..., scan.BID] >= 0) & (samples[..., scan.OFFER] < len(ODDS))).all(axis=1)
    if both.any():
        by_window["back_book"][w] = np.median((1 / ODDS[samples[both][..., scan.BID]]).sum(axis=1))
        by_window["lay_book"][w] = np.median((1 / ODDS[samples[both][..., scan.OFFER]]).sum(axis=1))


def imbalance_correlation(samples: Int, inside: NDArray[np.bool_]) -> float:
    """Correlation of the touch's imbalance with the sign of the next mid move within 60 s, over samples `inside`."""
    pairs = [_next_moves(samples[:, r], inside) for r in range(samples.shape[1])]
    lean, sign = (np.concatenate(column) for column in zip(*pairs, strict=True))
    if len(lean) < 30 or lean.std() == 0 or sign.std() == 0:
        return float("nan")
    return float(np.corrcoef(lean, sign)[0, 1])


def _next_moves(one: Int, inside: NDArray[np.bool_]) -> tuple[Real, Real]:
    mid = one[:, scan.BID] + one[:, scan.OFFER]
    changed = np.flatnonzero(np.diff(mid) != 0) + 1
    following = np.searchsorted(changed, np.arange(len(mid)), side="right")
    has = following < len(changed)
    at = changed[np.minimum(following, max(len(changed) - 1, 0))] if len(changed) else np.zeros(len(mid), np.int64)
    ok = inside & has & priced(one) & (at - np.arange(len(mid)) <= 60)
    ok &= priced(one)[np.minimum(at, len(mid) - 1)]
    index = np.flatnonzero(ok)
    total = one[index, scan.BID_PENCE] + one[index, scan.OFFER_PENCE]
    lean = (one[index, scan.BID_PENCE] - one[index, scan.OFFER_PENCE]) / np.maximum(total, 1)
    return lean, np.sign(mid[at[index]] - mid[index]).astype(np.float64)


def _moves(samples: Int, to_off: Int) -> dict[str, float]:
    """Standard deviation of the mid's change in the last 10 minutes, and the pooled imbalance of the last 30."""
    result = {}
    late = to_off <= 600
    mid = (samples[late][..., scan.BID] + samples[late][..., scan.OFFER]) / 2
    usable = priced(samples[late])
    for seconds in (10, 60):
        both = usable[seconds:] & usable[:-seconds]
        change = (mid[seconds:] - mid[:-seconds])[both]
        result[f"mid_std_{seconds}s_ticks"] = float(change.std()) if len(change) > 30 else float("nan")
    result["imbalance_30m"] = imbalance_correlation(samples, to_off <= 1800) if len(samples) else float("nan")
    return result


def _sizes(out: Scan) -> dict[str, float]:
    events = out.events[: out.n_events[0]]
    result: dict[str, float] = {}
    for name, kind in (("trade", 0), ("placement", 1)):
        pounds = events[events[:, 0] == kind, 1] / 100
        values = (pounds.mean(), *np.quantile(pounds, (0.1, 0.5, 0.9))) if len(pounds) else (np.nan,) * 4
        for what, value in zip(("mean", "p10", "p50", "p90"), values, strict=True):
            result[f"{name}_{what}_pounds"] = float(value)
    result["side_autocorrelation"] = _side_autocorrelation(events)
    for name, counts in (("placed", out.placed_at), ("cancelled", out.cancelled_at)):
        for where, share in zip(("improving", "at_best", "1", "2", "3_5", "6_15", "16"), counts, strict=True):
            result[f"{name}_{where}_percent"] = 100 * float(share) / max(int(counts.sum()), 1)
    return result


def _side_autocorrelation(events: Int) -> float:
    """Lag-one correlation of the hit side of a runner's successive trades."""
    hits = events[(events[:, 0] == 0) & (events[:, 2] >= 0), 2]
    before, after = [], []
    for r in np.unique(hits // 2):
        side = hits[hits // 2 == r] % 2
        before.append(side[:-1])
        after.append(side[1:])
    first = np.concatenate(before) if before else np.zeros(0)
    second = np.concatenate(after) if after else np.zeros(0)
    if len(first) < 30 or first.std() == 0 or second.std() == 0:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])


def averaged(figures: Iterable[Figures]) -> Figures:
    """Median over markets of every figure, means where the figure is itself a mean (`*_mean*`, `volume_percent`)."""
    every = list(figures)
    if not every:
        raise SimulationError("there is no market to take figures of; import or make some first")
    by_window = {}
    for name in BY_WINDOW:
        stacked = np.stack([one.by_window[name] for one in every])
        by_window[name] = _over_markets(name, stacked)
    overall = {n: float(_over_markets(n, np.array([[one.overall[n]] for one in every]))[0]) for n in OVERALL}
    return Figures(sum(one.markets for one in every), by_window, overall)


def _over_markets(name: str, stacked: Real) -> Real:
    mean = "mean" in name or "percent" in name or "per_s" in name or "per_minute" in name
    result = np.full(stacked.shape[1], np.nan)
    for column in range(stacked.shape[1]):
        known = stacked[:, column][~np.isnan(stacked[:, column])]
        if len(known):
            result[column] = known.mean() if mean else np.median(known)
    return result
