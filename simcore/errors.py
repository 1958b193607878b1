"""What can go wrong in simcore, as a short tree.

SimcoreError
├── RecordingError    a stream file, tape or store that cannot be read as one
├── ModelError        a parameter, preset or core that does not make sense
└── SimulationError   a replay that cannot be carried out

Every message is one sentence: what, where, what to do. The doors (`sweeps`) print it and exit with 2.
"""

from __future__ import annotations


class SimcoreError(Exception):
    """Base of everything simcore refuses."""


class RecordingError(SimcoreError):
    """A stream file, tape or store that cannot be read as one."""


class ModelError(SimcoreError):
    """A parameter, preset or strategy core that does not make sense."""


class SimulationError(SimcoreError):
    """A replay that cannot be carried out."""
