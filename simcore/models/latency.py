"""How long requests, answers and news travel, milliseconds: a number, or log-normal around a median.

place_ms, cancel_ms, replace_ms : request → effect (in-play, the bet delay is added to placing and replacing)
observe_ms                      : the core sees the world this long ago
ack_ms                          : effect → answer known to the bot (with what matched at once)
order_stream_ms                 : passive fill → known to the bot

log-normal: median_ms · exp(sigma · z), z standard normal from the replay's seed, the ordinal of the request or of the news, and
nothing else; whole milliseconds, at most a minute. The observation delay is constant: a stream arrives in order.

Defaults of the three requests: live figures of the articles (2017, REST from a VPS). Wrong for a bot with another road to
the exchange: measure yours; and where delays cluster (each draw is independent of the one before).
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from simcore.models.base import Milliseconds, Model


class LogNormal(Model, frozen=True):
    """Half of the delays are under `median_ms`; `sigma` is the standard deviation of their logarithm."""

    median_ms: Milliseconds
    sigma: Annotated[float, msgspec.Meta(ge=0.0, le=3.0)]


Delay = Milliseconds | LogNormal


class Delays(Model, frozen=True):
    """Delays in milliseconds."""

    place_ms: Delay = 120
    cancel_ms: Delay = 120
    replace_ms: Delay = 280
    observe_ms: Milliseconds = 60
    ack_ms: Delay = 70
    order_stream_ms: Delay = 80


def median_and_sigma(delay: int | LogNormal) -> tuple[int, float]:
    """(median in ms, sigma) of a delay; a constant has sigma 0."""
    return (delay.median_ms, delay.sigma) if isinstance(delay, LogNormal) else (delay, 0.0)
