"""Fixtures every room's tests share: where the real recordings are, and what is said of them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

_REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Folder of the real recordings: FURLONG_RECORDINGS, by default ../shared/data beside the repository.

    Skips where the default is absent; fails where the variable names a folder that is not there.
    """
    named = os.environ.get("FURLONG_RECORDINGS")
    folder = Path(named) if named else _REPOSITORY.parent / "shared" / "data"
    if (folder / "catalogue.json").is_file():
        return folder.resolve()
    if named:
        pytest.fail(f"FURLONG_RECORDINGS names {folder}, which holds no catalogue.json")
    pytest.skip(f"no recordings at {folder}; set FURLONG_RECORDINGS to run the tests on real markets")


@pytest.fixture(scope="session")
def recordings_catalogue(recordings: Path) -> list[dict[str, Any]]:
    """The catalogue of the real recordings, one entry a file."""
    entries: list[dict[str, Any]] = json.loads((recordings / "catalogue.json").read_text())
    return entries
