"""Which part of a fall not explained by trades stood ahead of our order.

ahead : pence ahead of us in the queue before the cancel
total : pence the others display at the level before the cancel
c     : pence cancelled

none            share ahead = 0                              too patient: nobody ahead ever gives up
proportional    share ahead = c · ahead / total              cancels fall evenly over the queue
back_biased(k)  share ahead = c · (ahead / total)^(k + 1)    a canceller at depth x ∈ [0, 1] has density ∝ x^k;
                                                             k = 0 is proportional, k → ∞ is none
sampled         one seeded draw u a fall: its c pence stand side by side in the queue, x = ⌊u · (total − c + 1)⌋ pence
                from the front; share ahead = c within 0 … ahead − x
                                                             a member drawn as in the articles, with its size: noisier
front           no queue: nobody is ever ahead of us         what back-tests without a queue assume; for comparison only

In every model ahead = min(ahead, what the others still display). Wrong where cancels follow news: then the front of the
queue leaves first. Source: the queue-position literature's power family; the default k awaits the fidelity study.

Sampled, on average. Each of the n = total − c + 1 places at which c pence fit in whole is as likely as another, so a cancel
of a penny is a member drawn evenly: mean share = ahead / total. In general

    mean share = (△(ahead) − △(ahead − c) − △(ahead − n)) / n        with △(m) = m (m + 1) / 2, 0 where m < 0
               = c · ahead / total + c (c − 1) (ahead − total / 2) / (total · n)        where c ≤ ahead ≤ n

so it is proportional for c much smaller than total and in the middle of the queue; a large cancel spares its two ends, for
c pence fit around a middle penny in more places than around the first. Wrong where one fall is many small cancels: then
it is too noisy. Source: the articles' draw of a queue member; the member's extent is ours. (With "the whole fall is ahead
or nothing is" a later order could overtake an earlier one: the draw could fall between the two.)
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
