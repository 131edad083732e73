"""Password hashing and the password policy.

argon2id with m=19456 KiB, t=2, p=1 (OWASP): about 32 CPU-ms; sign-ins at the start of an exam are
the real limit of a small server (design/libraries, measured).
"""

import secrets
import unicodedata
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 8
MAX_LENGTH = 128
MIN_CLASSES = 3
COMMON = frozenset(
    {
        "password", "password1", "passw0rd", "p@ssw0rd", "p@ssword1", "admin123", "admin@123",
        "qwer1234", "qwer@1234", "abc12345", "abcd1234", "abcd@1234", "a1b2c3d4", "1qaz2wsx",
        "1qaz@wsx", "!qaz2wsx", "aa123456", "aa@123456", "woaini1314", "welcome1", "huawei@123",
        "admin888", "test1234", "changeme", "iloveyou1", "zaq12wsx", "asdf1234", "qwerty123",
    }
)  # fmt: skip

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
# Twelve random characters (59 bits) need no slow hash, and twenty thousand people get theirs in
# seconds; the first sign-in replaces the hash by a full one.
_quick_hasher = PasswordHasher(time_cost=1, memory_cost=512, parallelism=1)
_ONE_TIME_CHARACTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like another


def hash_password(password: str) -> str:
    """An argon2id hash with its parameters and salt inside."""
    return _hasher.hash(_normal(password))


def verify_password(stored: str | None, password: str) -> bool:
    """Takes the same time whether or not the account exists, and whatever its password is."""
    if len(password) > MAX_LENGTH:
        return False
    right = _matches(stored or _decoy(), password)
    if stored and not right and needs_rehash(stored):
        _matches(_decoy(), password)  # a quick hash must not show by its speed
    return right and stored is not None


def make_one_time() -> str:
    """A password to read out or print, `k7mw-3xhp-9qrt`; it must be changed at once."""
    groups = ("".join(secrets.choice(_ONE_TIME_CHARACTERS) for _ in range(4)) for _ in range(3))
    return "-".join(groups)


def hash_one_time(password: str) -> str:
    """The hash of a password made by `make_one_time`, and of no other."""
    return _quick_hasher.hash(password)


def needs_rehash(stored: str) -> bool:
    """True when the parameters have been raised since."""
    return _hasher.check_needs_rehash(stored)


def password_problem(password: str, *, staff_no: str, old: str | None = None) -> str | None:
    """What is wrong with a new password, in Chinese; None when it is good enough.

    The classes rule is the 等保 profile (domain facts §6.1); OWASP ASVS 6.2.5 would do without.
    """
    if len(password) < MIN_LENGTH:
        return f"密码至少 {MIN_LENGTH} 个字符，现在是 {len(password)} 个"
    if len(password) > MAX_LENGTH:
        return f"密码最多 {MAX_LENGTH} 个字符"
    if _classes(password) < MIN_CLASSES:
        return "请至少用大写字母、小写字母、数字、符号中的三种"
    lowered = password.lower()
    if lowered in COMMON or (len(staff_no) > 3 and staff_no.lower() in lowered):
        return "这个密码太常见，或包含了您的工号，请换一个"
    if old is not None and old == password:
        return "新密码不能和原密码相同"
    return None


def _classes(password: str) -> int:
    kinds = (str.isupper, str.islower, str.isdigit)
    found = sum(any(kind(c) for c in password) for kind in kinds)
    return found + any(not c.isalnum() for c in password)


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, _normal(password))
    except (VerificationError, InvalidHashError):
        return False


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


@lru_cache(maxsize=1)
def _decoy() -> str:
    return _hasher.hash("no such account")
