"""Random numbers of the oracle: a hash of who draws, for which event, and which number of it is meant; nothing is remembered.

The exchange's and the bot's draws of one market have the key (seed, market id, "replay"). The hash is the documented one of the
simulator's counter-based numbers, written out again for Python's whole numbers.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any

SLOTS = 128
WORD = 2**32
QUEUE, WAY, ANSWER, NEWS, APPETITE = 0, 1, 3, 5, 7
"""first slot of each kind of draw; a normal takes two"""
LONGEST_MS = 60_000


def mixed(word: int) -> int:
    """A 32-bit word shuffled."""
    word %= WORD
    word = ((word ^ (word >> 16)) * 0x7FEB352D) % WORD
    word = ((word ^ (word >> 15)) * 0x846CA68B) % WORD
    return word ^ (word >> 16)


class Draws:
    """All random numbers of one replay."""

    def __init__(self, seed: int, market_id: str) -> None:
        named = "\x1f".join((str(seed), market_id, "replay")).encode()
        digest = hashlib.blake2b(named, digest_size=8).digest()
        self.first, self.second = int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")

    def uniform(self, counter: int, slot: int) -> float:
        word = mixed(mixed((counter * SLOTS + slot) ^ self.first) + self.second)
        return (word + 0.5) / WORD

    def normal(self, counter: int, slot: int) -> float:
        radius = math.sqrt(-2.0 * math.log(self.uniform(counter, slot)))
        return radius * math.cos(2.0 * math.pi * self.uniform(counter, slot + 1))

    def delay_ms(self, delay: Any, counter: int, slot: int) -> int:
        """A delay is a number of milliseconds, or a log-normal with a median and a sigma."""
        if isinstance(delay, int):
            return delay
        if delay.sigma == 0:
            return delay.median_ms
        drawn = delay.median_ms * math.exp(delay.sigma * self.normal(counter, slot))
        return min(LONGEST_MS, math.floor(drawn + 0.5))
