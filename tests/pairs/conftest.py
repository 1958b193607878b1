"""The WIN, EXACTA, PLACE and QUINELLA markets of one recorded greyhound race."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps.app.importing import import_files

RACE = ("1.195453611", "1.195453705", "1.195453612", "1.195453749")


@pytest.fixture(scope="session")
def race(recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of them."""
    store = tmp_path_factory.mktemp("race") / "store"
    files = [recordings / "recordings" / f"betfair-down-under__autoHubTutorials__{market}.bz2" for market in RACE]
    import_files(files, store, workers=1)
    return store
