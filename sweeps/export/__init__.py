"""A sweep's configuration on its way to a live bot.

`load(path)` reads an export and `load_flags(path)` its flat form; both refuse what is not whole.
"""

from __future__ import annotations

from sweeps.export.document import Export
from sweeps.export.files import load
from sweeps.export.flags import Flags, load_flags

__all__ = ["Export", "Flags", "load", "load_flags"]
