"""Fixtures every room's tests share: where the real recordings are, and what is said of them."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Sweeps

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


def pytest_configure(config: pytest.Config) -> None:
    """Let Ctrl-C reach what the tests start, and compile the kernels once, before the workers start: they would all do it."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as a shell leaves it for what runs in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    starts_workers = getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput")
    if not starts_workers or config.option.collectonly or os.environ.get("NUMBA_DISABLE_JIT") == "1":
        return
    from simcore.engine import warm
    from tests.synthetic.made_markets import made

    for core in ("daf", "caf"):
        warm(core)
    made("greyhounds", 1)


@pytest.fixture
def sweeps(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Sweeps:
    return Sweeps(monkeypatch, capsys)
