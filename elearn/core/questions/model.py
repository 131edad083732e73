"""What a question is, apart from any file format or table."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from elearn.core.canonical import content_hash
from elearn.core.taxonomy import Strand, strand_of


class QuestionType(StrEnum):
    """Glossary: domain facts §5."""

    SINGLE = "SINGLE"
    MULTI = "MULTI"
    TRUE_FALSE = "TRUE_FALSE"
    BLANK = "BLANK"
    SHORT_ANSWER = "SHORT_ANSWER"
    CASE = "CASE"


TYPE_NAMES: dict[QuestionType, str] = {
    QuestionType.SINGLE: "单选",
    QuestionType.MULTI: "多选",
    QuestionType.TRUE_FALSE: "判断",
    QuestionType.BLANK: "填空",
    QuestionType.SHORT_ANSWER: "简答",
    QuestionType.CASE: "案例",
}


class QuestionStatus(StrEnum):
    """Only ACTIVE questions are drawn."""

    DRAFT = "DRAFT"
    NEEDS_REVIEW = "NEEDS_REVIEW"
    ACTIVE = "ACTIVE"
    RETIRED = "RETIRED"


STATUS_NAMES: dict[QuestionStatus, str] = {
    QuestionStatus.DRAFT: "草稿",
    QuestionStatus.NEEDS_REVIEW: "待核",
    QuestionStatus.ACTIVE: "启用",
    QuestionStatus.RETIRED: "停用",
}


class Purpose(StrEnum):
    """What a question of the bank is for: practice and live pools can be kept apart."""

    BOTH = "BOTH"
    EXAM = "EXAM"
    PRACTICE = "PRACTICE"


PURPOSE_NAMES: dict[Purpose, str] = {
    Purpose.BOTH: "两用",
    Purpose.EXAM: "考试",
    Purpose.PRACTICE: "练习",
}


@dataclass(frozen=True, slots=True)
class Citation:
    """A reference to the law registry: short name, version, article ("97", "97.1", "388-1" or "")."""

    law: str
    version: str
    article: str = ""

    def as_text(self) -> str:
        """`监察法@2024-12-25#46`, the full form of the file syntax."""
        return f"{self.law}@{self.version}" + (f"#{self.article}" if self.article else "")


@dataclass(frozen=True, slots=True)
class RubricPoint:
    """One marking point of a short answer; points in hundredths, relative to the others."""

    text: str
    points_centi: int


@dataclass(frozen=True, slots=True)
class Part:
    """What is answered: a plain question has one part, a case has several.

    `options` are texts in file order; `key` holds option indexes (SINGLE one, MULTI two or
    more), for TRUE_FALSE `(0,)` means 对 and `(1,)` means 错 (options are then ("对", "错")).
    `blanks` holds, per blank, the accepted texts. A short answer has `reference` and `rubric`.
    """

    type: QuestionType
    stem: str
    options: tuple[str, ...] = ()
    key: tuple[int, ...] = ()
    blanks: tuple[tuple[str, ...], ...] = ()
    reference: str = ""
    rubric: tuple[RubricPoint, ...] = ()
    explanation: str = ""
    fixed_order: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """One item. For CASE `stem` is the material and `parts` the sub-questions; otherwise
    `stem` is "" and there is exactly one part of the question's own type."""

    code: str
    type: QuestionType
    topic: str
    difficulty: int
    parts: tuple[Part, ...]
    stem: str = ""
    explanation: str = ""
    citations: tuple[Citation, ...] = ()
    audience: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    status: QuestionStatus = QuestionStatus.ACTIVE
    purpose: Purpose = Purpose.BOTH
    line: int = field(default=0, compare=False)

    @property
    def strand(self) -> Strand:
        """Derived from the topic."""
        return strand_of(self.topic)

    def canonical(self) -> dict[str, Any]:
        """Everything that makes this revision what it is (status and purpose are not part of it)."""
        return {
            "code": self.code,
            "type": self.type.value,
            "topic": self.topic,
            "difficulty": self.difficulty,
            "stem": self.stem,
            "explanation": self.explanation,
            "citations": [c.as_text() for c in self.citations],
            "audience": list(self.audience),
            "tags": list(self.tags),
            "facts": list(self.facts),
            "parts": [
                {
                    "type": p.type.value,
                    "stem": p.stem,
                    "options": list(p.options),
                    "key": list(p.key),
                    "blanks": [list(b) for b in p.blanks],
                    "reference": p.reference,
                    "rubric": [[r.text, r.points_centi] for r in p.rubric],
                    "explanation": p.explanation,
                    "fixed_order": p.fixed_order,
                }
                for p in self.parts
            ],
        }

    @property
    def revision_hash(self) -> str:
        """64 hex digits; the same content has the same hash everywhere."""
        return content_hash(self.canonical())
