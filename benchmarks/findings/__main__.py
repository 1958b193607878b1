"""`python -m benchmarks.findings`: make or import the markets, replay every configuration on them, write docs/findings.md."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.findings.page import page
from benchmarks.findings.running import DataSet, Found, recorded, replay_all, synthetic
from simcore.errors import SimcoreError
from simcore.models.simulation import resolve_simulation
from sweeps.app.importing import default_workers
from sweeps.errors import ConfigError, SweepError
from sweeps.home import Home

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "make findings"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0, 2 for a mistake, 130 when interrupted."""
    given = _parser().parse_args(arguments)
    try:
        text, every = _run(given)
        given.out.write_text(text, encoding="utf-8")
    except (SimcoreError, SweepError) as error:
        print(f"findings: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("findings: interrupted; what was finished is kept, run it again to go on", file=sys.stderr)
        return 130
    print(f"{sum(one.markets for one in every)} markets: {given.out}")
    return 0


def _parser() -> argparse.ArgumentParser:
    recordings = Path(os.environ.get("FURLONG_RECORDINGS", ROOT.parent / "shared" / "data"))
    parser = argparse.ArgumentParser(prog="python -m benchmarks.findings", description=__doc__)
    parser.add_argument("--markets", type=int, default=1000, metavar="N", help="synthetic markets of each sport")
    parser.add_argument("--simulation", default="default", metavar="PRESET", help="assumptions of the replays")
    parser.add_argument(
        "--recordings", type=Path, default=recordings, metavar="DIR", help="folder of real stream files"
    )
    parser.add_argument("--no-recordings", action="store_true", help="leave the real markets out")
    parser.add_argument("--home", type=Path, default=Home.from_environment().path / "findings", metavar="DIR")
    parser.add_argument("--workers", type=int, default=default_workers(), metavar="N", help="processes")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "findings.md", metavar="FILE")
    return parser


def _run(given: argparse.Namespace) -> tuple[str, list[Found]]:
    simulation = resolve_simulation(given.simulation)
    if given.markets < 1 or given.workers < 1:
        raise ConfigError("`--markets` and `--workers` must be at least 1")
    if given.out.is_dir() or not given.out.absolute().parent.is_dir():
        raise ConfigError(f"{str(given.out)!r} cannot be written; name a file in a folder that exists with `--out`")
    if not given.no_recordings and not given.recordings.exists():
        raise ConfigError(
            f"there are no recordings at {str(given.recordings)!r}; name their folder with `--recordings` or "
            f"FURLONG_RECORDINGS, or leave them out with `--no-recordings`"
        )
    with _Bar() as progress:
        every = [replay_all(one, simulation, given.home, given.workers, progress) for one in _sets(given, progress)]
    return page(every, given.simulation, simulation, COMMAND), every


def _sets(given: argparse.Namespace, progress: _Bar) -> list[DataSet]:
    made = [synthetic(given.home, sport, given.markets, given.workers, progress) for sport in ("greyhounds", "horses")]
    if given.no_recordings:
        return made
    store = recorded(given.home, given.recordings, given.workers, progress)
    real = [
        DataSet(f"real {sport}", store, {"sport": sport, "market_type": "WIN"}, synthetic=False)
        for sport in ("horses", "greyhounds")
    ]
    return made + real


class _Bar:
    """A progress bar a step on a terminal, nothing elsewhere."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        console = Console(stderr=True)
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._tasks: dict[str, object] = {}

    def __call__(self, what: str, done: int, of: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=of)
        self._progress.update(self._tasks[what], completed=done, total=of)  # type: ignore[arg-type]

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


if __name__ == "__main__":
    sys.exit(main())
