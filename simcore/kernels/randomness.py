"""Counter-based random numbers: every draw is a hash of (who, how often woken, which decision), never of what came before.

key_a, key_b : 32-bit words that name the drawer (seed, market, trader); see `keys`
wake         : how often this drawer has been woken, 0, 1, 2 …
slot         : which decision of this wake, 0 .. SLOTS - 1

For a replay the drawer is the market and the seed, and what is counted is a row of the tape, a request or a row of the
log (slots DRAW_*). So a trader's n-th decision uses the same number whatever the book looks like and whoever else trades:
injecting one more trader changes nobody's numbers. The mixer is a 32-bit xor-shift-multiply finaliser (bias below 0.02 % of
a bit, constants 0x7feb352d and 0x846ca68b by C. Wellons, "Prospecting for hash functions"), applied twice with a key before
each round. It is written so that compiled (wrapping int64) and uncompiled (unbounded) arithmetic agree in the low 32 bits,
all it keeps.
"""

from __future__ import annotations

import hashlib
import math
from typing import Final

from simcore.kernels.compiling import kernel

SLOTS: Final = 128
DRAW_QUEUE: Final = 0
"""slots of a replay: who cancelled (counter: row of the tape) …"""
DRAW_REQUEST: Final = 1
"""… a request's way (counter: request) …"""
DRAW_ANSWER: Final = 3
"""… its answer …"""
DRAW_NEWS: Final = 5
"""… news of an order (counter: row of the log) …"""
DRAW_APPETITE: Final = 7
"""… and whether an aggressor wanted more (counter: first row of its sweep)"""
LONGEST_MS: Final = 60_000
_MASK: Final = 0xFFFFFFFF


def keys(*names: object) -> tuple[int, int]:
    """Two 32-bit key words for whoever is called `names`, e.g. keys(seed, market_id, "trader", 7)."""
    digest = hashlib.blake2b("\x1f".join(map(str, names)).encode(), digest_size=8).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")


@kernel
def mix(x: int) -> int:
    """A bijection of 32-bit words whose every input bit flips every output bit half of the time."""
    x = x & _MASK
    x = ((x ^ (x >> 16)) * 0x7FEB352D) & _MASK
    x = ((x ^ (x >> 15)) * 0x846CA68B) & _MASK
    return x ^ (x >> 16)


@kernel
def uniform(key_a: int, key_b: int, wake: int, slot: int) -> float:
    """Uniform in (0, 1), 2^32 equally likely values, never 0 or 1."""
    counter = int(wake) * SLOTS + int(slot)
    word = mix(mix(counter ^ int(key_a)) + int(key_b))
    return (word + 0.5) / 4294967296.0


@kernel
def exponential(key_a: int, key_b: int, wake: int, slot: int) -> float:
    """Exponential with mean 1."""
    return -math.log(uniform(key_a, key_b, wake, slot))


@kernel
def normal(key_a: int, key_b: int, wake: int, slot: int) -> float:
    """Standard normal (Box and Muller 1958); uses `slot` and `slot + 1`."""
    radius = math.sqrt(-2.0 * math.log(uniform(key_a, key_b, wake, slot)))
    return radius * math.cos(2.0 * math.pi * uniform(key_a, key_b, wake, slot + 1))


@kernel
def log_normal_ms(median_ms: int, sigma: float, key_a: int, key_b: int, wake: int, slot: int) -> int:
    """Whole milliseconds of median · exp(sigma · z), at most LONGEST_MS; sigma 0 is the median itself and draws nothing."""
    if sigma == 0.0:
        return median_ms
    return min(LONGEST_MS, math.floor(median_ms * math.exp(sigma * normal(key_a, key_b, wake, slot)) + 0.5))
