"""Rows of a tape a second with the maker on, beside hftbacktest's events a second with a maker on its own kind of feed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np

import simcore
from benchmarks.speed.figures import Figure, missing
from benchmarks.speed.peers import PeerMissingError, Peers
from benchmarks.speed.recordings import Raced
from benchmarks.speed.replay import caf_sets, fills_of
from benchmarks.speed.timing import seconds_each
from simcore import Tape, TapeStore
from simcore.strategies.caf import Caf

NAME, PACKAGE = "maker-events-vs-hftbacktest", "hftbacktest"
UNIT, PEER, WANTED = "million rows a second", "hftbacktest 2.4.4", ">= 2"


@dataclass
class Passed:
    """What our side did on all recordings.

    rows    : while the maker was on;  before : all rows up to the off
    polls, fills : of the first configuration
    seconds : CPU a configuration of a batch;  alone_s : of one by itself
    """

    rows: int = 0
    before: int = 0
    polls: int = 0
    fills: int = 0
    seconds: float = 0.0
    alone_s: float = 0.0


def measure(
    raced: Sequence[Raced],
    store: TapeStore,
    peers: Peers,
    *,
    window_s: float,
    batch: int,
    events: int,
    repeats: int,
) -> Iterator[Figure]:
    """CAF V2 on for the last part before the off, against the peer's maker. Rows of that part count, once a configuration."""
    ours = _pass(raced, store, caf_sets(batch, window_s), window_s, repeats)
    rate = ours.rows / ours.seconds / 1e6
    try:
        said = peers.run(PACKAGE, "with_hftbacktest.py", str(events), str(repeats))
    except PeerMissingError as reason:
        yield missing(NAME, UNIT, PEER, str(reason), WANTED, value=rate)
        return
    theirs = said["events"] / said["maker_s"] / 1e6
    alone = said["events"] / said["replay_s"] / 1e6
    note = (
        f"CPU, best of {repeats}; ours: {ours.rows:,} rows of {len(raced)} recordings in the last {window_s:.0f} s and up to "
        f"the off ({ours.before:,} from their beginning), {ours.polls:,} polls, {ours.fills:,} fills, all simulation on, a "
        f"configuration of a batch of {batch} (one alone, its market looked through first: "
        f"{ours.rows / ours.alone_s / 1e6:.3g} million a second); "
        f"theirs: {events:,} events of a generated feed, {said['orders']:,} orders, {said['fills']:,} fills (without a maker "
        f"{alone:.3g} million a second); neither counts compiling"
    )
    yield Figure(NAME, rate, UNIT, PEER, rate / theirs, theirs, WANTED, note, {**said, **asdict(ours)})


def _pass(raced: Sequence[Raced], store: TapeStore, sets: Sequence[Caf], window_s: float, repeats: int) -> Passed:
    done = Passed()
    for market in raced:
        tape, row = store.tape(market.market_id), store.row(market.market_id)
        result = simcore.replay_batch(tape, "caf", sets[:1])[0]
        first, last = (_row_at(tape, ms) for ms in (int(tape.start_ms[-1]) - 1000 * window_s, row["actual_off_ms"]))
        done.rows, done.before = done.rows + last - first, done.before + last
        done.polls, done.fills = done.polls + result.polls, done.fills + fills_of(result)
        done.alone_s += seconds_each(partial(simcore.replay_batch, tape, "caf", sets[:1]), repeats)
        done.seconds += seconds_each(partial(simcore.replay_batch, tape, "caf", sets), repeats) / len(sets)
    return done


def _row_at(tape: Tape, published_ms: float) -> int:
    """Rows published before that."""
    return int(tape.message_row[np.searchsorted(tape.message_ms, published_ms)])
