"""The contract of a core: what a replay and a live bot rely on, checked on any core, a user's own included.

A folder of its own, because a file beside the cores would make every replay compile anew.
"""

from __future__ import annotations

from simcore.strategies.contract.checking import Breach, CoreContract, breaches_of
from simcore.strategies.contract.promises import PROMISES

__all__ = ["PROMISES", "Breach", "CoreContract", "breaches_of"]
