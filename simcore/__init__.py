"""Markets and arithmetic: tapes of recorded markets, and replays of strategies on them."""

from __future__ import annotations

from simcore.tapes.store import TapeStore

__all__ = ["TapeStore"]
