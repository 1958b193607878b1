"""The contract tests of cores of one's own, here of own_core.py and own_pair_core.py:  pytest examples/test_own_core.py"""

from __future__ import annotations

from pathlib import Path

from simcore.strategies.contract import CoreContract


class TestPatient(CoreContract):
    """Every promise replays and live bots rely on; `sweeps core check examples/own_core.py:PATIENT` asks the same."""

    core = f"{Path(__file__).with_name('own_core.py')}:PATIENT"


class TestPlaced(CoreContract):
    """A core of two markets is put to two at once."""

    core = f"{Path(__file__).with_name('own_pair_core.py')}:PLACED"
