"""Homes with an empty MLflow store (made once, then copied: making one takes seconds) and made sweeps."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made_sweeps import MadeSweep

from sweeps.home import Home
from sweeps.tracking.store import store_path, store_uri


def client_of(home: Home) -> Any:
    """MLflow's own client on a home's store: what a test reads back with. Quiet settings come with our module."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, while it is imported
        import sweeps.tracking.mlflow as ours
    return ours.MlflowClient(tracking_uri=store_uri(home))


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow store without sweeps."""
    home = Home(tmp_path_factory.mktemp("template"))
    home.mlflow.mkdir()
    client_of(home).search_experiments()
    return store_path(home)


@pytest.fixture
def home(tmp_path: Path, empty_store: Path) -> Home:
    """A home, with a space in its path, whose store is empty."""
    made = Home(tmp_path / "my home")
    made.mlflow.mkdir(parents=True)
    shutil.copy(empty_store, store_path(made))
    return made


@pytest.fixture
def make_sweep(home: Home) -> Callable[..., MadeSweep]:
    """A sweep in `home`; arguments of MadeSweep.create."""

    def make(*args: Any, **named: Any) -> MadeSweep:
        return MadeSweep.create(home, *args, **named)

    return make
