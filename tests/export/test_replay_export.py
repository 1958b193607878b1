"""An export replays to the penny what its sweep reported, or says that it does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sweeps.app.export import export_sweep, replay_export
from sweeps.app.sweep import run_sweep
from sweeps.errors import ExportError
from sweeps.export.files import canonical, checksum
from sweeps.home import Home
from sweeps.results import SweepFolder
from tests.sweeps.small_markets import make_store

YAML = """
data: {filter: {sport: greyhounds}, splits: {holdout_days: 1}}
strategy: {core: daf, parameters: {pick_s: 300, entry: cross, exit_s: 5}}
space:
  entry_start_s: {kind: float, low: 130, high: 300, step: 10}
  direction: {kind: categorical, choices: [long, short]}
search: {trials: 6, batch: 3, sampler: random}
tracking: {kind: null}
capacity: null
ray: {runner: inline}
"""


class Silent:
    """Watches a sweep and says nothing."""

    def on_start(self, *_: object) -> None: ...
    def on_shard(self, *_: object) -> None: ...
    def on_batch(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of 8 markets on 4 days, a finished sweep, and its export."""
    folder = tmp_path_factory.mktemp("replay-export")
    make_store(folder / "store")
    (folder / "sweep.yaml").write_text(YAML)
    home = Home(folder / "home")
    run_sweep(home, folder / "sweep.yaml", [f"data.store={folder / 'store'}"], "greys", Silent())
    export_sweep(home, "greys", folder / "best.json")
    return folder


def test_every_market_replays_to_the_penny_and_the_holdout_with_it(work: Path) -> None:
    done: list[tuple[int, int]] = []
    replayed = replay_export(work / "best.json", work / "store", lambda *at: done.append(at))
    folder = SweepFolder.open(Home(work / "home"), "greys")
    best = folder.best()
    assert best is not None
    reported = folder.market_results(best.number)
    assert len(replayed.rows) == 8 > len(reported) == 6
    assert done[-1] == (8, 8)
    assert reported["entry_matched"].any()
    trained = replayed.rows[: len(reported)]
    assert trained.equals(reported)
    assert replayed.equal
    assert replayed.replayed_pence == replayed.promised_pence != 0
    assert "to the penny" in replayed.sentence()


def reseal(path: Path, tree: dict[str, Any]) -> Path:
    path.write_text(canonical(tree | {"checksum": checksum(tree)}))
    return path


def test_a_penny_less_on_one_market_is_said_by_name(work: Path, tmp_path: Path) -> None:
    tree = json.loads((work / "best.json").read_text())
    tree["markets"][2]["pnl_pence"] += 1
    replayed = replay_export(reseal(tmp_path / "other.json", tree), work / "store")
    assert not replayed.equal
    assert [market.market_id for market, _ in replayed.differences] == [tree["markets"][2]["market_id"]]
    assert f"1 markets differ, first {tree['markets'][2]['market_id']}" in replayed.sentence()


def test_two_differences_that_cancel_out_are_still_noticed(work: Path, tmp_path: Path) -> None:
    tree = json.loads((work / "best.json").read_text())
    tree["markets"][0]["pnl_pence"] += 1
    tree["markets"][1]["pnl_pence"] -= 1
    replayed = replay_export(reseal(tmp_path / "other.json", tree), work / "store")
    assert replayed.replayed_pence == replayed.promised_pence
    assert not replayed.equal


def test_a_closed_holdout_is_not_replayed(work: Path, tmp_path: Path) -> None:
    tree = json.loads((work / "best.json").read_text())
    for market in tree["markets"]:
        if market["split"] == "holdout":
            market["pnl_pence"] = None
    assert len(replay_export(reseal(tmp_path / "closed.json", tree), work / "store").rows) == 6


def test_other_recordings_of_the_same_markets_are_refused(work: Path, tmp_path: Path) -> None:
    make_store(tmp_path / "store", seed=2)
    with pytest.raises(ExportError, match=r"holds other recordings of these markets .* name the sweep's own `--store`"):
        replay_export(work / "best.json", tmp_path / "store")


def test_a_store_without_the_markets_or_no_store_is_refused(work: Path, tmp_path: Path) -> None:
    make_store(tmp_path / "store", markets=4)
    with pytest.raises(ExportError, match=r"cannot be replayed on .*'1.104' is not in store"):
        replay_export(work / "best.json", tmp_path / "store")
    with pytest.raises(ExportError, match=r"cannot be replayed on"):
        replay_export(work / "best.json", tmp_path / "nowhere")


OWN_CORE = """
from dataclasses import replace
from simcore.strategies.daf import DAF

MINE = replace(DAF, name="mine")
"""


def test_a_users_own_core_is_pinned_by_its_source(work: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text(OWN_CORE)
    home = Home(tmp_path / "home")
    overrides = [f"data.store={work / 'store'}", f"strategy.core={own}:MINE", "search.trials=3"]
    run_sweep(home, work / "sweep.yaml", overrides, "mine", Silent())
    export_sweep(home, "mine", tmp_path / "mine.json")
    assert replay_export(tmp_path / "mine.json", work / "store").equal
    own.write_text(OWN_CORE + "\n# another thought\n")
    with pytest.raises(ExportError, match=r"own.py:MINE' was changed since .*mine.json was exported"):
        replay_export(tmp_path / "mine.json", work / "store")
