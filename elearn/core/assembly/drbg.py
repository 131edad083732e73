"""Our own random stream: SHA-256 in counter mode, so that a seed means the same paper anywhere.

`random` is not used: its algorithms may change between Python versions and `shuffle` has.
"""

import hashlib
from collections.abc import MutableSequence
from typing import Any

_WORD = 1 << 64
_DOMAIN = b"elearn-draw-1\x00"


class Stream:
    """Random integers from (seed, label); different labels give independent streams."""

    def __init__(self, seed: str | bytes, label: str):
        raw = seed.encode() if isinstance(seed, str) else seed
        self._key = hashlib.sha256(_DOMAIN + hashlib.sha256(raw).digest() + label.encode()).digest()
        self._counter = 0
        self._words: list[int] = []

    def below(self, limit: int) -> int:
        """A uniform integer in 0..limit-1: words past the last full multiple are thrown away."""
        if limit < 1:
            raise ValueError("limit must be at least 1")
        fair = _WORD - _WORD % limit
        while True:
            word = self._word()
            if word < fair:
                return word % limit

    def shuffle(self, values: MutableSequence[Any]) -> None:
        """Fisher-Yates, in place."""
        for last in range(len(values) - 1, 0, -1):
            other = self.below(last + 1)
            values[last], values[other] = values[other], values[last]

    def _word(self) -> int:
        if not self._words:
            block = hashlib.sha256(self._key + self._counter.to_bytes(8, "big")).digest()
            self._counter += 1
            self._words = [int.from_bytes(block[at : at + 8], "big") for at in (24, 16, 8, 0)]
        return self._words.pop()
