"""Which part of a fall not explained by trades stood ahead of our order.

ahead : pence ahead of us in the queue before the cancel
total : pence the others display at the level before the cancel
c     : pence cancelled

none            share ahead = 0                              too patient: nobody ahead ever gives up
proportional    share ahead = c · ahead / total              cancels fall evenly over the queue
back_biased(k)  share ahead = c · (ahead / total)^(k + 1)    a canceller at depth x ∈ [0, 1] has density ∝ x^k;
                                                             k = 0 is proportional, k → ∞ is none
sampled         one seeded draw u a fall: share ahead = min(c, ahead) if u · total < ahead, else 0
                                                             as in the articles; one canceller takes it all, so noisier
front           no queue: nobody is ever ahead of us         what back-tests without a queue assume; for comparison only

In every model ahead = min(ahead, what the others still display). Wrong where cancels follow news: then the front of the
queue leaves first. Source: the queue-position literature's power family; the default k awaits the fidelity study.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from simcore.models.base import Model


class QueueNone(Model, frozen=True, tag="none", tag_field="kind"):
    """No cancel was ahead of us."""


class QueueProportional(Model, frozen=True, tag="proportional", tag_field="kind"):
    """Cancels fall evenly over the queue."""


class QueueBackBiased(Model, frozen=True, tag="back_biased", tag_field="kind"):
    """Cancels come from the back more often, by the power k ≥ 0."""

    k: Annotated[float, msgspec.Meta(ge=0.0, le=100.0)] = 1.0


class QueueSampled(Model, frozen=True, tag="sampled", tag_field="kind"):
    """Each fall is one canceller, drawn evenly over the queue."""


class QueueFront(Model, frozen=True, tag="front", tag_field="kind"):
    """We jump every queue."""


Queue = QueueNone | QueueProportional | QueueBackBiased | QueueSampled | QueueFront
