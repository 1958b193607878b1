"""Markets with a known truth: an order-level price-time exchange of independent traders.

Importing this package imports `simcore.kernels` first, which decides where compiled code is kept.
"""

from __future__ import annotations

import simcore.kernels  # noqa: F401 - the folder of compiled code must be set before anything is compiled
