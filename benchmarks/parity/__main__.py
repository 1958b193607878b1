"""`python -m benchmarks.parity`: every real recording through both simulations; writes docs/parity.md.

Finished markets are kept (furlong-data/parity), so a run that was stopped goes on where it was; an edit to the simulator or to
this comparison starts anew. Exit code 1 where a disagreement has no name.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flumine
from rich.progress import Progress

from benchmarks.parity.comparing import Tally, compare_market
from benchmarks.parity.feed import Passed, markets_of
from benchmarks.parity.table import counts_by_name, table
from simcore.kernels import source_hash
from simcore.tapes.facts import sport_of

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def main() -> int:
    """Compare all, write the table, say what is unexplained."""
    options = _options()
    folder = options.recordings
    if not (folder / "catalogue.json").is_file():
        print(
            f"`--recordings` must be a folder with a catalogue.json, got {folder}; set FURLONG_RECORDINGS",
            file=sys.stderr,
        )
        return 2
    files = named_files(folder)
    kept = Kept(options.state)
    with Progress(transient=True) as progress:
        task = progress.add_task("recordings", total=sum((folder / name).stat().st_size for name in files))
        for name in files:
            progress.update(task, description=Path(name).name[-40:])
            if name not in kept.files and not options.finished:
                kept.add(name, list(compare_file(folder / name)))
            progress.advance(task, (folder / name).stat().st_size)
    total, by_sport, passed = kept.totals(files)
    missing = [Path(name).name for name in files if name not in kept.files]
    options.out.write_text(table(total, by_sport, passed, missing))
    print(f"{total.orders} orders on {total.markets} markets: {total.agreed} agree, {counts_by_name(total)}")
    print(*total.unexplained, sep="\n")
    print(f"unexplained: {len(total.unexplained)}; table in {options.out}")
    return 1 if total.unexplained else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parity", description=__doc__)
    folder = os.environ.get("FURLONG_RECORDINGS") or ROOT.parent / "shared" / "data"
    parser.add_argument("--recordings", type=Path, default=Path(folder), help="folder of the real recordings")
    parser.add_argument(
        "--state", type=Path, default=ROOT / "furlong-data" / "parity", help="where finished markets are kept"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "parity.md", help="the table")
    parser.add_argument("--finished", action="store_true", help="run nothing, write the table of what is finished")
    return parser.parse_args()


def named_files(folder: Path) -> list[str]:
    """Recordings with a market that has a ladder and trades, by the catalogue."""
    entries = json.loads((folder / "catalogue.json").read_text())
    both = (e for e in entries if any(m["lines_with_ladder"] and m["lines_with_trades"] for m in e["markets"]))
    return [entry["file"] for entry in both]


def compare_file(path: Path) -> Iterator[dict[str, Any]]:
    """One row a market: its sport and tally, or why it was passed."""
    for market in markets_of(path):
        if isinstance(market, Passed):
            yield {"passed": market.reason}
        elif market.tradable:
            tally = compare_market(market)
            sport = sport_of(market.tape.info.event_type_id) or "sport not said"
            yield {"sport": sport, "tally": vars(tally)} if tally.orders else {"passed": "too short for an order"}


class Kept:
    """Finished recordings on disk, one JSON file for each state of the sources."""

    def __init__(self, folder: Path) -> None:
        digest = hashlib.sha256((source_hash(("kernels", "strategies")) + flumine.__version__).encode())
        for source in sorted(HERE.glob("*.py")):
            digest.update(source.read_bytes())
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{digest.hexdigest()[:16]}.jsonl"
        self.files: dict[str, list[dict[str, Any]]] = {}
        if self.path.is_file():
            for line in self.path.read_text().splitlines():
                row = json.loads(line)
                self.files[row["file"]] = row["markets"]

    def add(self, name: str, markets: list[dict[str, Any]]) -> None:
        """A recording is finished."""
        self.files[name] = markets
        with self.path.open("a") as file:
            file.write(json.dumps({"file": name, "markets": markets}) + "\n")

    def totals(self, files: list[str]) -> tuple[Tally, dict[str, Tally], Counter[str]]:
        """Everything, by sport, and the markets passed by reason."""
        total, by_sport, passed = Tally(), {}, Counter()
        for row in (row for name in files for row in self.files.get(name, ())):
            if "passed" in row:
                passed[row["passed"]] += 1
                continue
            values = row["tally"]
            tally = Tally(**{**values, "by_class": Counter(values["by_class"])})
            total.add(tally)
            by_sport.setdefault(row["sport"], Tally()).add(tally)
        return total, by_sport, passed


if __name__ == "__main__":
    sys.exit(main())
