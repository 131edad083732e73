"""Canonical JSON and its hash: the identity of every immutable revision."""

import hashlib
from typing import Any, Final

import msgspec


def canonical_json(value: Any) -> str:
    """Sorted keys, no spaces, UTF-8 kept: the same value gives the same text on any machine.

    Floats are refused (their text differs between implementations); use integers in the
    smallest unit: points and hours are hundredths.
    """
    _require_plain(value)
    return _text(value)


def content_hash(value: Any) -> str:
    """SHA-256 of the canonical JSON, 64 hex digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def is_stored_as(value: Any, digest: str) -> bool:
    """Has what came back from the database the hash it was stored under? What has no
    canonical form need not be looked for: it would make another text."""
    return text_hash(_text(value)) == digest


def text_hash(text: str) -> str:
    """SHA-256 of the UTF-8 text, 64 hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def _plain_text(value: Any) -> str:
    """Subclasses of str, which the encoder does not know."""
    if isinstance(value, str):
        return str(value)
    raise TypeError


# The text of `json.dumps(ensure_ascii=False, sort_keys=True, separators=(",", ":"))` in a quarter
# of the time; `tests/core/test_canonical.py` holds one against the other.
_ENCODER: Final = msgspec.json.Encoder(order="sorted", enc_hook=_plain_text)


def _text(value: Any) -> str:
    return _ENCODER.encode(value).decode()


def _require_plain(value: Any) -> None:
    """A loop and exact types first, not recursion: papers and grades have a thousand values."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        kind = type(each)
        if kind is str or kind is int or each is None:
            continue
        if isinstance(each, dict):
            if not all(isinstance(key, str) for key in each):
                msg = "keys must be strings"
                raise TypeError(msg)
            waiting.extend(each.values())
        elif isinstance(each, list | tuple):
            waiting.extend(each)
        elif not isinstance(each, str | int):
            msg = f"{kind.__name__} has no canonical form"
            raise TypeError(msg)


def bytes_hash(data: bytes) -> str:
    """SHA-256 of a file's bytes, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()
