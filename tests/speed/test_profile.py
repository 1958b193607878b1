"""The clocks of a sweep's profile: a part is charged for its own time only, and nothing is charged twice."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numba import njit

from benchmarks.speed import profiled
from benchmarks.speed.clocks import Clocks
from benchmarks.speed.profiling import profile_lines, rows, shown
from benchmarks.speed.sweeping import kernels_s
from benchmarks.speed.timing import Spent
from simcore.kernels.compiling import Int1, compile_kernel


def burn(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_a_part_is_not_charged_for_the_parts_within_it() -> None:
    clocks = Clocks()
    inner = clocks.timed("inner", burn)

    def both() -> None:
        burn(0.02)
        inner(0.05)
        inner(0.01)
        burn(0.01)

    clocks.timed("outer", both)()
    assert clocks.parts["outer"][0] == pytest.approx(0.03, abs=0.008)
    assert clocks.parts["inner"][0] == pytest.approx(0.06, abs=0.008)
    assert (clocks.parts["outer"][2], clocks.parts["inner"][2]) == (1, 2)


def test_a_part_that_fails_gives_the_clock_back() -> None:
    clocks = Clocks()

    def fail() -> None:
        burn(0.01)
        raise ValueError("no")

    def outer() -> None:
        with pytest.raises(ValueError, match="no"):
            clocks.timed("inner", fail)()
        burn(0.03)

    clocks.timed("outer", outer)()
    assert clocks.parts["outer"][0] == pytest.approx(0.03, abs=0.008)


def test_an_iterators_steps_are_charged_and_what_is_done_between_them_is_not() -> None:
    clocks = Clocks()

    def steps() -> Iterator[int]:
        for i in range(3):
            burn(0.01)
            yield i

    for _ in clocks.each("steps", steps)():
        burn(0.03)
    assert clocks.parts["steps"][0] == pytest.approx(0.03, abs=0.008)


def test_a_thread_has_clocks_of_its_own() -> None:
    clocks = Clocks()
    thread = threading.Thread(target=clocks.timed("beside", burn), args=(0.04,))

    def main() -> None:
        thread.start()
        thread.join()

    clocks.timed("main", main)()
    assert clocks.parts["beside"][0] == pytest.approx(0.04, abs=0.008)
    assert clocks.parts["main"][0] < 0.02


@njit
def twice(values: Int1) -> None:
    for i in range(len(values)):
        values[i] *= 2


def test_a_timed_kernel_is_the_kernel_to_who_calls_and_who_compiles() -> None:
    timed = profiled._Timed(twice)
    compile_kernel(timed)
    values = np.arange(3)
    timed(values)
    assert values.tolist() == [0, 2, 4]
    if hasattr(twice, "signatures"):
        assert len(timed.signatures) == 1
    assert profiled._clocks.parts["kernel twice"][2] == 1


def test_the_table_adds_up_to_all_that_was_spent(tmp_path: Path) -> None:
    def told(name: str, cpu_s: float, parts: dict[str, list[float]]) -> None:
        (tmp_path / name).write_text(json.dumps({"cpu_s": cpu_s, "parts": parts}))

    told("driver.json", 5.0, {"Optuna: ask": [3.0, 4.0, 10]})
    told("worker-1.json", 4.0, {"kernel run": [2.0, 2.0, 7], "tapes read": [1.0, 1.0, 3]})
    told("worker-2.json", 3.0, {"kernel run": [2.5, 3.0, 8]})
    programs = {"python": 6.0, "raylet": 0.5, "ray::IDLE": 7.5, "ray::DashboardA": 1.0}
    spent = Spent(wall_s=20.0, cpu_s=15.0, by_program=programs)
    lines = profile_lines(tmp_path, spent)
    assert sum(line.cpu_s for line in lines) == pytest.approx(15.0)
    kernels = next(line for line in lines if line.part == "kernel run")
    assert (kernels.where, kernels.cpu_s, kernels.wall_s, kernels.calls) == ("workers", 4.5, 5.0, 15)
    page = shown(rows(lines, spent), as_markdown=True)
    assert "| workers | kernel run | 4.50 | 30.0 % | 5.00 | 15 |" in page
    assert "| all | kernels | 4.50 | 30.0 % |  |  |" in page
    assert "| Ray | ray::DashboardA | 1.00 | 6.7 % |  |  |" in page
    headings, *table = shown(rows(lines, spent), as_markdown=False).splitlines()
    assert headings.split("  ")[0] == "where"
    assert {len(line) for line in table} == {len(headings)}


def test_the_kernels_of_a_sweep_are_the_compiled_parts_of_its_workers(tmp_path: Path) -> None:
    for worker, parts in (
        (1, {"kernel run": [2.0, 2.0, 7], "tapes read": [1.0, 1.0, 3]}),
        (2, {"kernel run": [2.5, 3, 8]}),
    ):
        (tmp_path / f"worker-{worker}.json").write_text(json.dumps({"cpu_s": 9.0, "parts": parts}))
    (tmp_path / "driver.json").write_text(json.dumps({"cpu_s": 5.0, "parts": {"kernel of the driver": [3.0, 4.0, 10]}}))
    assert kernels_s(tmp_path) == 4.5
