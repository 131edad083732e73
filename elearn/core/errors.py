"""Domain errors. Services raise them, `elearn.web.errors` turns them into HTTP, in one place.

The message is Chinese and meant for the person in front of the screen: it says what is wrong
and, where possible, what to do next. `code` is stable and documented; it can be read out on
the phone.
"""

from collections.abc import Mapping, Sequence


class DomainError(Exception):
    """A rule of the product was not met. HTTP 422 unless a subclass says otherwise."""

    status = 422

    def __init__(
        self, message: str, *, code: str = "E-RULE", fields: Mapping[str, str] | None = None
    ):
        super().__init__(message)
        self.message = message
        self.code = code
        self.fields = dict(fields or {})


class NotFound(DomainError):
    """The object does not exist, or not for this person: both look the same."""

    status = 404

    def __init__(self, message: str = "没有找到您要的内容。", *, code: str = "E-404"):
        super().__init__(message, code=code)


class Forbidden(DomainError):
    """The person may know the thing exists but may not do this with it."""

    status = 403

    def __init__(self, message: str = "您没有做这件事的权限。", *, code: str = "E-403"):
        super().__init__(message, code=code)


class Conflict(DomainError):
    """Somebody or something was faster; nothing was written."""

    status = 409


class Gone(DomainError):
    """It was there and is closed for good, e.g. a submitted attempt."""

    status = 410


class ThrottledError(DomainError):
    """Too many tries; `retry_after_s` says how long to wait."""

    status = 429

    def __init__(self, message: str, *, retry_after_s: int, code: str = "E-429"):
        super().__init__(message, code=code)
        self.retry_after_s = retry_after_s


class Infeasible(DomainError):
    """A blueprint the bank cannot fill. `shortages` has one Chinese line per section."""

    def __init__(self, shortages: Sequence[str]):
        super().__init__(
            "题库不足，无法按这份组卷规则出卷：" + "；".join(shortages), code="E-SHORT"
        )
        self.shortages = list(shortages)
