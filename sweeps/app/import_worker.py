"""What every worker of an import is forked from: importing this module loads the compiled importer, once for all of them.

The fork server of `sweeps.app.importing` preloads it; nothing else should import it.
"""

from __future__ import annotations

import sweeps.app.importing  # noqa: F401 - what a worker runs
from simcore.streams import warm

warm()
