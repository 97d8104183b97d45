"""Which of several exporters polls an instance."""

import hashlib
from dataclasses import dataclass
from typing import Final

_MULTIPLIER: Final = 2862933555777941757
_64_BITS: Final = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Shard:
    """One of ``total`` (≥ 1) shards; ``index`` counts from 0."""

    index: int = 0
    total: int = 1

    def owns(self, name: str) -> bool:
        """Return whether this shard polls the instance of that name. Exactly one of all shards does."""
        return self.total == 1 or shard_of(name, self.total) == self.index


WHOLE: Final = Shard()
"""All instances."""


def shard_of(name: str, total: int) -> int:
    """Return the shard of an instance, from 0 to ``total`` - 1: the same on any machine and in any version.

    Growing from k to k + 1 shards moves about 1 / (k + 1) of the names, all of them to the new shard.
    """
    return _jump(int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big"), total)


def _jump(key: int, buckets: int) -> int:
    """Jump consistent hashing (Lamping and Veach, 2014): follow a key's moves as buckets are added one by one."""
    bucket, following = 0, 0
    while following < buckets:
        bucket = following
        key = (key * _MULTIPLIER + 1) & _64_BITS
        following = ((bucket + 1) << 31) // ((key >> 33) + 1)
    return bucket
