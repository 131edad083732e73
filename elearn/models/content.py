"""Content as it runs: files, laws, courses, lessons. Revisions are immutable."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from elearn.core.taxonomy import Strand

from .base import Base, bigref, intpk


class FileKind(StrEnum):
    """What a content file is part of."""

    COURSE = "COURSE"
    BANK = "BANK"
    LAWS = "LAWS"
    BLUEPRINT = "BLUEPRINT"
    FACTS = "FACTS"
    PATH = "PATH"
    CREDIT = "CREDIT"


class ContentFile(Base):
    """One file of `courses/` or `question_bank/`, byte for byte, as published in the database.

    `sha256` is the database's content, `synced_sha256` what database and disk last had in
    common: disk != synced and database != synced means both sides changed (a conflict).
    """

    __tablename__ = "content_file"

    id: Mapped[intpk]
    path: Mapped[str] = mapped_column(String(255), unique=True)
    kind: Mapped[FileKind] = mapped_column(String(20))
    data: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[str] = mapped_column(String(64))
    synced_sha256: Mapped[str | None] = mapped_column(String(64))
    updated_at: Mapped[datetime]


class LawVersion(Base):
    """One version of an instrument of the law registry."""

    __tablename__ = "law_version"

    id: Mapped[intpk]
    short: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    version: Mapped[str] = mapped_column(String(20))
    issued: Mapped[str] = mapped_column(String(20), default="")
    in_force: Mapped[str] = mapped_column(String(20), default="")
    articles: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(20))
    note: Mapped[str] = mapped_column(String(300), default="")
    # Of a repealed text: since when, and the short name of what took its place.
    repealed_on: Mapped[str] = mapped_column(String(20), default="", server_default="")
    replaced_by: Mapped[str] = mapped_column(String(60), default="", server_default="")

    __table_args__ = (UniqueConstraint("short", "version"),)


class Course(Base):
    """A course by its stable code; `current_revision_id` is what learners see."""

    __tablename__ = "course"

    id: Mapped[intpk]
    code: Mapped[str] = mapped_column(String(60), unique=True)
    current_revision_id: Mapped[int | None] = mapped_column(
        bigref, ForeignKey("course_revision.id", use_alter=True)
    )
    active: Mapped[bool] = mapped_column(default=True)

    current: Mapped["CourseRevision | None"] = relationship(foreign_keys=[current_revision_id])


class CourseRevision(Base):
    """Immutable. `rule` is `CompletionRule.canonical()`."""

    __tablename__ = "course_revision"

    id: Mapped[intpk]
    course_id: Mapped[int] = mapped_column(bigref, ForeignKey("course.id"))
    hash: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(200))
    strand: Mapped[Strand] = mapped_column(String(3))
    topics: Mapped[list[Any]]
    summary: Mapped[str] = mapped_column(Text, default="")
    required: Mapped[bool]
    hours_centi: Mapped[int]
    audience: Mapped[list[Any]]
    rule: Mapped[dict[str, Any]]
    intro_html: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]

    course: Mapped[Course] = relationship(foreign_keys=[course_id])
    lessons: Mapped[list["Lesson"]] = relationship(
        back_populates="revision", order_by="Lesson.position"
    )

    __table_args__ = (UniqueConstraint("course_id", "hash"),)


class Lesson(Base):
    """A lesson of one course revision; `code` is stable across revisions. `tasks` holds
    `LessonTask.canonical()` in the order of the slots in `html`."""

    __tablename__ = "lesson"

    id: Mapped[intpk]
    course_revision_id: Mapped[int] = mapped_column(bigref, ForeignKey("course_revision.id"))
    position: Mapped[int]
    code: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(200))
    minutes: Mapped[int]
    quiz_required: Mapped[bool]
    html: Mapped[str] = mapped_column(Text)
    toc: Mapped[list[Any]]
    tasks: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")

    revision: Mapped[CourseRevision] = relationship(back_populates="lessons")
    quiz_items: Mapped[list["LessonQuizItem"]] = relationship(
        order_by="(LessonQuizItem.slot, LessonQuizItem.position)"
    )

    __table_args__ = (
        UniqueConstraint("course_revision_id", "code"),
        UniqueConstraint("course_revision_id", "position"),
    )


class LessonQuizItem(Base):
    """Question `question_revision_id` stands in quiz fence number `slot` of the lesson."""

    __tablename__ = "lesson_quiz_item"

    id: Mapped[intpk]
    lesson_id: Mapped[int] = mapped_column(bigref, ForeignKey("lesson.id"))
    slot: Mapped[int]
    position: Mapped[int]
    question_revision_id: Mapped[int] = mapped_column(bigref, ForeignKey("question_revision.id"))

    __table_args__ = (
        UniqueConstraint("lesson_id", "slot", "position"),
        Index("ix_lesson_quiz_item_question_revision_id", "question_revision_id"),
    )


class LessonCitation(Base):
    """An article the text or the quiz of a lesson cites; "" is the whole instrument."""

    __tablename__ = "lesson_citation"

    id: Mapped[intpk]
    lesson_id: Mapped[int] = mapped_column(bigref, ForeignKey("lesson.id"))
    law: Mapped[str] = mapped_column(String(60))
    version: Mapped[str] = mapped_column(String(20))
    article: Mapped[str] = mapped_column(String(20), default="")

    __table_args__ = (
        UniqueConstraint("lesson_id", "law", "version", "article"),
        Index("ix_lesson_citation_law_version", "law", "version"),
    )


class ContentAsset(Base):
    """An image, audio or video file, addressed by its content."""

    __tablename__ = "content_asset"

    id: Mapped[intpk]
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    mime: Mapped[str] = mapped_column(String(60))
    data: Mapped[bytes] = mapped_column(LargeBinary)
