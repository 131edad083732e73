"""Questions, their immutable revisions, and - in a table of its own - their keys."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from elearn.core.questions.model import Purpose, QuestionStatus, QuestionType
from elearn.core.taxonomy import Strand

from .base import Base, bigref, intpk


class Pool(StrEnum):
    """Where a question is used: drawn by exams, or asked inside a lesson."""

    BANK = "BANK"
    LESSON = "LESSON"


class BankQuestion(Base):
    """A question by its stable code; `current_revision_id` is what is drawn."""

    __tablename__ = "question"

    id: Mapped[intpk]
    code: Mapped[str] = mapped_column(String(60), unique=True)
    pool: Mapped[Pool] = mapped_column(String(10))
    status: Mapped[QuestionStatus] = mapped_column(String(20))
    purpose: Mapped[Purpose] = mapped_column(
        String(10), default=Purpose.BOTH, server_default=Purpose.BOTH.value
    )
    file_path: Mapped[str] = mapped_column(String(255), default="")
    line: Mapped[int] = mapped_column(default=0)
    current_revision_id: Mapped[int | None] = mapped_column(
        bigref, ForeignKey("question_revision.id", use_alter=True)
    )

    current: Mapped["QuestionRevision | None"] = relationship(foreign_keys=[current_revision_id])

    __table_args__ = (Index("ix_question_pool_status", "pool", "status"),)


class QuestionRevision(Base):
    """Immutable. `body` is what a candidate may see: {"stem", "parts": [{"type", "stem",
    "options", "blanks": n, "fixed_order"}]}. Keys and explanations are in `QuestionKey`."""

    __tablename__ = "question_revision"

    id: Mapped[intpk]
    question_id: Mapped[int] = mapped_column(bigref, ForeignKey("question.id"))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    type: Mapped[QuestionType] = mapped_column(String(20))
    strand: Mapped[Strand] = mapped_column(String(3))
    topic: Mapped[str] = mapped_column(String(10))
    difficulty: Mapped[int]
    body: Mapped[dict[str, Any]]
    laws: Mapped[list[Any]]
    tags: Mapped[list[Any]]
    audience: Mapped[list[Any]]
    facts: Mapped[list[Any]]
    # What a search looks in: stems and options; explanations are searched beside the key.
    search_text: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]

    question: Mapped[BankQuestion] = relationship(foreign_keys=[question_id])

    __table_args__ = (
        UniqueConstraint("question_id", "hash"),
        CheckConstraint("difficulty BETWEEN 1 AND 5", name="difficulty"),
    )


class QuestionKey(Base):
    """The key of one revision: {"explanation", "citations": [text], "parts": [{"key",
    "blanks", "reference", "rubric", "explanation"}]}. Read only by grading, marking and review
    after the policy allows it."""

    __tablename__ = "question_key"

    question_revision_id: Mapped[int] = mapped_column(
        bigref,
        ForeignKey("question_revision.id"),
        primary_key=True,
        autoincrement=False,
    )
    key: Mapped[dict[str, Any]]
    search_text: Mapped[str] = mapped_column(Text, default="")
