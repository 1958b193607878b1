"""Every real recording as tapes, and orders near the touch of what it displayed."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from simcore import dtypes as d
from simcore.errors import RecordingError
from simcore.streams import compile_stream
from simcore.tapes.tape import Tape
from simcore.units import N_TICKS, ODDS
from tests.kernels.properties import sides_of
from tests.kernels.requested import CUTS, KINDS, PERSISTENCE, Row, kind_of

FEWEST_MESSAGES = 50
STAKES = (200, 500, 777, 2000, 20_000)

RECORDINGS = (
    "betfair-down-under__autoHubTutorials__1.195395445.bz2",
    "betfair-down-under__autoHubTutorials__1.195453611.bz2",
    "betcode-org__flumine__1.197931750",
)


def real_tape(recordings: Path, name: str) -> Tape:
    folder = recordings / "recordings"
    (path,) = [path for path in folder.iterdir() if path.name.startswith(name)]
    return compile_stream(path)[0]


@lru_cache(maxsize=1)
def every_tape(folder: Path) -> list[Tape]:
    """The markets of all recordings that can be replayed; what cannot be imported is another room's test."""
    tapes: list[Tape] = []
    for path in sorted((folder / "recordings").iterdir()):
        try:
            tapes += compile_stream(path)
        except RecordingError:
            continue
    return [tape for tape in tapes if tape.info.has_definition and tape.n_messages >= FEWEST_MESSAGES]


def open_messages(tape: Tape) -> list[int]:
    """Messages after which the market is open and has not been in-play."""
    found: list[int] = []
    is_open = in_play = False
    for message in range(tape.n_messages):
        rows = slice(tape.message_row[message], tape.message_row[message + 1])
        for kind, size in zip(tape.kind[rows], tape.size[rows], strict=True):
            is_open = size == d.OPEN if kind == d.STATUS else is_open
            in_play = in_play or bool(kind == d.IN_PLAY and size)
        if is_open and not in_play:
            found.append(message)
    return found


def touches(tape: Tape, rng: Random, n: int) -> list[tuple[int, int, int, int]]:
    """(message, runner, best tick to back, best tick to lay) of `n` moments of the open market, oldest first."""
    from_open = open_messages(tape)
    chosen = set(rng.sample(from_open, min(n, len(from_open))))
    found: list[tuple[int, int, int, int]] = []
    for message, (_, books) in enumerate(tape.books()):
        two_sided = np.flatnonzero(books.any(axis=2).all(axis=1)) if message in chosen else ()
        if len(two_sided):
            runner = int(rng.choice(two_sided))
            back, lay = (np.flatnonzero(books[runner, book]) for book in (d.ATB, d.ATL))
            found.append((message, runner, int(back[-1]), int(lay[0])))
    return found


def near(rng: Random, side: str, back: int, lay: int) -> float:
    """Odds a few ticks around the price at which an order of this side joins the queue."""
    tick = (lay if side == "BACK" else back) + rng.choice((-3, -1, -1, 0, 0, 0, 0, 1, 1, 3))
    return float(ODDS[min(max(tick, 0), N_TICKS - 1)])


def real_requests(tape: Tape, rng: Random, n: int = 14) -> list[Row]:
    """Orders of every kind near the touch, some of them cut, cancelled or replaced a little later."""
    rows: list[Row] = []
    for number, (message, runner, back, lay) in enumerate(touches(tape, rng, n)):
        sent_ms = int(tape.message_ms[message]) + rng.choice((0, 5, 300))
        known = list(sides_of(rows))
        if known and rng.random() < 0.3:
            rows.append(_change(rng, rng.choice(known), f"o{number}", sent_ms, rows, (back, lay)))
            continue
        side, pence = rng.choice(("BACK", "LAY")), rng.choice(STAKES)
        selection_id = tape.info.runners[runner].selection_id
        row: dict[str, Any] = {
            "kind": "place",
            "order_id": f"o{number}",
            "time_ms": sent_ms,
            "size_pounds": pence / 100,
        }
        row |= {"selection_id": selection_id, "side": side, "odds": near(rng, side, back, lay)}
        rows.append(row | {"persistence": rng.choice(PERSISTENCE)} | kind_of(rng.choice(KINDS), pence))
    return rows


def _change(rng: Random, old: str, new: str, sent_ms: int, rows: list[Row], touch: tuple[int, int]) -> Row:
    row: Row = {"order_id": old, "time_ms": sent_ms}
    if rng.random() < 0.5:
        pence = rng.choice(CUTS)
        return row | {"kind": "cancel", "size_pounds": pence / 100 if pence else None}
    return row | {"kind": "replace", "new_order_id": new, "odds": near(rng, sides_of(rows)[old][1], *touch)}
