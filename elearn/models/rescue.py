"""Answer files handed in by candidates."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, bigref, intpk, public_id
from .exams import Attempt
from .people import Person


class AnswerFile(Base):
    """A sealed file of undelivered answers, kept as handed in; imported at most once.

    `sha256` names the file, so that the same one uploaded again is the same row. `result` holds
    event id -> status of the import.
    """

    __tablename__ = "answer_file"

    id: Mapped[intpk]
    public_id: Mapped[public_id]
    attempt_id: Mapped[int] = mapped_column(bigref, ForeignKey("attempt.id"))
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    body: Mapped[str] = mapped_column(Text)
    uploaded_by_id: Mapped[int] = mapped_column(bigref, ForeignKey("person.id"))
    uploaded_at: Mapped[datetime]
    imported_by_id: Mapped[int | None] = mapped_column(bigref, ForeignKey("person.id"))
    imported_at: Mapped[datetime | None]
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)

    attempt: Mapped[Attempt] = relationship()
    uploaded_by: Mapped[Person] = relationship(foreign_keys=[uploaded_by_id])
    imported_by: Mapped[Person | None] = relationship(foreign_keys=[imported_by_id])

    __table_args__ = (
        CheckConstraint("(imported_at IS NULL) = (imported_by_id IS NULL)", name="imported"),
        Index("ix_answer_file_attempt_id", "attempt_id"),
    )
