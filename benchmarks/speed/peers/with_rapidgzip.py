"""Run by the bench in the peers' environment: rapidgzip unpacks bz2 files, beside Python's own decoder.

Prints one line of JSON: CPU and wall seconds of Python's decoder (`python`), of rapidgzip with one thread and with two.
"""

from __future__ import annotations

import bz2
import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import rapidgzip


def main() -> None:
    repeats, files = int(sys.argv[1]), [Path(name).read_bytes() for name in sys.argv[2:]]
    ways: dict[str, Callable[[bytes], bytes]] = {
        "python": bz2.decompress,
        "one": lambda packed: rapidgzip.open(io.BytesIO(packed), parallelization=1).read(),
        "two": lambda packed: rapidgzip.open(io.BytesIO(packed), parallelization=2).read(),
    }
    assert all(unpack(files[0]) == bz2.decompress(files[0]) for unpack in ways.values())
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, unpack in ways.items():
            cpu_s, wall_s = time.process_time(), time.perf_counter()
            for packed in files:
                unpack(packed)
            taken[name].append((time.process_time() - cpu_s, time.perf_counter() - wall_s))
    best = {name: {"cpu_s": min(s for s, _ in runs), "wall_s": min(s for _, s in runs)} for name, runs in taken.items()}
    print(json.dumps(best))


if __name__ == "__main__":
    main()
