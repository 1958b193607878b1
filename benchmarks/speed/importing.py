"""Stream files to tapes, beside betfair_data handing the same files' ladders to Python and beside unpacking them alone; what a
second worker and another bz2 decoder give; the tapes' size and opening."""

from __future__ import annotations

import bz2
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.speed import two_workers
from benchmarks.speed.figures import Figure, missing
from benchmarks.speed.peers import PeerMissingError, Peers
from benchmarks.speed.recordings import Entry, spread
from benchmarks.speed.timing import best_of, seconds_each
from simcore.tapes.store import TapeStore
from simcore.tapes.tape import ARRAYS
from sweeps.app.importing import import_files

PACKAGE = "betfair_data"
UNIT = "MB of raw JSON a second on one core"
MB = 1e6
MANY = 1000
"""more official files than there are: all of them"""


def official_files(folder: Path, count: int) -> list[Path]:
    """`count` bz2 files as the exchange sells them, spread over their sizes, each content once."""
    entries: list[Entry] = json.loads((folder / "catalogue.json").read_text())
    sold = {entry["sha256"]: entry for entry in entries if entry["file"].endswith(".bz2") and _is_sold(entry)}
    ordered = sorted(sold.values(), key=lambda entry: (entry["bytes"], entry["file"]))
    return [folder / entry["file"] for entry in spread(ordered, count)]


def _is_sold(entry: Entry) -> bool:
    markets = entry["markets"]
    return bool(markets) and all(m["tier"].startswith("PRO (official") and m["usable_for_replay"] for m in markets)


def measure(recordings: Path, work: Path, peers: Peers, *, files: int, copies: int, repeats: int) -> Iterator[Figure]:
    """Import, one process, against the peer and against bz2; what tapes take on disk and to open; two workers against one."""
    paths = official_files(recordings, files)
    raw = sum(len(bz2.decompress(path.read_bytes())) for path in paths)
    bare_s, _ = best_of(repeats, lambda: [bz2.decompress(path.read_bytes()) for path in paths])
    stores = (work / f"import-{number}" for number in range(repeats))
    import_files(paths[:1], work / "import-warm", workers=1)
    ours_s, _ = best_of(repeats, lambda: import_files(paths, next(stores), workers=1))
    about = f"CPU, best of {repeats}, {len(paths)} official files, {raw / MB:,.0f} MB of JSON"
    ours, bare = raw / ours_s / MB, raw / bare_s / MB
    yield _against_peer(peers, paths, ours, raw, repeats, about)
    yield Figure(
        "import-vs-bz2", ours, UNIT, "floor: bz2 decompression", ours / bare, bare, ">= 0.6", about, {"raw_bytes": raw}
    )
    yield _decoder(peers, paths, ours_s, raw, repeats)
    tapes = sum(path.stat().st_size for path in (work / "import-0" / "tapes").rglob("*") if path.is_file())
    note = f"{tapes / MB:,.1f} MB of tapes"
    yield Figure("tape-bytes-vs-json", tapes / raw, "of the raw JSON", "raw JSON", raw / tapes, 1.0, ">= 6", note)
    yield _opening(TapeStore.open(work / "import-0"), repeats)
    yield two_workers.measure(official_files(recordings, MANY if copies > 1 else files), work, copies=copies)


def _decoder(peers: Peers, paths: Sequence[Path], ours_s: float, raw: int, repeats: int) -> Figure:
    """Another bz2 decoder beside Python's on one core, and what an import would gain by it."""
    name, unit, peer = "bz2-rapidgzip-vs-python", "MB of raw JSON a second, one thread", "Python's bz2"
    try:
        said = peers.run("rapidgzip", "with_rapidgzip.py", str(repeats), *map(str, paths))
    except PeerMissingError as reason:
        return missing(name, unit, peer, str(reason))
    python, one, two = (said[key] for key in ("python", "one", "two"))
    note = (
        f"CPU, the decoder alone; with it an import would take {1 - (python['cpu_s'] - one['cpu_s']) / ours_s:.3g} of its "
        f"time. "
        f"With two threads a file is unpacked in {two['wall_s'] / python['wall_s']:.3g} of the wall time by "
        f"{two['cpu_s'] / python['cpu_s']:.3g} of the CPU time"
    )
    speeds = raw / one["cpu_s"] / MB, raw / python["cpu_s"] / MB
    return Figure(name, speeds[0], unit, peer, speeds[0] / speeds[1], speeds[1], note=note, detail=said)


def _opening(store: TapeStore, repeats: int) -> Figure:
    """Tapes from the store, beside reading once what they hold."""
    ids = store.markets()["market_id"].to_list()
    tapes = [store.tape(market_id) for market_id in ids]
    ours = 1000 * seconds_each(lambda: [store.tape(market_id) for market_id in ids], repeats) / len(ids)
    scan = (
        1000
        * seconds_each(lambda: [getattr(tape, name).sum() for tape in tapes for name in ARRAYS], repeats)
        / len(ids)
    )
    rows = sum(tape.n_rows for tape in tapes) / len(ids)
    note = f"CPU, {len(ids)} tapes of {rows:,.0f} rows on average; a batch of replays opens its tape once"
    return Figure(
        "tape-open-over-scan",
        ours,
        "ms a tape",
        "floor: reading its arrays once in memory",
        ours / scan,
        scan,
        note=note,
    )


def _against_peer(peers: Peers, paths: Sequence[Path], ours: float, raw: int, repeats: int, about: str) -> Figure:
    name, peer, wanted = "import-vs-betfair-data", "betfair_data 0.3.4 (Rust)", ">= 1"
    try:
        said = peers.run(PACKAGE, "with_betfair_data.py", str(repeats), *map(str, paths))
    except PeerMissingError as reason:
        return missing(name, UNIT, peer, str(reason), wanted, value=ours)
    theirs = raw / said["cpu_s"] / MB
    note = f"{about}; it hands over {said['books']:,} books with {said['levels']:,} levels, ours go to tapes on disk"
    return Figure(name, ours, UNIT, peer, ours / theirs, theirs, wanted, note, said)
