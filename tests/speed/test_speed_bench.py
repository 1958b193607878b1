"""`make bench`: its twin of the cores for flumine, its clocks, what it does without a peer, and a tiny run of all of it."""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.speed import importing, peers
from benchmarks.speed.__main__ import main
from benchmarks.speed.bot import tick_at
from benchmarks.speed.figures import Figure, markdown, write_json
from benchmarks.speed.peers import PeerMissingError, Peers
from benchmarks.speed.quoting import Touch, quotes_of
from benchmarks.speed.scaling.page import BEGIN, END
from benchmarks.speed.timing import MeasureError, run_metered
from simcore.dtypes import ATB, ATL
from simcore.strategies import Core, Parameters
from simcore.strategies.caf import CAF, Caf
from simcore.strategies.daf import DAF
from simcore.strategies.view import (
    DEPTH,
    N_CLOCK,
    N_LEVEL,
    N_SEEN,
    N_SLOT,
    PENCE_COLUMN,
    SLOT_LOSE,
    SLOT_WIN,
    TICK_COLUMN,
    TO_START_MS,
    View,
    new_offers,
)
from simcore.units import N_TICKS, ODDS

NAMES = {
    *(f"replay-{core}-vs-flumine{end}" for core in ("caf", "daf") for end in ("", "-best")),
    "maker-events-vs-hftbacktest",
    "import-vs-betfair-data",
    "import-two-workers-vs-one",
    "tape-open-over-scan",
    "sweep-daf-outside-over-floor",
    "sweep-caf-outside-over-floor",
    "sweep-caf-kernel-share",
    "synthetic-markets-per-second",
    "store-open-100k",
    "store-filter-100k",
    "scaling-law-held-out",
    *(f"scaling-{core}-row" for core in ("caf", "daf")),
    *(f"scaling-driver-{each}" for each in ("shard", "row")),
    "scaling-two-workers",
    *(
        f"scaling-{work}-{cores}-cores-by-{batch}"
        for work in ("greyhounds-month", "horses-five-years")
        for cores in (64, 1000)
        for batch in (10, 100)
    ),
}


def some_touch(draw: random.Random) -> Touch:
    back = draw.randrange(-1, N_TICKS - 1)
    lay = min(N_TICKS - 1, back + draw.choice((1, 1, 1, 2, 3, 8))) if draw.random() < 0.95 else -1
    return Touch(
        back,
        draw.randrange(1, 50_000) if back >= 0 else 0,
        lay,
        draw.randrange(1, 50_000) if lay >= 0 else 0,
    )


def view_of(touch: Touch, to_start_ms: int, win: int, lose: int) -> View:
    view = View(
        np.zeros(N_CLOCK, np.int64),
        np.zeros((1, N_SLOT), np.int64),
        np.zeros((1, 2, DEPTH, N_LEVEL), np.int64),
        np.zeros((1, N_SEEN), np.int64),
    )
    view.clock[TO_START_MS] = to_start_ms
    view.slots[0, SLOT_WIN], view.slots[0, SLOT_LOSE] = win, lose
    view.touch[..., TICK_COLUMN] = -1
    for book, tick, pence in ((ATB, touch.back_tick, touch.back_pence), (ATL, touch.lay_tick, touch.lay_pence)):
        view.touch[0, book, 0, TICK_COLUMN], view.touch[0, book, 0, PENCE_COLUMN] = tick, pence
    return view


MORE = {
    "liquidate": Caf(max_exposure_pounds=5.0, at_max="liquidate", decay_contracts_pounds=30.0),
    "stop": Caf(max_exposure_pounds=5.0, hammertime=True, keep_closing=True, imbalance_threshold=0.2),
}
SETS: list[tuple[Core, Parameters]] = [
    *((core, each) for core in (CAF, DAF) for each in core.presets.values()),
    *((CAF, each) for each in MORE.values()),
    (DAF, DAF.make(values={"contracts_pounds": 20.0, "max_spread_ticks": 2})),
]


def test_the_bot_on_flumine_wants_exactly_what_the_core_wants() -> None:
    draw, wanted = random.Random(4), 0
    for core, parameters in SETS:
        twin, vector = quotes_of(parameters), parameters.vector()
        for _ in range(300):
            touch, to_start_ms = some_touch(draw), draw.choice((draw.randrange(-5000, 400_000), 100_000))
            win, lose = draw.choice(((0, 0), (draw.randrange(-4000, 4000), draw.randrange(-4000, 4000))))
            offers = new_offers()
            core.function(view_of(touch, to_start_ms, win, lose), vector, offers)
            said = [tuple(int(value) for value in row[1:]) for row in offers.rows[: offers.n[0]]]
            assert twin(to_start_ms, touch, win, lose) == said, (parameters, touch, to_start_ms, win, lose)
            wanted += bool(said)
    assert wanted > 1000


def test_every_price_of_the_ladder_has_its_tick() -> None:
    assert [tick_at(float(odds)) for odds in ODDS] == list(range(N_TICKS))


