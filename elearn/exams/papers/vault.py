"""Encryption at rest of what nobody may read before an exam opens.

AES-256-GCM with a random 96-bit nonce; the key is derived with HKDF-SHA-256 (RFC 5869) from the
application secret, the exam and the purpose, so one leaked key opens one thing. Exam and purpose
are authenticated too: a sealed paper moved to another row does not open. Whoever holds the
application secret and the database can open everything: the seal protects backups, dumps and
people with the database alone. Loss and rotation of the secret: docs/operators.md.
"""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from elearn.config import load_settings
from elearn.core.errors import Conflict

_SALT: Final = b"elearn-sealed-papers-1"
_NONCE: Final = 12


class Vault:
    """Seals and opens with keys derived from one application secret."""

    def __init__(self, secret: str):
        self._secret = secret.encode()

    def seal(self, data: bytes, *, exam: str, purpose: str) -> bytes:
        """Nonce and ciphertext. `exam`: its public id; `purpose`: what it is, e.g. `form/3`."""
        nonce, name = os.urandom(_NONCE), _name(exam, purpose)
        return nonce + self._cipher(name).encrypt(nonce, data, name)

    def open(self, sealed: bytes, *, exam: str, purpose: str) -> bytes:
        """What was sealed. Raises Conflict when the secret is another one, or the row was changed."""
        name = _name(exam, purpose)
        try:
            return self._cipher(name).decrypt(sealed[:_NONCE], sealed[_NONCE:], name)
        except (InvalidTag, ValueError):
            message = "封存的试卷打不开：系统密钥和封存时不同，或数据被改过。请联系系统管理员。"
            raise Conflict(message, code="E-SEAL") from None

    def _cipher(self, name: bytes) -> AESGCM:
        derived = HKDF(algorithm=SHA256(), length=32, salt=_SALT, info=name).derive(self._secret)
        return AESGCM(derived)


def _name(exam: str, purpose: str) -> bytes:
    return f"{exam}\x00{purpose}".encode()


_installed: dict[str, Vault] = {}


def install_vault(secret: str) -> None:
    """Called once by the application with its secret."""
    _installed["vault"] = Vault(secret)


def process_vault() -> Vault:
    """The vault of this process: the application's, or made from the environment (command line)."""
    return _installed.get("vault") or Vault(load_settings().secret_key)
