"""Rows of a tape a second with the maker on, beside hftbacktest's events a second with a maker on its own kind of feed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

import simcore
from benchmarks.speed.figures import Figure, missing
from benchmarks.speed.peers import PeerMissingError, Peers
from benchmarks.speed.recordings import Raced
from benchmarks.speed.timing import seconds_each
from simcore import Tape, TapeStore
from simcore.strategies.caf import CAF

NAME, PACKAGE = "maker-events-vs-hftbacktest", "hftbacktest"
ALL_DAY_S = 86_400.0
UNIT, PEER, WANTED = "million rows a second", "hftbacktest 2.4.4", ">= 2"


def rows_before_off(tape: Tape, off_ms: float) -> int:
    """Rows published before the off."""
    return int(tape.message_row[np.searchsorted(tape.message_ms, off_ms)])


def measure(raced: Sequence[Raced], store: TapeStore, peers: Peers, *, events: int, repeats: int) -> Iterator[Figure]:
    """CAF V2 on over whole recordings up to the off, against the peer's maker."""
    v2 = msgspec.structs.replace(
        CAF.presets["v2"], pick_s=ALL_DAY_S, start_s=ALL_DAY_S, contracts_pounds=25.0, skew_contracts_pounds=50.0
    )
    rows, polls, fills, seconds = 0, 0, 0, 0.0
    for market in raced:
        tape = store.tape(market.market_id)
        [result] = simcore.replay_batch(tape, "caf", [v2])
        rows += rows_before_off(tape, float(store.row(market.market_id)["actual_off_ms"]))
        polls, fills = polls + result.polls, fills + result.passive + result.aggressive + result.unattributed
        seconds += seconds_each(lambda tape=tape: simcore.replay_batch(tape, "caf", [v2]), repeats)  # type: ignore[misc]
    ours = rows / seconds / 1e6
    try:
        said = peers.run(PACKAGE, "with_hftbacktest.py", str(events), str(repeats))
    except PeerMissingError as reason:
        yield missing(NAME, UNIT, PEER, str(reason), WANTED, value=ours)
        return
    theirs = said["events"] / said["maker_s"] / 1e6
    alone = said["events"] / said["replay_s"] / 1e6
    note = (
        f"CPU, best of {repeats}; ours: {rows:,} rows of {len(raced)} whole recordings up to the off, {polls:,} polls, "
        f"{fills:,} fills, all simulation on; theirs: {events:,} events of a generated feed, {said['orders']:,} orders, "
        f"{said['fills']:,} fills (without a maker {alone:.3g} million a second); neither counts compiling"
    )
    detail = {**said, "our_rows": rows, "our_polls": polls, "our_fills": fills, "our_s": seconds}
    yield Figure(NAME, ours, UNIT, PEER, ours / theirs, theirs, WANTED, note, detail)
