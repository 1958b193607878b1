"""How long requests, answers and news travel, milliseconds, constant.

place_ms, cancel_ms, replace_ms : request → effect (in-play, the bet delay is added to placing and replacing)
observe_ms                      : the core sees the world this long ago
ack_ms                          : effect → answer known to the bot (with what matched at once)
order_stream_ms                 : passive fill → known to the bot

Defaults of the three requests: live figures of the articles (2017, REST from a VPS). Wrong for a bot with another road to
the exchange: measure yours.
"""

from __future__ import annotations

from simcore.models.base import Milliseconds, Model


class Delays(Model, frozen=True):
    """Constant delays in milliseconds."""

    place_ms: Milliseconds = 120
    cancel_ms: Milliseconds = 120
    replace_ms: Milliseconds = 280
    observe_ms: Milliseconds = 60
    ack_ms: Milliseconds = 70
    order_stream_ms: Milliseconds = 80
