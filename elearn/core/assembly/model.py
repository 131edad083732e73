"""What a blueprint (组卷规则) is, apart from any file or table.

All points and hours are integers in hundredths (`…_centi`). `canonical()` is what the database
stores and what `revision_hash` names; `blueprint_from_canonical` reads it back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from elearn.core.canonical import content_hash
from elearn.core.questions.model import TYPE_NAMES, QuestionType
from elearn.core.taxonomy import AUDIENCE_NAMES, STRAND_NAMES, TOPIC_NAMES, Strand

from .constraints import Balance, Quota, quota_from_canonical

EVERYONE: Final = "全体"
# The two independent dimensions of an audience, in the words blueprints and pools use.
PARTY_WORDS: Final = tuple(AUDIENCE_NAMES[code] for code in ("PARTY", "NON_PARTY"))
POST_WORDS: Final = tuple(name for name in AUDIENCE_NAMES.values() if name not in PARTY_WORDS)
AUDIENCE_WORDS: Final = (EVERYONE, *PARTY_WORDS, *POST_WORDS)


class MultiScoring(StrEnum):
    """How a multiple-choice answer that misses keys is scored (domain facts §2.3)."""

    ALL_OR_NOTHING = "ALL_OR_NOTHING"
    PARTIAL_NO_WRONG = "PARTIAL_NO_WRONG"
    PARTIAL_FIXED = "PARTIAL_FIXED"


MULTI_SCORING_NAMES: Final[dict[MultiScoring, str]] = {
    MultiScoring.ALL_OR_NOTHING: "全对得分",
    MultiScoring.PARTIAL_NO_WRONG: "漏选按比例",
    MultiScoring.PARTIAL_FIXED: "漏选定分",
}


class ReviewPolicy(StrEnum):
    """When a candidate may see what; the same values as `elearn.models.exams.ReviewPolicy`."""

    SCORE_ONLY = "SCORE_ONLY"
    AFTER_CLOSE = "AFTER_CLOSE"
    AT_ONCE = "AT_ONCE"
    HIDDEN = "HIDDEN"


REVIEW_NAMES: Final[dict[ReviewPolicy, str]] = {
    ReviewPolicy.SCORE_ONLY: "只看得分",
    ReviewPolicy.AFTER_CLOSE: "考试结束后看解析",
    ReviewPolicy.AT_ONCE: "交卷后看解析",
    ReviewPolicy.HIDDEN: "公布后才看",
}


class Taking(StrEnum):
    """Which of several tries at one exam is the person's result; one pass is a pass either way."""

    LATEST = "LATEST"
    BEST = "BEST"


class Book(StrEnum):
    """May candidates have books and notes at hand (开卷)?"""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    BY_PERSON = "BY_PERSON"  # closed, open for whom it was approved (facts EX-5, EX-6)


BOOK_NAMES: Final[dict[Book, str]] = {
    Book.CLOSED: "闭卷",
    Book.OPEN: "开卷",
    Book.BY_PERSON: "按人",
}


def is_open_book(book: Book | None, *, approved: bool) -> bool | None:
    """For one person; None where the blueprint does not say."""
    if book is None:
        return None
    return book is Book.OPEN or (book is Book.BY_PERSON and approved)


TAKING_NAMES: Final[dict[Taking, str]] = {Taking.LATEST: "最近", Taking.BEST: "最高"}


@dataclass(frozen=True, slots=True)
class Section:
    """`count` questions of one type, all worth the same. Empty filters let everything through.

    Filters narrow one another (and); the values inside one filter widen it (or). `group` joins
    several sections under one section minimum; "" means the section stands for itself.
    `audience` () means the blueprint's own.
    """

    name: str
    type: QuestionType
    count: int
    points_centi: int
    group: str = ""
    strands: tuple[Strand, ...] = ()
    topics: tuple[str, ...] = ()
    laws: tuple[str, ...] = ()
    difficulty: tuple[int, int] = (1, 5)
    tags_any: tuple[str, ...] = ()
    audience: tuple[str, ...] = ()
    quotas: tuple[Quota, ...] = ()

    @property
    def total_centi(self) -> int:
        """Points of the whole section."""
        return self.count * self.points_centi

    @property
    def group_name(self) -> str:
        """The name a section minimum uses."""
        return self.group or self.name

    def label(self, audience: tuple[str, ...] = ()) -> str:
        """`单选·监察法·难度3`: the type and every filter; `audience` is the blueprint's."""
        words = [TYPE_NAMES[self.type]]
        words += _joined(tuple(STRAND_NAMES[s] for s in self.strands))
        words += _joined(tuple(TOPIC_NAMES.get(t, t) for t in self.topics))
        words += _joined(self.laws)
        low, high = self.difficulty
        if (low, high) != (1, 5):
            words.append(f"难度{low}" if low == high else f"难度{low}–{high}")
        words += [f"标签{tags}" for tags in _joined(self.tags_any)]
        words += [f"对象{word}" for word in _joined(self.audience or audience)]
        return "·".join(words)

    def canonical(self) -> dict[str, Any]:
        """JSON-able, everything included; `quotas` only when there are any (hashes stay)."""
        spec: dict[str, Any] = {
            "name": self.name,
            "type": self.type.value,
            "count": self.count,
            "points_centi": self.points_centi,
            "group": self.group,
            "strands": [s.value for s in self.strands],
            "topics": list(self.topics),
            "laws": list(self.laws),
            "difficulty": list(self.difficulty),
            "tags_any": list(self.tags_any),
            "audience": list(self.audience),
        }
        if self.quotas:
            spec["quotas"] = [quota.canonical() for quota in self.quotas]
        return spec


