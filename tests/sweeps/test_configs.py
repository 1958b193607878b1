"""The sweeps in configs/ run as they are, on a tiny set of their own sport."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_markets import make_store
from small_sweeps import Watcher

from sweeps.app.sweep import run_sweep, show_config
from sweeps.config import parse_config, read_config
from sweeps.home import Home
from sweeps.plan import complete

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
QUICK = (
    "search.trials=3",
    "search.batch=3",
    "simulation.poll_ms=2000",
    "capacity.stakes=[2, 20]",
    "tracking.kind=null",
    "ray.runner=inline",
)


def test_both_bots_have_a_sweep_for_both_sports() -> None:
    assert [path.stem for path in CONFIGS] == ["caf-greyhounds", "caf-horses", "daf-greyhounds", "daf-horses"]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_shipped_sweep_runs(path: Path, home: Home, tmp_path: Path) -> None:
    sport = "4339" if "greyhounds" in path.stem else "7"
    store = make_store(tmp_path / "store", markets=2, days=1, sport=sport)
    folder = run_sweep(home, path, (*QUICK, f"data.store={store}"), None, Watcher())
    assert folder.state == "finished"
    assert folder.name.startswith(path.stem)
    assert len(folder.markets) == 2
    assert folder.best() is not None
    assert (folder.path / "capacity.parquet").is_file()


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_shipped_sweep_proposes_little_that_its_core_refuses(path: Path) -> None:
    from simcore.errors import ModelError
    from sweeps.plan import make
    from sweeps.study import Search

    config, core = complete(read_config(path, ["search.sampler=random"]), str(path))
    refused = 0
    for proposal in Search(config).propose([], 0, 200):
        try:
            make(core, config.strategy, proposal.sampled)
        except ModelError:
            refused += 1
    assert refused == 0


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_what_is_shown_is_the_same_sweep_with_nothing_left_unsaid(path: Path) -> None:
    shown = show_config(path, ["search.trials=7"])
    again, core = complete(parse_config(shown, "shown"), "shown")
    assert again.to_yaml() == shown
    assert again.search.trials == 7
    assert again.hash() == complete(read_config(path), str(path))[0].hash()
    named = set(again.strategy.parameters) | set(again.space)
    assert named == set(core.parameters.__struct_fields__)


def test_a_users_own_core_is_the_same_sweep_in_whatever_folder_its_file_lies() -> None:
    here = read_config(CONFIGS[0], ["strategy.core=/bots/mine.py:MINE"])
    there = read_config(CONFIGS[0], ["strategy.core=/shared/bots/mine.py:MINE"])
    other = read_config(CONFIGS[0], ["strategy.core=/bots/mine.py:OTHER"])
    assert here.hash() == there.hash() != other.hash()


def test_what_cannot_change_a_result_is_no_part_of_the_hash() -> None:
    base = read_config(CONFIGS[0])
    for override in ("search.trials=7", "ray.runner=inline", "ray.workers=9", "tracking.kind=null", "data.store=x"):
        assert read_config(CONFIGS[0], [override]).hash() == base.hash(), override
    changed = (
        "search.seed=2",
        "search.batch=9",
        "simulation.poll_ms=99",
        "objective.kind=sharpe",
        "data.filter.country=GB",
    )
    hashes = {read_config(CONFIGS[0], [override]).hash() for override in changed}
    assert len(hashes | {base.hash()}) == len(changed) + 1
