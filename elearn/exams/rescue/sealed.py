"""The answer file as bytes: made by `assets/js/exam-export.js`, opened here (docs/decisions/0007).

One line of JSON: `{"format": "elearn-answers-1", "attempt": public id, "data": base64}`, where `data`
is nonce (12 bytes), ciphertext, tag (16) of ChaCha20-Poly1305 (RFC 8439) with format and attempt
authenticated. Inside: `{"device": id, "events": [...]}`, the events of the save protocol.
"""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from elearn.core.errors import DomainError

FORMAT: Final = "elearn-answers-1"
MAX_CHARS: Final = 1024 * 1024
_NONCE, _TAG = 12, 16


@dataclass(frozen=True, slots=True)
class SealedFile:
    """A file nobody has opened yet. `attempt` is what it says it belongs to."""

    attempt: str
    data: bytes

    @property
    def sha256(self) -> str:
        """Which file this is."""
        return hashlib.sha256(self.attempt.encode() + b":" + self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Contents:
    """What a device could not deliver; `events` are not checked against the paper yet."""

    device: str
    events: list[Any]


def answer_key(secret: str, attempt: str) -> bytes:
    """The 32 bytes an attempt's page seals with: derived, so that none is stored anywhere."""
    message = b"elearn answer key 1:" + attempt.encode()
    return hmac.new(secret.encode(), message, hashlib.sha256).digest()


def read_file(text: str) -> SealedFile:
    """Raises DomainError (E-FILE) for anything that is no answer file."""
    refused = DomainError(
        "这不是答案文件。请选择考生从答题页“导出答案文件”得到的文件，或把那段文字完整粘贴进来。",
        code="E-FILE",
    )
    if len(text) > MAX_CHARS:
        raise refused
    try:
        found = json.loads(text.strip().lstrip("\ufeff"))
        if set(found) != {"format", "attempt", "data"} or found["format"] != FORMAT:
            raise refused
        attempt, data = found["attempt"], base64.b64decode(found["data"], validate=True)
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise refused from None
    if not isinstance(attempt, str) or not attempt.isascii() or len(data) < _NONCE + _TAG:
        raise refused
    return SealedFile(attempt, data)


def open_file(file: SealedFile, secret: str) -> Contents:
    """Raises DomainError (E-SEAL) when a single bit is not as the attempt's page sealed it."""
    refused = DomainError(
        "这个答案文件打不开：内容不完整或被改动过。请让考生重新导出，完整地发过来。", code="E-SEAL"
    )
    cipher = ChaCha20Poly1305(answer_key(secret, file.attempt))
    about = f"{FORMAT}:{file.attempt}".encode()
    try:
        plain = cipher.decrypt(file.data[:_NONCE], file.data[_NONCE:], about)
        found = json.loads(plain)
        device, events = found["device"], found["events"]
    except (InvalidTag, ValueError, TypeError, KeyError, RecursionError):
        raise refused from None
    if not isinstance(device, str) or not isinstance(events, list) or not events:
        raise refused
    return Contents(device, events)


def seal_file(attempt: str, contents: Contents, secret: str, *, nonce: bytes) -> str:
    """What the page makes; here for tests and rehearsals."""
    plain = json.dumps({"device": contents.device, "events": contents.events}).encode()
    about = f"{FORMAT}:{attempt}".encode()
    data = nonce + ChaCha20Poly1305(answer_key(secret, attempt)).encrypt(nonce, plain, about)
    body = {"format": FORMAT, "attempt": attempt, "data": base64.b64encode(data).decode()}
    return json.dumps(body)
