"""Commit and reveal: every seed of an exam follows from one master seed.

The master seed is 256 random bits, fixed when the exam is scheduled. Its SHA-256 - the commitment
- is written down before the exam opens; the seed itself is published after it closes. Whoever has
both can check that nobody chose a paper for anybody. Derivation is HMAC-SHA-256 (RFC 2104), so one
person's seed says nothing about another's.
"""

import hashlib
import hmac
from typing import Final

_DOMAIN: Final = b"elearn-seed-1\x00"
SEED_HEX: Final = 64


def commitment_of(master: str) -> str:
    """64 hex digits that may be shown to anybody. `master`: 64 hex digits."""
    return hashlib.sha256(bytes.fromhex(master)).hexdigest()


def attempt_seed(master: str, person: str, no: int) -> str:
    """The seed of a person's `no`-th paper; `person` is the public id."""
    return _derive(master, "attempt", person, str(no))


def forms_seed(master: str) -> str:
    """The seed the parallel forms are assembled from."""
    return _derive(master, "forms")


def form_number(master: str, person: str, no: int, forms: int) -> int:
    """Which of `forms` forms (from 1) a person gets; the next attempt gets the next form."""
    first = int(_derive(master, "form", person), 16)
    return (first + no - 1) % forms + 1


def _derive(master: str, *words: str) -> str:
    message = _DOMAIN + b"\x00".join(word.encode() for word in words)
    return hmac.new(bytes.fromhex(master), message, hashlib.sha256).hexdigest()
