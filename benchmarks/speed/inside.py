"""Where the time of replays goes inside the compiled code, kernel by kernel: sampled by Linux's `perf`.

    python -m benchmarks.speed.inside [--caf | --daf] [--markets N] [--configurations N] [--seconds S]

Compiled kernels have no names a sampler could read. So the machine code is taken as numba loads it from disk, the functions in
it are looked up in its own table of symbols, and `perf` is told where each lies by the file it reads for just-in-time code.
A kernel that was made part of its callers counts as theirs.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from numba.core.codegen import CPUCodegen

import simcore
from benchmarks.speed.making import quietly
from benchmarks.speed.replay import caf_sets, daf_sets
from simcore import TapeStore
from simcore.bench import prepare
from simcore.configurations import configurations
from simcore.engine import warm
from simcore.kernels.many import run_many
from sweeps.app.synth import SynthRequest, make_markets

SPORTS = {"caf": "horses", "daf": "greyhounds"}
SETS = {"caf": caf_sets, "daf": daf_sets}
_NUMBERED = re.compile(r"(\d+)([A-Za-z_].*)")
_SYMBOL = struct.Struct("<IBBHQQ")


class Placed(NamedTuple):
    """A function in a piece of machine code: bytes from its beginning, and how many."""

    name: str
    offset: int
    size: int


def functions_of(machine_code: bytes) -> Iterator[Placed]:
    """The functions in an ELF object of 64 bits."""
    (sections,) = struct.unpack_from("<Q", machine_code, 40)
    entry_size, count = struct.unpack_from("<HH", machine_code, 58)
    headers = [struct.unpack_from("<IIQQQQIIQQ", machine_code, sections + i * entry_size) for i in range(count)]
    for header in headers:
        if header[1] != 2:  # a table of symbols
            continue
        names = headers[header[6]][4]
        for place in range(header[4], header[4] + header[5], _SYMBOL.size):
            name, info, _, _, offset, size = _SYMBOL.unpack_from(machine_code, place)
            if info & 15 == 2 and size:  # a function with a body
                end = machine_code.index(b"\0", names + name)
                yield Placed(machine_code[names + name : end].decode(), offset, size)


def plain_name(symbol: str) -> str:
    """`see_ladder` of numba's name for what it made of `simcore.kernels.harness.see_ladder`."""
    name, rest = symbol, symbol.removeprefix("_ZN")
    while rest != symbol and (found := _NUMBERED.match(rest)):
        name, rest = found[2][: int(found[1])], found[2][int(found[1]) :]
    return name


def remember_machine_code() -> dict[str, bytes]:
    """From now on numba's libraries by name, as they come from disk."""
    known: dict[str, bytes] = {}
    usual = CPUCodegen.unserialize_library

    def kept(self: Any, serialized: Any) -> Any:
        name, kind, content = serialized
        if kind == "object":
            known[name] = content[0]
        return usual(self, serialized)

    CPUCodegen.unserialize_library = kept
    return known


def name_for_perf(known: dict[str, bytes]) -> None:
    """Tell `perf` where the functions of `run_many` lie in this process."""
    (compiled,) = run_many.overloads.values()
    machine_code = known.get(compiled.library.name)
    if machine_code is None:
        raise SystemExit("the kernels were compiled just now, not loaded from disk; run this once more")
    functions = list(functions_of(machine_code))
    main = compiled.fndesc.llvm_func_name
    address = compiled.library.get_pointer_to_function(main)
    base = address - next(each.offset for each in functions if each.name == main)
    lines = [f"{base + each.offset:x} {each.size:x} {plain_name(each.name)}\n" for each in functions]
    Path(f"/tmp/perf-{os.getpid()}.map").write_text("".join(lines))  # where perf looks


def sample(core: str, markets: int, count: int, seconds: float, work: Path) -> tuple[list[tuple[str, float]], float]:
    """Shares of the time by function, the largest first, and milliseconds of CPU a replay."""
    known = remember_machine_code()
    warm(core)
    name_for_perf(known)
    store = work / "store"
    make_markets(SynthRequest(SPORTS[core], markets, 1, 11, store), 1, quietly)
    opened = TapeStore.open(store)
    benches = [prepare(opened.tape(market_id)) for market_id in opened.markets()["market_id"]]
    laid_out = configurations(SETS[core](count, 900.0))
    for bench in benches:
        simcore.replay_batch(bench, core, laid_out)
    data = work / "samples"
    command = ["perf", "record", "-q", "-F", "4000", "-e", "cpu-clock:u", "-p", str(os.getpid()), "-o", str(data)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as recorder:
        time.sleep(1.0)
        begun, replays = time.process_time(), 0
        while time.process_time() - begun < seconds:
            for bench in benches:
                simcore.replay_batch(bench, core, laid_out)
            replays += len(benches) * count
        spent = time.process_time() - begun
        recorder.send_signal(signal.SIGINT)
    return _shares(data), 1000 * spent / replays


def _shares(data: Path) -> list[tuple[str, float]]:
    command = ["perf", "report", "-i", str(data), "--stdio", "--no-children", "--sort", "symbol", "-t", ";"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    shares: dict[str, float] = {}
    for line in said.splitlines():
        if found := re.match(r"\s*([\d.]+)%\s*;\s*\[\.\]\s+(\S+)", line):
            name = "elsewhere" if found[2].startswith("0x") else found[2]
            shares[name] = shares.get(name, 0.0) + float(found[1])
    return sorted(shares.items(), key=lambda item: -item[1])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed.inside", description="Samples replays, kernel by kernel."
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--caf", dest="core", action="store_const", const="caf", default="caf", help="the maker on horses"
    )
    which.add_argument("--daf", dest="core", action="store_const", const="daf", help="the drift trade on greyhounds")
    parser.add_argument("--markets", type=int, default=6, help="markets made (6)")
    parser.add_argument("--configurations", type=int, default=50, help="of a batch (50)")
    parser.add_argument("--seconds", type=float, default=5.0, help="of sampling (5)")
    parser.add_argument("--most", type=int, default=25, help="lines printed (25)")
    asked = parser.parse_args()
    if shutil.which("perf") is None:
        raise SystemExit(
            "this samples with `perf`, which is not installed; install your system's linux-tools or linux-perf"
        )
    with tempfile.TemporaryDirectory(prefix="furlong-inside-") as work:
        shares, each_ms = sample(asked.core, asked.markets, asked.configurations, asked.seconds, Path(work))
    sport = SPORTS[asked.core]
    print(f"{asked.core} on {asked.markets} synthetic {sport} markets, {asked.configurations} configurations a batch:")
    print(f"{each_ms:.3g} ms of CPU a replay\n\n| kernel | of all |\n|---|--:|")
    for name, share in shares[: asked.most]:
        print(f"| `{name}` | {share:.1f} % |")
    print(f"| the rest | {sum(share for _, share in shares[asked.most :]):.1f} % |")


if __name__ == "__main__":
    main()