def test_a_command_is_charged_for_what_it_started(tmp_path: Path) -> None:
    burn = "import time\nwhile time.process_time() < 0.6: pass"
    child = f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {burn!r}]); time.sleep(0.3)"
    spent = run_metered(
        [sys.executable, "-c", child],
        dict(os.environ),
        tmp_path / "log",
        awaited={"now": lambda: True, "never": lambda: False},
    )
    assert 0.4 < spent.cpu_s < 3.0
    assert list(spent.awaited_s) == ["now"]
    assert spent.awaited_s["now"] <= spent.wall_s


def test_a_command_that_fails_is_told_by_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(MeasureError, match=r"ended with 3: no luck$"):
        run_metered([sys.executable, "-c", "print('no luck'); raise SystemExit(3)"], dict(os.environ), tmp_path / "log")


def test_what_cannot_be_measured_is_named_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recordings: Path
) -> None:
    def give_up(*given: object, **named: object) -> list[Figure]:
        raise MeasureError("Ray did not start")

    monkeypatch.setattr("benchmarks.speed.sweeping.measure", give_up)
    out = tmp_path / "bench.json"
    asked = ["--small", "--only", "sweep", "--only", "store", "--recordings", str(recordings), "--out", str(out)]
    result = CliRunner().invoke(main, asked)
    assert result.exit_code == 1
    assert "not measured: sweep: Ray did not start" in result.output
    assert {row["name"] for row in json.loads(out.read_text())} == {"store-open-100k", "store-filter-100k"}


def test_a_peer_that_cannot_be_installed_costs_its_ratio_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recordings: Path
) -> None:
    def refuse(*arguments: str) -> None:
        raise PeerMissingError("no such package here")

    monkeypatch.setattr(peers, "_uv", refuse)
    figures = list(
        importing.measure(recordings, tmp_path, Peers(folder=tmp_path / "none"), files=1, copies=1, repeats=1)
    )
    others = {"import-vs-betfair-data", "bz2-rapidgzip-vs-python"}
    assert {figure.name for figure in figures if figure.ratio is None} == others
    assert all("no such package here" in figure.note for figure in figures if figure.name in others)
    [ours] = [figure.value for figure in figures if figure.name == "import-vs-betfair-data"]
    assert ours is not None
    assert ours > 0


def test_figures_are_a_list_of_objects_and_a_table(tmp_path: Path) -> None:
    figures = [Figure("a", 1234.5, "ms", "b", 2.0, 2469.0, ">= 1"), Figure("c", None, "ms", "d", None)]
    write_json(figures, tmp_path / "build" / "bench.json")
    assert [row["ratio"] for row in json.loads((tmp_path / "build" / "bench.json").read_text())] == [2.0, None]
    assert markdown(figures).splitlines()[2:] == [
        "| a | 1,234 | ms | b | 2,469 | 2× | >= 1 |",
        "| c | — | ms | d | — | — |  |",
    ]


def test_a_folder_without_recordings_is_refused_in_one_sentence(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--small", "--recordings", str(tmp_path), "--out", str(tmp_path / "o.json")])
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert "FURLONG_RECORDINGS" in result.output
    assert not (tmp_path / "o.json").exists()


@pytest.mark.parametrize("size", ["12", "0x5", "x", "3x-1"])
def test_a_size_that_is_none_is_refused_in_words(tmp_path: Path, size: str) -> None:
    result = CliRunner().invoke(main, ["--small", "--daf", size, "--out", str(tmp_path / "o.json")])
    assert result.exit_code == 2
    assert f"such as 100x50, got {size!r}" in result.output
    assert not (tmp_path / "o.json").exists()


@pytest.mark.timeout(1200)  # twenty CPU seconds: even where many share the machine
def test_a_tiny_run_measures_everything_and_both_sides_trade(tmp_path: Path, recordings: Path) -> None:
    out, page = tmp_path / "bench.json", tmp_path / "scaling.md"
    page.write_text(f"before\n{BEGIN}\n{END}\nafter\n")
    asked = ["--small", "--recordings", str(recordings), "--out", str(out), "--page", str(page)]
    result = CliRunner().invoke(main, asked)
    assert result.exit_code == 0, result.output
    figures = {figure["name"]: figure for figure in json.loads(out.read_text())}
    assert set(figures) >= NAMES
    for figure in figures.values():
        assert {"name", "value", "unit", "peer", "ratio"} <= set(figure)
        assert figure["ratio"] is None or figure["ratio"] > 0
        assert (figure["ratio"] is None) == ("no ratio" in figure["note"])
    for name in (name for name in NAMES if name.startswith("replay-")):
        detail = figures[name]["detail"]
        assert detail["fills"] > 0
        assert detail["flumine_fills"] > 0
    written = page.read_text()
    assert written.startswith(f"before\n{BEGIN}\n")
    assert written.endswith(f"\n{END}\nafter\n")
    for work in ("a month of all UK greyhounds", "five years of horse racing"):
        assert written.count(f"| {work}") == 4
