"""Canonical JSON and its hash: the identity of every immutable revision."""

import hashlib
import json
from typing import Any


def canonical_json(value: Any) -> str:
    """Sorted keys, no spaces, UTF-8 kept: the same value gives the same text on any machine.

    Floats are refused (their text differs between implementations); use integers in the
    smallest unit: points and hours are hundredths.
    """
    _refuse_floats(value)
    return _text(value)


def content_hash(value: Any) -> str:
    """SHA-256 of the canonical JSON, 64 hex digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def is_stored_as(value: Any, digest: str) -> bool:
    """Has what came back from the database the hash it was stored under? Floats need not be
    looked for: they would make another text."""
    return text_hash(_text(value)) == digest


def text_hash(text: str) -> str:
    """SHA-256 of the UTF-8 text, 64 hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _refuse_floats(value: Any) -> None:
    """A loop and exact types, not recursion: papers and grades have a thousand values."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        kind = type(each)
        if kind is str or kind is int:
            continue
        if isinstance(each, float):
            msg = "floats have no canonical form"
            raise TypeError(msg)
        if isinstance(each, dict):
            if not all(isinstance(key, str) for key in each):
                msg = "keys must be strings"
                raise TypeError(msg)
            waiting.extend(each.values())
        elif isinstance(each, list | tuple):
            waiting.extend(each)


def bytes_hash(data: bytes) -> str:
    """SHA-256 of a file's bytes, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()
