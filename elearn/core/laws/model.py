"""Instruments (laws, party rules) and their versions."""

from dataclasses import dataclass
from enum import StrEnum

from elearn.core.problems import Problem


class LawStatus(StrEnum):
    """AMENDED: a later version took its place. REPEALED: no version is in force any more."""

    IN_FORCE = "IN_FORCE"
    AMENDED = "AMENDED"
    REPEALED = "REPEALED"


@dataclass(frozen=True, slots=True)
class LawVersion:
    """One text of an instrument. `version` is the day it was adopted or last amended
    (`2024-12-25`, or `2022-02` where only the month is public); `issued` and `in_force` are days
    or "". `articles` is the highest article number, None where the public text gives none;
    `extra_articles` lists the inserted ones (`388-1`). Of a repealed text: since when, and the short
    name of what took its place ("" when nothing did, or it is not known)."""

    law: str
    version: str
    issued: str
    in_force: str
    articles: int | None
    status: LawStatus
    note: str = ""
    extra_articles: tuple[str, ...] = ()
    repealed_on: str = ""
    replaced_by: str = ""

    def has_article(self, article: str) -> bool:
        """Whether article `97`, `97.1` or `388-1` exists, as far as the registry knows."""
        head = article.partition(".")[0]
        if head in self.extra_articles or self.articles is None:
            return True
        return "-" not in head and 1 <= int(head) <= self.articles


@dataclass(frozen=True, slots=True)
class Instrument:
    """`short` is the name used in citations, `code` the two-letter code of the fact sheet,
    `versions` in the order of the file."""

    short: str
    code: str
    title: str
    kind: str
    versions: tuple[LawVersion, ...]

    @property
    def current(self) -> LawVersion:
        """The version in force; of a repealed instrument the last one."""
        in_force = [v for v in self.versions if v.status is LawStatus.IN_FORCE]
        return max(in_force or self.versions, key=lambda v: v.version)

    def version(self, version: str) -> LawVersion | None:
        """The version of that date."""
        return next((v for v in self.versions if v.version == version), None)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a citation, apart from where it stands."""

    code: str
    message: str
    hint: str = ""
    severity: str = "error"

    def at(self, file: str, line: int, column: int) -> Problem:
        """The problem it is at a place."""
        return Problem(file, line, column, self.code, self.message, self.hint, self.severity)
