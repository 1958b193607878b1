"""How many aggressors wanted more than the record could give them: a share, 0 to 1.

An order that takes everything displayed at its last level, of which nothing rests afterwards, was either exactly as large or
killed for want of more: the record cannot say. A seeded draw, one for each sweep of the record, makes this share of them
hungry. A hungry one that cleared its last level would have taken up to

    V    more at that level, V = what it took in its whole sweep, pence

from whoever stood there: an order of ours behind the last of them is filled, and one in front leaves nobody waiting. No
recorded trade fills more of us than it was: what a hungry one takes of us beyond its sweep was never traded in the record, is
told apart (`unrecorded`), and is at most V. A hungry order that goes on to the next level clears the one before in the world,
too: what it took of us there is missing at its last level, where it is size that stopped it.

0  every aggressor wanted exactly what it got: right where takers send the displayed size, too few fills where they do not
1  every aggressor that cleared a level wanted as much again: the mean excess of a heavy-tailed size over the one it passed

Wrong where takers look at the displayed size before they send. Source: the fidelity study (docs/fidelity.md), whose takers kill
what they do not find.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

Appetite = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
