"""Stream files to tapes: reading, reconciliation, and what was refused with the reason."""

from __future__ import annotations

from simcore.streams.compile import Compiled, StreamFile, compile_lines, compile_source, compile_stream
from simcore.streams.market import is_compiled, warm
from simcore.streams.sources import Source, find_sources

__all__ = [
    "Compiled",
    "Source",
    "StreamFile",
    "compile_lines",
    "compile_source",
    "compile_stream",
    "find_sources",
    "is_compiled",
    "warm",
]