@dataclass(frozen=True, slots=True)
class Blueprint:
    """How a paper is put together, how long it lasts, how it is scored and what passing gives.

    `section_minima`: (group name, least points) pairs. `multi_fixed_centi`: points per right
    option under PARTIAL_FIXED. `hours_centi`: credit for passing. `validity_months`: how long a
    pass counts, None = without end. `audience`: whom it is for; () = not restricted, so questions
    for any audience are drawn; ("全体",) = only questions everybody may get.

    Rules about the exam, () or None = none: `bands` name a passing score, best first (name, least
    points); `makeups_max` make-ups may be held, over within `makeup_months` of the exam;
    `entry_centi` online hours of the year are needed to sit it; `taking` says which of several
    tries is the result; `book` whether books are allowed (None: not said).
    """

    code: str
    title: str
    sections: tuple[Section, ...]
    duration_s: int
    pass_centi: int
    section_minima: tuple[tuple[str, int], ...] = ()
    shuffle_questions: bool = True
    shuffle_options: bool = True
    attempts: int = 1
    multi_scoring: MultiScoring = MultiScoring.ALL_OR_NOTHING
    multi_fixed_centi: int = 0
    review: ReviewPolicy = ReviewPolicy.AFTER_CLOSE
    hours_centi: int = 0
    validity_months: int | None = None
    audience: tuple[str, ...] = ()
    note: str = ""
    balance: Balance = field(default_factory=Balance)
    bands: tuple[tuple[str, int], ...] = ()
    makeups_max: int | None = None
    makeup_months: int | None = None
    entry_centi: int | None = None
    taking: Taking = Taking.LATEST
    book: Book | None = None

    @property
    def total_centi(self) -> int:
        """Full marks of a paper."""
        return sum(section.total_centi for section in self.sections)

    @property
    def question_count(self) -> int:
        """Numbered questions of a paper; a case counts once."""
        return sum(section.count for section in self.sections)

    def group_totals(self) -> dict[str, int]:
        """Group name -> points that can be reached in it, in paper order."""
        totals: dict[str, int] = {}
        for section in self.sections:
            totals[section.group_name] = totals.get(section.group_name, 0) + section.total_centi
        return totals

    def band_of(self, score_centi: int, *, passed: bool) -> str:
        """等第 of a score; "" without a pass or without bands."""
        names = (name for name, least in self.bands if score_centi >= least)
        return next(names, "") if passed else ""

    def canonical(self) -> dict[str, Any]:
        """Everything that makes this revision what it is, JSON-able; `balance` and the rules about
        the exam only when there are any (hashes stay)."""
        spec: dict[str, Any] = {
            "code": self.code,
            "title": self.title,
            "sections": [section.canonical() for section in self.sections],
            "duration_s": self.duration_s,
            "pass_centi": self.pass_centi,
            "section_minima": [list(pair) for pair in self.section_minima],
            "shuffle_questions": self.shuffle_questions,
            "shuffle_options": self.shuffle_options,
            "attempts": self.attempts,
            "multi_scoring": self.multi_scoring.value,
            "multi_fixed_centi": self.multi_fixed_centi,
            "review": self.review.value,
            "hours_centi": self.hours_centi,
            "validity_months": self.validity_months,
            "audience": list(self.audience),
            "note": self.note,
        }
        if balance := self.balance.canonical():
            spec["balance"] = balance
        if self.bands:
            spec["bands"] = [list(pair) for pair in self.bands]
        for name in ("makeups_max", "makeup_months", "entry_centi"):
            if (value := getattr(self, name)) is not None:
                spec[name] = value
        if self.taking is not Taking.LATEST:
            spec["taking"] = self.taking.value
        if self.book is not None:
            spec["book"] = self.book.value
        return spec

    @property
    def constrained(self) -> bool:
        """Does a paper need more than sections filled?"""
        return self.balance.target_centi is not None or any(s.quotas for s in self.sections)

    @property
    def revision_hash(self) -> str:
        """64 hex digits."""
        return content_hash(self.canonical())


def blueprint_from_canonical(spec: Mapping[str, Any]) -> Blueprint:
    """The inverse of `Blueprint.canonical()`, for what the database stored."""
    values = dict(spec)
    values["sections"] = tuple(_section_from_canonical(s) for s in spec["sections"])
    values["section_minima"] = tuple((name, centi) for name, centi in spec["section_minima"])
    values["multi_scoring"] = MultiScoring(spec["multi_scoring"])
    values["review"] = ReviewPolicy(spec["review"])
    values["audience"] = tuple(spec["audience"])
    values["balance"] = Balance(**spec.get("balance", {}))
    values["bands"] = tuple((name, centi) for name, centi in spec.get("bands", ()))
    values["book"] = Book(spec["book"]) if "book" in spec else None
    values["taking"] = Taking(spec.get("taking", Taking.LATEST))
    return Blueprint(**values)


def _section_from_canonical(spec: Mapping[str, Any]) -> Section:
    values = dict(spec)
    low, high = spec["difficulty"]
    values["type"] = QuestionType(spec["type"])
    values["strands"] = tuple(Strand(code) for code in spec["strands"])
    values["difficulty"] = (low, high)
    for name in ("topics", "laws", "tags_any", "audience"):
        values[name] = tuple(spec[name])
    values["quotas"] = tuple(quota_from_canonical(q) for q in spec.get("quotas", ()))
    return Section(**values)


def _joined(words: tuple[str, ...]) -> list[str]:
    return ["、".join(words)] if words else []
