"""A small store for every sweep test, and a sweep on it that takes a second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from small_markets import make_store
from small_sweeps import YAML, Watcher

from sweeps.app.sweep import run_sweep
from sweeps.home import Home
from sweeps.results import SweepFolder


@pytest.fixture(scope="session")
def small_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight markets over four days."""
    return make_store(tmp_path_factory.mktemp("store") / "tapes")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A FURLONG_HOME of the test's own; nothing is there yet."""
    monkeypatch.setenv("FURLONG_HOME", str(tmp_path / "home"))
    return Home.from_environment()


@pytest.fixture
def sweep_yaml(tmp_path: Path, small_store: Path) -> Path:
    path = tmp_path / "sweep.yaml"
    path.write_text(YAML.replace("STORE", str(small_store)))
    return path


@pytest.fixture
def run(home: Home, sweep_yaml: Path) -> Any:
    """Run the small sweep: `run("name", "key=value", …)`; `watcher` and `home` may be given."""

    def start(name: str, *overrides: str, watcher: Watcher | None = None, home: Home = home) -> SweepFolder:
        return run_sweep(home, sweep_yaml, overrides, name, watcher or Watcher())

    return start
