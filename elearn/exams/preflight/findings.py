"""One line of the check."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Verdict(IntEnum):
    """The worst of all lines is the exit code of the command."""

    PASS = 0
    NOTE = 1
    FAIL = 2


WORDS: Final = {Verdict.PASS: "通过", Verdict.NOTE: "注意", Verdict.FAIL: "不通过"}


@dataclass(frozen=True, slots=True)
class Line:
    """`name` what was looked at, `found` what was found, `mend` what to do ("" when it passes)."""

    name: str
    verdict: Verdict
    found: str
    mend: str = ""

    def as_dict(self) -> dict[str, str]:
        """For `--json`."""
        return {
            "name": self.name,
            "verdict": self.verdict.name,
            "found": self.found,
            "mend": self.mend,
        }


def passed(name: str, found: str) -> Line:
    """Nothing to do."""
    return Line(name, Verdict.PASS, found)


def note(name: str, found: str, mend: str) -> Line:
    """Somebody should look at it."""
    return Line(name, Verdict.NOTE, found, mend)


def failed(name: str, found: str, mend: str) -> Line:
    """The exam would not work."""
    return Line(name, Verdict.FAIL, found, mend)


def worst(lines: Sequence[Line]) -> Verdict:
    """What the whole check says."""
    return max((line.verdict for line in lines), default=Verdict.PASS)
